//! A control plane with an ssh broker, and a real server that trusts it.

use std::path::PathBuf;
use std::process::{Command, Output};

use brokers::ssh::Krl;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::real::Part;
use super::Pass;
use crate::support::{Opened, People, Writ};

pub(super) struct Stage {
    pub(super) writ: Writ,
    pub(super) people: People,
    pub(super) folder: TempDir,
    pub(super) sshd: Part,
    number: std::sync::atomic::AtomicU64,
}

impl Stage {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca");
        keygen(&ca);
        let sshd = Part::start("sshd", &[ca.with_extension("pub").to_str().unwrap()]);
        let writ = Writ::start().await;
        let people = writ.people().await;
        let stage = Self { writ, people, folder, sshd, number: Default::default() };
        std::fs::write(stage.path("known_hosts"), format!("{}\n", stage.sshd.text("host_key"))).unwrap();
        stage.configure("ca").await;
        for target in ["own", "stranger", "far", "narrow"] {
            let path = format!("/v1/projects/checkout/grants/hosts/{target}");
            let scope = if target == "narrow" { json!({ "force_command": ["*"] }) } else { json!({}) };
            let answer = stage.people.ada.put(&path, Some(json!({ "scope": scope }))).await;
            assert!(answer.status.is_success(), "{}", answer.text());
        }
        stage
    }

    /// Configures the broker with the key of this name, which is made if there is none.
    pub(super) async fn configure(&self, ca: &str) {
        let path = self.path(ca);
        if !path.exists() {
            keygen(&path);
        }
        let principals = json!(["deploy-payments"]);
        let own = json!({ "host": "127.0.0.1", "port": self.port(), "user": self.user() });
        let settings = json!({ "targets": {
            "own": { "principals": principals, "hosts": [own] },
            "stranger": { "principals": ["somebody-else"] },
            "far": { "principals": principals, "source_addresses": ["10.0.0.0/8"] },
            "narrow": { "principals": principals, "force_command": ["echo only this", "echo or that"] },
            "ungranted": { "principals": principals },
        } });
        let secrets = json!({ "ca_key": std::fs::read_to_string(path).unwrap() });
        let body = json!({ "kind": "ssh", "settings": settings, "secrets": secrets });
        let answer = self.people.ada.put("/v1/brokers/hosts", Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn user(&self) -> &str {
        self.sshd.text("user")
    }

    pub(super) fn port(&self) -> u16 {
        // `[127.0.0.1]:PORT KEY`
        let line = self.sshd.text("host_key");
        line.split_once("]:").unwrap().1.split(' ').next().unwrap().parse().unwrap()
    }

    pub(super) fn log(&self) -> String {
        self.sshd.file("log")
    }

    pub(super) async fn session(&self) -> Opened {
        self.people.grace.open(json!({ "project": "checkout" })).await
    }

    /// The public key of this name, which is made if there is none.
    pub(super) fn key(&self, name: &str) -> String {
        let path = self.path(name);
        if !path.exists() {
            keygen(&path);
        }
        std::fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
    }

    /// Has a certificate made for a new key; `more` is merged into what is asked for.
    pub(super) async fn pass(&self, session: &Opened, target: &str, more: Value) -> Pass {
        let number = self.number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("{target}-{number}");
        let mut body = json!({ "broker": "hosts", "target": target, "public_key": self.key(&name) });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let answer = session.caller.post(&format!("/v1/sessions/{}/credentials", session.id), body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let pass = Pass { answer: answer.json(), name };
        std::fs::write(self.path(&format!("{}-cert.pub", pass.name)), format!("{}\n", pass.certificate())).unwrap();
        pass
    }

    /// Logs in with stock `ssh` and runs a command there; what it printed, or what `ssh` said.
    pub(super) fn log_in(&self, pass: &Pass, command: &str) -> Result<String, String> {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"]);
        ssh.arg("-o").arg(format!("UserKnownHostsFile={}", self.path("known_hosts").display()));
        ssh.arg("-i").arg(self.path(&pass.name)).env_remove("SSH_AUTH_SOCK");
        ssh.args(["-p", &self.port().to_string(), &format!("{}@127.0.0.1", self.user()), command]);
        told(&ssh.output().unwrap())
    }

    /// What the host's timer does.
    pub(super) fn fetch_list(&self) -> Result<String, String> {
        self.fetch_list_from(&self.writ.url)
    }

    pub(super) fn fetch_list_from(&self, server: &str) -> Result<String, String> {
        let mut writ = Command::new(crate::support::process::WRIT);
        writ.env_clear().args(["broker", "krl", "hosts", "--server", server, "--out", self.sshd.text("krl")]);
        told(&writ.output().unwrap())
    }

    /// What the host holds.
    pub(super) fn held(&self) -> Vec<u8> {
        std::fs::read(self.sshd.text("krl")).unwrap()
    }

    pub(super) async fn list(&self) -> Krl {
        Krl::from_bytes(&self.writ.anonymous().get("/v1/brokers/hosts/krl").await.body).unwrap()
    }

    pub(super) async fn authority(&self) -> String {
        self.writ.anonymous().get("/v1/brokers/hosts/ca").await.text()
    }
}

pub(crate) fn keygen(path: &std::path::Path) {
    let mut keygen = Command::new("ssh-keygen");
    let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(path).status().unwrap();
    assert!(made.success());
}

fn told(output: &Output) -> Result<String, String> {
    crate::support::leaks::complaint(&output.stderr);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
