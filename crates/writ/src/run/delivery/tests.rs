#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Prepared, Site, Unprepared, by_mechanism, prepare_one};
use crate::api::Opened;
use crate::client::ClientError;
use crate::inside::{CredentialAsk, Grant};
use crate::run::environment::Environment;
use crate::run::family::Family;
use crate::run::session_folder::SessionFolder;
use crate::run::vault::{Source, SystemTimer, Vault, Work};

/// A session's folder and everything else that mechanisms need.
pub(super) struct Stage {
    folder: SessionFolder,
    opened: Opened,
    environment: Environment,
    vault: Vault,
    family: Family,
    pub(super) prepared: Prepared,
}

/// Makes tokens that last an hour.
struct Mint;

impl Source for Mint {
    fn make<'a>(&'a self, ask: &'a CredentialAsk) -> Work<'a> {
        let text = json!({
            "id": "crd_1", "broker": ask.broker, "kind": "token", "target": ask.target,
            "issued_at": "2026-11-26T12:00:00Z", "expires_at": "2026-11-26T13:00:00Z",
            "secret": { "token": "s3cret", "access_key_id": "AKIA", "secret_access_key": "k3y", "session_token": "t0ken" },
        });
        Box::pin(async move { Ok::<_, ClientError>(text.to_string().into()) })
    }
}

impl Stage {
    pub(super) fn new(variables: &[(&str, &str)]) -> Self {
        let opened = json!({
            "token": "writ_ses_x",
            "session": {
                "id": "ses_1", "developer": { "id": "dev_1", "login": "grace" }, "status": "active",
                "opened_at": "2026-11-22T00:00:00.000Z", "expires_at": "2026-11-22T08:00:00.000Z",
            },
        });
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Self {
            folder: SessionFolder::make().unwrap(),
            opened: serde_json::from_value(opened).unwrap(),
            environment: Environment::scrubbed(variables, &[]),
            vault: Vault::new(Arc::new(Mint), Arc::new(SystemTimer::start())),
            family: Family::of("ses_1"),
            prepared: Prepared::default(),
        }
    }

    /// Prepares one mechanism; grants are `BROKER/TARGET` and what the broker says.
    pub(super) async fn prepare(&mut self, mechanism: &str, grants: &[(&str, Value)]) -> Result<(), Unprepared> {
        let grants: Vec<_> = grants.iter().map(|(name, how)| grant(name, json!({ mechanism: how }))).collect();
        let by_mechanism = by_mechanism(&grants);
        let site = Site {
            folder: &self.folder,
            writ: Path::new("/opt/writ"),
            server: &"https://writ.example.com".parse().unwrap(),
            opened: &self.opened,
            environment: &self.environment,
            vault: &self.vault,
            family: &self.family,
        };
        prepare_one(mechanism, &by_mechanism[mechanism], &site, &mut self.prepared).await?;
        self.prepared.close_path(&self.environment);
        Ok(())
    }

    /// A file of the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn vault(&self) -> Vault {
        self.vault.clone()
    }

    /// Its content, with the folder's path as `DIR`.
    pub(super) fn read(&self, name: &str) -> String {
        self.redact(&std::fs::read_to_string(self.file(name)).unwrap())
    }

    /// A variable of the agent, likewise.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let found = self.prepared.variables.iter().rev().find(|(other, _)| other == name);
        found.map(|(_, value)| self.redact(value.to_str().unwrap()))
    }

    fn redact(&self, text: &str) -> String {
        text.replace(self.folder.path().to_str().unwrap(), "DIR")
    }
}

fn grant(name: &str, delivery: Value) -> Grant {
    let (broker, target) = name.split_once('/').unwrap();
    serde_json::from_value(json!({ "broker": broker, "kind": "token", "target": target, "delivery": delivery }))
        .unwrap()
}

#[test]
fn mechanisms_get_all_their_grants() {
    let grants = [
        grant("a/one", json!({ "aws": { "region": "x" }, "docker": {} })),
        grant("a/two", json!({ "docker": { "hosts": [] } })),
        grant("a/three", json!(null)),
    ];
    let told: Vec<_> = by_mechanism(&grants)
        .into_iter()
        .map(|(mechanism, wired)| (mechanism, wired.iter().map(|wired| wired.grant.name()).collect::<Vec<_>>()))
        .collect();
    assert_eq!(told, [("aws", vec!["a/one".to_owned()]), ("docker", vec!["a/one".to_owned(), "a/two".to_owned()])]);
}

#[test]
fn a_shell_gets_the_words_as_they_are() {
    let words = ["a b", "it's", "$HOME", "", "\\"].map(OsString::from);
    let line = format!("printf '%s\\n' {}", Site::shell(&words));
    let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "a b\nit's\n$HOME\n\n\\\n");
}

#[tokio::test]
async fn what_is_known_of_nothing_is_left_alone_and_what_is_not_understood_is_said() {
    let mut stage = Stage::new(&[]);
    assert_eq!(stage.prepare("of_a_later_version", &[("a/one", json!({}))]).await, Ok(()));
    let error = stage.prepare("kubernetes", &[("a/one", json!({ "sever": "x" }))]).await.unwrap_err();
    assert_eq!(error.to_string(), "what a/one says of it is not understood: missing field `server`");
    assert!(stage.prepared.variables.is_empty());
}

#[tokio::test]
async fn a_target_sets_plain_variables_and_none_that_lead_programs() {
    let mut stage = Stage::new(&[]);
    stage.prepare("env", &[("a/one", json!({ "plain": { "BILLING_URL": "https://b" }, "secret": {} }))]).await.unwrap();
    assert_eq!(stage.variable("BILLING_URL").unwrap(), "https://b");
    for name in ["PATH", "LD_PRELOAD", "GIT_SSH_COMMAND", "WRIT_SOCKET", "ANTHROPIC_BASE_URL", "A=B", ""] {
        let error = stage.prepare("env", &[("a/one", json!({ "plain": { name: "x" } }))]).await.unwrap_err();
        assert!(error.to_string().contains("not a target's to set"), "{name}: {error}");
    }
}

#[tokio::test]
async fn azure_finds_a_token_in_a_file_that_only_this_user_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let mut stage = Stage::new(&[]);
    let grants = [
        ("t/one", json!({ "tenant_id": "t1", "client_id": "c1" })),
        ("t/two", json!({ "tenant_id": "t2", "client_id": "c2", "default": true, "subscription_id": "s2" })),
    ];
    stage.prepare("azure", &grants).await.unwrap();
    assert_eq!(stage.variable("AZURE_FEDERATED_TOKEN_FILE").unwrap(), "DIR/azure/token");
    assert_eq!(stage.variable("AZURE_CLIENT_ID").unwrap(), "c2");
    assert_eq!(stage.variable("AZURE_AUTHORITY_HOST").unwrap(), "https://login.microsoftonline.com/");
    assert_eq!(stage.variable("ARM_SUBSCRIPTION_ID").unwrap(), "s2");
    assert_eq!(stage.read("azure/token"), "s3cret");
    let mode = std::fs::metadata(stage.file("azure/token")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
