//! Through `writ run`.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::client::{Ran, arguments, ran};
use super::{Stage, with_client};
use crate::support::{WritOptions, until};

/// `writ run` of the client with this prompt, as grace, for `checkout`.
pub(super) fn governed(stage: &Stage, prompt: &str) -> Command {
    let mut writ = stage.writ.command(&stage.people.grace, "home-run");
    let home = stage.writ.path().join("home-run");
    stage.client.environment(&mut writ);
    writ.env("WRIT_HOME", home);
    writ.args(["run", "--project", "checkout", "--"]).arg(stage.client.program()).args(arguments(prompt));
    writ
}

/// The session that `writ run` said it opened.
pub(super) fn session_of(said: &Ran) -> String {
    let line = said.stderr.lines().find_map(|line| line.strip_prefix("writ: session ")).unwrap();
    line.split([' ', ',']).next().unwrap().to_owned()
}

#[test]
fn real_client_under_writ_run_works_with_tools_and_sub_agents() {
    with_client(WritOptions::default(), async |stage| {
        let said = ran(governed(&stage, "SCENARIO:tool_write(path=NOTES.md,content=\"by an agent\") go")).await;
        said.result();
        assert_eq!(std::fs::read_to_string(stage.client.repository().join("NOTES.md")).unwrap(), "by an agent");
        let session = session_of(&said);
        stage.assert_attributed(&session, 2).await;
        let shown = stage.people.ada.session(&session).await;
        assert_eq!((&shown["status"], &shown["over"]["exit_code"]), (&json!("ended"), &json!(0)), "{shown:#}");
        assert!(said.stderr.contains("writ: calls    2\n"), "{said:#?}");

        stage.writ.simulator().forget();
        let said = ran(governed(&stage, "SCENARIO:agent go")).await;
        said.result();
        let session = session_of(&said);
        let count = stage.people.ada.calls(&session).await.len();
        assert!(count >= 4, "two turns of the agent's, two of its helper's: {count}");
        let calls = stage.assert_attributed(&session, count).await;
        let helpers: Vec<&Value> = calls.iter().filter(|call| call["claims"]["agent"].is_string()).collect();
        assert!(helpers.len() >= 2 && helpers.len() < count, "{calls:#?}");
        stage.assert_no_secret_upstream(&[]);
    });
}

#[test]
fn real_client_s_own_settings_do_not_lead_it_around_writ() {
    with_client(WritOptions::default(), async |stage| {
        let (decoy, visitors) = decoy().await;
        let helper = stage.client.repository().join("helper");
        std::fs::write(&helper, "#!/bin/sh\necho sk-ant-from-the-helper\n").unwrap();
        std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        stage.client.settings(&json!({
            "apiKeyHelper": helper,
            "env": {
                "ANTHROPIC_BASE_URL": decoy, "ANTHROPIC_AUTH_TOKEN": "sk-ant-of-the-settings",
                "ANTHROPIC_API_KEY": "sk-ant-key-of-the-settings", "CLAUDE_CODE_USE_BEDROCK": "1",
                "ANTHROPIC_CUSTOM_HEADERS": "Authorization: Bearer sk-ant-of-the-headers",
            },
        }));
        let mut turn = governed(&stage, "SCENARIO:tool_bash(command=\"env > environment.txt\") go");
        turn.env("ANTHROPIC_BASE_URL", &decoy).env("ANTHROPIC_API_KEY", "sk-ant-of-the-shell").env("GH_TOKEN", "forge");
        let said = ran(turn).await;
        said.result();
        assert_eq!(visitors.load(Ordering::Relaxed), 0, "something went to the address in the user's settings");
        stage.assert_attributed(&session_of(&said), 2).await;
        stage.assert_no_secret_upstream(&["sk-ant-of", "sk-ant-key", "sk-ant-from"]);
        let inherited = std::fs::read_to_string(stage.client.repository().join("environment.txt")).unwrap();
        for secret in ["forge", "sk-ant-", "writ_sin_", "writ_ses_"] {
            assert!(!inherited.contains(secret), "{secret} reached a tool:\n{inherited}");
        }
    });
}

/// The client starts another one, by its name; once with settings of that one's own.
const NESTED: &str = r#"set -e
claude -p 'SCENARIO:hello go' --output-format json </dev/null > plain.json
claude -p 'SCENARIO:hello go' --output-format json --settings '{"apiKeyHelper":"echo sk-ant-of-the-helper"}' </dev/null > own.json
"#;

#[test]
fn real_client_inside_the_real_client_is_of_the_same_session() {
    with_client(WritOptions::default(), async |stage| {
        std::fs::write(stage.client.repository().join("nested.sh"), NESTED).unwrap();
        let said = ran(governed(&stage, "SCENARIO:tool_bash(command=\"sh nested.sh\") go")).await;
        said.result();
        for name in ["plain.json", "own.json"] {
            let inner = std::fs::read_to_string(stage.client.repository().join(name)).unwrap();
            let inner: Value = serde_json::from_str(&inner).unwrap();
            assert_eq!(inner["is_error"], false, "{name}: {inner:#}");
        }
        stage.assert_attributed(&session_of(&said), 4).await;
        stage.assert_no_secret_upstream(&["sk-ant-of-the-helper"]);
    });
}

/// An address that only counts who comes.
async fn decoy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let visitors = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visitors);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (url, visitors)
}

#[test]
fn real_client_under_writ_run_is_ended_when_its_session_is_revoked() {
    with_client(WritOptions::default(), async |stage| {
        let running = tokio::spawn(ran(governed(&stage, "SCENARIO:gate(events=4) go")));
        let session = until("the client's call", || async {
            let sessions = stage.people.ada.get("/v1/sessions?live=true").await.json();
            let session = sessions["sessions"][0]["id"].as_str()?.to_owned();
            (stage.writ.simulator().arrived() > 0).then_some(session)
        })
        .await;
        let revoked =
            stage.people.ada.post(&format!("/v1/sessions/{session}/revoke"), json!({"reason": "enough"})).await;
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        let said = running.await.unwrap();
        assert_ne!(said.code, Some(0), "{said:#?}");
        // The client may give up by itself at its refused repeat, before the launcher ends it.
        let sentence = format!("session {session} was revoked by ada (enough) at ");
        assert_eq!(said.stderr.matches(&sentence).count(), 1, "{said:#?}");
        let calls = stage.people.ada.settled(&session, 1).await;
        assert_eq!(calls[0]["outcome"], "revoked", "{calls:#?}");
        assert_eq!(stage.writ.simulator().arrived(), 1, "no retry got through");
    });
}
