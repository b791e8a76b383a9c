//! A target of our own for the flow that all brokers share, over the `exec` broker: a folder in which every credential that
//! is alive is a file. What it is told to do wrong lies beside them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Caller, Opened, People, Writ, until};

/// What every secret of the vault begins with: searched for where it must not be.
pub(crate) const MARK: &str = "S3CR3T-OF-THE-VAULT";

/// The command: told on its standard input, as docs/brokers/exec.md says.
const PROGRAM: &str = r#"#!/usr/bin/env python3
import hashlib, json, os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
def told(name):
    try: return open(os.path.join(folder, name)).read().strip()
    except FileNotFoundError: return ""
ask = json.load(sys.stdin)
made = "MARK-" + hashlib.sha256(ask["credential"].encode()).hexdigest()[:32]
live = os.path.join(folder, "live", ask["credential"])
time.sleep(float(told("slow-" + ask["action"]) or 0))
if told("away-" + ask["action"]): sys.exit(75)
if told("forbid-" + ask["action"]): sys.exit(1)
if ask["action"] == "mint":
    open(os.path.join(folder, "minted-for-the-search"), "a").write(made + "\n")
    open(live, "w").write(ask["session"])
    time.sleep(float(told("slow-answer") or 0))
    sys.stderr.write("made MARK-on-stderr-" + ask["credential"])
    print(json.dumps({"version": 1, "secret": {"token": made}, "expires_at": ask["expires_at"],
                      "handle": "h-MARK-" + ask["credential"], "names": ["vault-" + ask["credential"]]}))
else:
    if os.path.exists(live): os.remove(live)
    print(json.dumps({"version": 1}))
"#;

/// The vault of one server.
pub(crate) struct Vault {
    folder: PathBuf,
}

impl Vault {
    /// Puts the vault into a server's folder and configures the broker `vault` with the target `safe`, granted to
    /// `checkout`.
    pub(crate) async fn open(writ: &Writ, people: &People) -> Self {
        let vault = Self::make(&writ.path().join("vault"));
        let answer = people.ada.put("/v1/brokers/vault", Some(vault.settings())).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        vault.grant(people, json!({"scope": {"rooms": ["a", "b"]}, "max_lifetime_seconds": 1800})).await;
        vault
    }

    /// Only the program and its folder.
    pub(crate) fn make(folder: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        std::fs::create_dir_all(folder.join("live")).unwrap();
        let program = folder.join("vault");
        std::fs::write(&program, PROGRAM.replace("MARK", MARK)).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn settings(&self) -> Value {
        let target = json!({"dimensions": {"rooms": []}, "life_default_seconds": 600, "life_max_seconds": 3600});
        json!({
            "kind": "exec",
            "settings": {"command": [self.folder.join("vault")], "env": ["PATH"], "targets": {"safe": target}},
        })
    }

    pub(crate) async fn grant(&self, people: &People, grant: Value) {
        let answer = people.ada.put("/v1/projects/checkout/grants/vault/safe", Some(grant)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Says what it is to do wrong: `slow-mint`, `slow-answer`, `away-revoke`, `forbid-revoke`, …; empty stops it.
    pub(crate) fn tell(&self, what: &str, how: &str) {
        std::fs::write(self.folder.join(what), how).unwrap();
    }

    /// The credentials that are alive at the target, with their sessions.
    pub(crate) fn live(&self) -> Vec<(String, String)> {
        let mut live: Vec<_> = std::fs::read_dir(self.folder.join("live"))
            .unwrap()
            .map(|file| file.unwrap())
            .filter_map(|file| {
                Some((file.file_name().into_string().unwrap(), std::fs::read_to_string(file.path()).ok()?))
            })
            .collect();
        live.sort();
        live
    }

    pub(crate) async fn emptied(&self) {
        until("the vault to be empty", || async { self.live().is_empty().then_some(()) }).await;
    }
}

/// What a stand-in makes of a credential's id: nobody can tell one from the other by looking.
pub(crate) fn made_of(credential: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, credential.as_bytes());
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks for a credential of the vault; it must come.
pub(crate) async fn ask(session: &Opened) -> Value {
    let answer = try_ask(session, json!({"broker": "vault", "target": "safe"})).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

pub(crate) async fn try_ask(session: &Opened, body: Value) -> crate::support::Answer {
    session.caller.post(&format!("/v1/sessions/{}/credentials", session.id), body).await
}

/// A session of grace's for the project.
pub(crate) async fn session(grace: &Caller) -> Opened {
    grace.open(json!({"project": "checkout"})).await
}

/// What the API says of a credential.
pub(crate) async fn shown(ada: &Caller, id: &str) -> Value {
    let answer = ada.get(&format!("/v1/credentials/{id}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Waits until a credential has a status.
pub(crate) async fn becomes(ada: &Caller, id: &str, status: &str) -> Value {
    until(&format!("{id} to be {status}"), || async {
        let shown = shown(ada, id).await;
        (shown["status"] == status).then_some(shown)
    })
    .await
}
