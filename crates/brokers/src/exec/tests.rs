#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use domain::BrokerKind;
use serde_json::{Value, json};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::broker::{Minted, Revocation};
use crate::plugin::tests::{chance, no_tools, order};

const GOOD: &str = r#"{"version":1,"secret":{"token":"t-123456"},"expires_at":"2026-07-01T12:10:00Z","handle":"h1"}"#;

/// A plugin written in sh.
struct Script {
    folder: TempDir,
}

impl Script {
    fn new(body: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("plugin");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self) -> String {
        self.folder.path().join("plugin").display().to_string()
    }

    fn settings(&self, more: Value) -> Value {
        let mut settings = json!({ "command": [self.path()], "env": ["PATH"], "folder": self.folder.path(),
                                   "targets": { "prod": {} } });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings
    }

    fn open(&self, more: Value) -> Arc<dyn Broker> {
        let secrets = Secrets::from([("key".to_owned(), Zeroizing::new("k-987654".to_owned()))]);
        let mut settings = self.settings(more);
        settings["secret_env"] = json!({ "key": "ACME_KEY" });
        crate::open(BrokerKind::Exec, &settings.to_string(), secrets).unwrap()
    }

    async fn mint(&self, more: Value) -> Result<Minted, BrokerError> {
        self.open(more).mint(&order("prod", &[]), &no_tools(), chance()).await
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_command_mints_and_revokes() {
    let script = Script::new(&format!("cat >>told; echo >>told; env >env; echo '{GOOD}'"));
    let broker = script.open(json!({}));
    let minted = broker.mint(&order("prod", &[]), &no_tools(), chance()).await.unwrap();
    assert_eq!(minted.secret.field("token"), Some("t-123456"));
    let dead = broker.revoke(&order("prod", &[]), &minted.handle.unwrap(), &no_tools(), chance()).await;
    assert_eq!(dead, Ok(Revocation::Dead));
    let told: Vec<Value> = script.file("told").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&told[0]["action"], &told[1]["action"]), (&json!("mint"), &json!("revoke")));
    assert_eq!(told[1]["handle"], "h1");
    let env = script.file("env");
    assert!(env.contains("ACME_KEY=k-987654") && env.contains("PATH="), "{env}");
    // What it did not ask for it does not get.
    assert!(!env.contains("HOME=") && !env.contains("CARGO"), "{env}");
    assert!(!format!("{broker:?}").contains("k-987654"), "{broker:?}");
}

#[tokio::test]
async fn every_way_to_fail_has_its_sentence() {
    for (body, expected, may_pass, maybe_minted) in [
        ("exit 75", "could not do it for now (exit code 75)", true, true),
        ("exit 3", "refused with exit code 3; it wrote 0 bytes", false, false),
        ("echo s3cr3t >&2; exit 1", "it wrote 7 bytes to its standard error", false, false),
        ("kill -9 $$", "died of signal 9", true, true),
        ("head -c 70000 /dev/zero; exec sleep 1000", "printed more than 65536 bytes", false, true),
        ("echo s3cr3t", "not one JSON object", false, false),
    ] {
        // To end what it made it has its own way, which works.
        let script = Script::new(&format!("case $(cat) in *revoke*) exit 0; esac; {body}"));
        let error = script.mint(json!({})).await.unwrap_err();
        assert!(error.text.contains(expected) && error.text.contains(&script.path()), "{error}");
        assert!(!error.text.contains("s3cr3t"), "{error}");
        assert_eq!((error.may_pass, error.maybe_minted), (may_pass, maybe_minted), "{error}");
    }
}

#[tokio::test]
async fn a_command_that_is_not_there_is_the_operators_fault() {
    let script = Script::new("exit 0");
    for command in ["/nowhere/at/all", "/etc/hostname"] {
        let error = script.mint(json!({ "command": [command] })).await.unwrap_err();
        assert_eq!((error.fault, error.maybe_minted), (crate::broker::Fault::Operator, false));
        assert!(error.text.contains(command) && error.text.contains("cannot be started"), "{error}");
    }
}

/// A hang is killed with everything it started, whether its children hold the output open or not.
#[tokio::test]
async fn a_hang_is_killed_with_its_children() {
    let script = Script::new("sleep 1000 & echo $! >child; echo $$ >self; sleep 1000");
    let error = script.mint(json!({ "timeout_seconds": 1 })).await.unwrap_err();
    assert!(error.text.contains("took more than 1 s") && error.maybe_minted && error.may_pass, "{error}");
    assert_all_gone(&script, &["child", "self"]).await;
}

/// What it leaves behind when it ends does not keep writ waiting, and does not live on.
#[tokio::test]
async fn what_a_command_leaves_behind_is_killed() {
    let script = Script::new(&format!("sleep 1000 & echo $! >child; echo '{GOOD}'"));
    script.mint(json!({ "timeout_seconds": 60 })).await.unwrap();
    assert_all_gone(&script, &["child"]).await;
}

/// Nobody waits any more: a session that gave up, a server that stops.
#[tokio::test]
async fn a_run_that_is_abandoned_is_killed() {
    let script = Script::new("sleep 1000 & echo $! >child; echo $$ >self; sleep 1000");
    let broker = script.open(json!({}));
    {
        let (order, tools) = (order("prod", &[]), no_tools());
        let minting = broker.mint(&order, &tools, chance());
        let started = async {
            while script.file("self").is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = minting => panic!("it cannot end by itself"),
            () = started => {}
        }
    }
    assert_all_gone(&script, &["child", "self"]).await;
}

/// A command that fills every pipe and reads nothing is no worse than another.
#[tokio::test]
async fn noise_on_standard_error_is_read_and_dropped() {
    let script = Script::new(&format!("head -c 1000000 /dev/zero >&2; echo '{GOOD}'"));
    script.mint(json!({})).await.unwrap();
}

/// Bounded by the test runner's own limit: whether a process is there is all that can be asked.
async fn assert_all_gone(script: &Script, names: &[&str]) {
    for name in names {
        let id: i32 = script.file(name).trim().parse().unwrap();
        while is_running(id) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A zombie that nobody has collected yet runs no more.
fn is_running(id: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn settings_are_checked() {
    let script = Script::new("exit 0");
    let open = |more: Value, secrets: &[&str]| {
        let secrets = secrets.iter().map(|name| ((*name).to_owned(), Zeroizing::new("x".to_owned()))).collect();
        crate::open(BrokerKind::Exec, &script.settings(more).to_string(), secrets)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(open(json!({}), &[]), Ok(()));
    for (more, secrets, expected) in [
        (json!({ "command": ["plugin"] }), &[][..], "absolute path"),
        (json!({ "command": [] }), &[], "absolute path"),
        (json!({ "command": "/bin/true" }), &[], "not understood"),
        (json!({ "folder": "here" }), &[], "`folder`"),
        (json!({ "timeout_seconds": 61 }), &[], "`timeout_seconds` is 1 to 60"),
        (json!({ "env": ["A B"] }), &[], "`env` has `A B`"),
        (json!({ "shell": true }), &[], "unknown field `shell`"),
        (json!({ "targets": {} }), &[], "at least one target"),
        (json!({}), &["key"], "the secret `key` goes nowhere"),
        (json!({ "secret_env": { "key": "K" } }), &[], "which is not given"),
        (json!({ "secret_env": { "key": "PATH" } }), &["key"], "`PATH` is in `env` and in `secret_env`"),
        (json!({ "secret_env": { "a": "K", "b": "K" } }), &["a", "b"], "two secrets in `K`"),
    ] {
        let error = open(more, secrets).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

/// The example of the documentation, against a stand-in of the service's command line.
#[tokio::test]
async fn the_documented_plugin_works() {
    let page = include_str!("../../../../docs/brokers/exec.md");
    let (_, after) = page.split_once("```sh\n#!/bin/sh\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    let script = Script::new(&format!("PATH=$PWD:$PATH\n{example}"));
    let acmectl = script.folder.path().join("acmectl");
    let stand_in = "#!/bin/sh\necho \"$@\" >>calls; [ \"$2\" = delete ] || cat >password; echo made\n";
    std::fs::write(&acmectl, stand_in).unwrap();
    std::fs::set_permissions(&acmectl, std::fs::Permissions::from_mode(0o755)).unwrap();
    let broker = script.open(json!({}));
    let order = order("prod", &[]);
    let minted = broker.mint(&order, &no_tools(), chance()).await.unwrap();
    let account = format!("writ-{}", order.credential);
    assert_eq!((minted.secret.field("user"), minted.names[0].1.as_str()), (Some(account.as_str()), account.as_str()));
    assert_eq!(minted.secret.field("password"), Some(script.file("password").trim()));
    // As it is when nothing but the id is known.
    let handle = broker.plan(&order).handle.unwrap();
    assert_eq!(broker.revoke(&order, &handle, &no_tools(), chance()).await, Ok(Revocation::Dead));
    let created = format!("account create {account} --note {} --expires 2026-07-01T12:15:00Z", order.session);
    let calls = script.file("calls");
    assert!(
        calls.starts_with(&created) && calls.ends_with(&format!("account delete {account} --if-exists\n")),
        "{calls}"
    );
}
