//! Four real targets, and a control plane whose project `checkout` is granted one of each.

use std::path::{Path, PathBuf};
use std::process::Command;

use brokers::ssh::Krl;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::search::Secret;
use crate::brokers::aws::{By, Stage};
use crate::brokers::postgres::server::Real;
use crate::brokers::real::Part;
use crate::brokers::ssh::stage::keygen;
use crate::brokers::verify::{AUDIENCE, verified};

/// `cloud/agent`, `internal/git`, `hosts/own` and `db/app`.
pub(super) struct Targets {
    pub(super) aws: Stage,
    pub(super) git: Part,
    pub(super) sshd: Part,
    pub(super) database: Real,
    /// What the test keeps for itself: neither the client nor writ is told of it.
    aside: TempDir,
}

impl Targets {
    pub(super) async fn start() -> Self {
        let audience = format!("[[issuer.audiences]]\nname = \"{AUDIENCE}\"\n");
        let aws = Stage::configured_with(By::Token, json!({}), &audience).await;
        let aside = tempfile::tempdir().unwrap();
        let ca = aside.path().join("ca");
        keygen(&ca);
        let verifier = format!("{}/v1/verify?audience={AUDIENCE}", aws.writ.url);
        let git = tokio::task::spawn_blocking(move || Part::start("git-http", &[&verifier])).await.unwrap();
        let sshd = Part::start("sshd", &[ca.with_extension("pub").to_str().unwrap()]);
        let targets = Self { aws, git, sshd, database: Real::start(), aside };
        targets.configure().await;
        targets
    }

    async fn configure(&self) {
        let host = self.git.text("url").strip_prefix("http://").unwrap().split('/').next().unwrap();
        let git = json!({ "protocol": "http", "host": host, "auth": "bearer", "repositories": ["payments"] });
        let git = json!({ "audience": AUDIENCE, "introspects": true, "delivery": { "git": git } });
        let tokens = json!({ "kind": "token", "settings": { "targets": { "git": git } } });
        self.grant("internal", "git", tokens, json!({ "scope": { "access": ["read", "write"] } })).await;

        let own = json!({ "host": "127.0.0.1", "port": self.port(), "user": self.sshd.text("user") });
        let own = json!({ "principals": ["deploy-payments"], "hosts": [own] });
        let secrets = json!({ "ca_key": self.authority() });
        let hosts = json!({ "kind": "ssh", "settings": { "targets": { "own": own } }, "secrets": secrets });
        self.grant("hosts", "own", hosts, json!({})).await;

        let secrets = json!({ "password": self.database.text("broker_password") });
        let settings = self.database.settings(json!({}));
        let roles = json!({ "kind": "postgres", "settings": settings, "secrets": secrets });
        self.grant("db", "app", roles, json!({})).await;
    }

    async fn grant(&self, broker: &str, target: &str, configured: Value, granted: Value) {
        let ada = &self.aws.people.ada;
        let answer = ada.put(&format!("/v1/brokers/{broker}"), Some(configured)).await;
        assert_eq!(answer.status, 200, "{broker}: {}", answer.text());
        let answer = ada.put(&format!("/v1/projects/checkout/grants/{broker}/{target}"), Some(granted)).await;
        assert!(answer.status.is_success(), "{broker}: {}", answer.text());
    }

    /// A file that only the test knows.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.aside.path().join(name)
    }

    /// What the brokers themselves work with, which is nobody's to see either.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let authority = self.authority();
        vec![
            Secret::new("AWS administrator's key", &self.aws.rgw.admin().secret),
            Secret::new("password of the database's broker", self.database.text("broker_password")),
            Secret::new("private key of the authority", authority.lines().nth(2).unwrap()),
            Secret::new("private key of a session", "-----BEGIN OPENSSH PRIVATE KEY"),
        ]
    }

    fn authority(&self) -> String {
        std::fs::read_to_string(self.path("ca")).unwrap()
    }

    fn port(&self) -> u16 {
        // `[127.0.0.1]:PORT KEY`
        let line = self.sshd.text("host_key");
        line.split_once("]:").unwrap().1.split(' ').next().unwrap().parse().unwrap()
    }

    /// How `ssh` knows the server and asks nobody.
    pub(super) fn ssh_options(&self) -> String {
        let known = self.path("known_hosts");
        std::fs::write(&known, format!("{}\n", self.sshd.text("host_key"))).unwrap();
        format!("-o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={}", known.display())
    }

    /// The list of revoked certificates, as any host gets it.
    pub(super) async fn list(&self) -> Krl {
        Krl::from_bytes(&self.aws.writ.anonymous().get("/v1/brokers/hosts/krl").await.body).unwrap()
    }

    /// What writ answers to a server that asks about a token.
    pub(super) async fn verified(&self, token: &str) -> u16 {
        let bearer = format!("Bearer {token}");
        let query = format!("audience={AUDIENCE}");
        verified(&self.aws.writ, &query, &[("authorization", &bearer)]).await.status.as_u16()
    }

    /// The subjects of the commits in the bare repository.
    pub(super) fn heads(&self) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "safe.directory=*", "--git-dir"]).arg(Path::new(self.git.text("repository")));
        String::from_utf8(git.args(["log", "--all", "--format=%s"]).output().unwrap().stdout).unwrap()
    }
}
