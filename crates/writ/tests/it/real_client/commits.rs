//! The real client commits: signed, named and recorded; and its model calls name the session upstream.

use std::process::Command;

use serde_json::Value;

use super::client::ran;
use super::governed::{governed, session_of};
use super::{Stage, with_client};
use crate::support::WritOptions;
use crate::support::process::WRIT;

/// A commit as a model makes it that ignores what the client tells it, and one as a model makes it that follows.
const WORK: &str = r#"set -e
git config user.name Agent; git config user.email agent@example.com
echo one >one; git add one; git commit -qm 'Add one'
echo two >two; git add two
git commit -qm "$(printf 'Add two\n\nCo-Authored-By: Claude <noreply@anthropic.com>\nAgent-Session: %s\nAgent-Developer: grace' "$WRIT_SESSION_ID")"
env >environment
"#;

fn git(stage: &Stage, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    stage.client.environment(&mut git);
    let output = git.args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn real_client_commits_inside_a_session_and_stock_git_verifies_it() {
    with_client(WritOptions::default(), async |stage| {
        let repository = stage.client.repository();
        std::fs::write(repository.join("work.sh"), WORK).unwrap();
        let said = ran(governed(&stage, "SCENARIO:tool_bash(command=\"sh work.sh\") go")).await;
        said.result();
        let session = session_of(&said);

        let signers =
            Command::new(WRIT).args(["git", "allowed-signers", "--server", &stage.writ.url]).output().unwrap();
        std::fs::write(repository.join("signers"), signers.stdout).unwrap();
        git(&stage, &["config", "gpg.ssh.allowedSignersFile", repository.join("signers").to_str().unwrap()]);
        let shown = git(&stage, &["log", "--show-signature"]);
        assert_eq!(shown.matches("Good \"git\" signature for grace@127.0.0.1 with ED25519-CERT").count(), 2, "{shown}");
        for key in ["Agent-Session", "Agent-Developer"] {
            assert_eq!(shown.matches(&format!("{key}: ")).count(), 2, "once in each commit: {shown}");
        }
        assert_eq!(shown.matches(&format!("Agent-Session: {session}\n")).count(), 2, "{shown}");

        let entries = stage.people.ada.get(&format!("/v1/sessions/{session}/entries")).await.json();
        let entries = entries["entries"].as_array().unwrap().iter().map(|line| &line["entry"]);
        let recorded: Vec<&Value> =
            entries.filter(|entry| entry["type"] == "artifact.recorded").map(|entry| &entry["body"]["value"]).collect();
        let log = git(&stage, &["log", "--reverse", "--format=%H"]);
        assert_eq!(recorded, log.lines().collect::<Vec<_>>());

        let environment = std::fs::read_to_string(repository.join("environment")).unwrap();
        let baggage = format!("BAGGAGE=writ.session={session}");
        assert!(environment.lines().any(|line| line == baggage), "{environment}");
        assert!(environment.contains("\nTRACEPARENT=00-"), "{environment}");

        // "Who did this?", from everything that the session left behind.
        let calls = stage.people.ada.get(&format!("/v1/sessions/{session}/calls")).await.json();
        let call = &calls["calls"][0];
        let of_call = |pointer: &str| call.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let commit = log.lines().next().unwrap().to_owned();
        for (thing, kind) in [
            (commit, "commit_signature"),
            ("two:1".to_owned(), "commit_signature"),
            (of_call("/upstream_request"), "upstream_request"),
            (of_call("/claims/client_session"), "client_session"),
        ] {
            let mut who = stage.writ.command(&stage.people.ada, "home-who");
            let output = who.args(["who", &thing, "--json"]).current_dir(&repository).output().unwrap();
            assert!(output.status.success(), "{thing}: {output:?}");
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!((&told["session"]["id"], &told["human"]["login"]), (&session.as_str().into(), &"grace".into()));
            assert_eq!(told["links"][0]["kind"], kind, "{thing}: {told:#}");
            assert_eq!(told["proofs"][0]["outcome"], "proven", "{thing}: {told:#}");
        }
    });
}

#[test]
fn real_client_s_model_calls_name_the_session_upstream_and_only_there() {
    with_client(WritOptions::default(), async |stage| {
        let said = ran(governed(&stage, "SCENARIO:tool_bash(command=\"echo hello\") go")).await;
        said.result();
        let session = session_of(&said);
        let requests = stage.writ.simulator().requests();
        let calls: Vec<_> = requests.iter().filter(|seen| seen.path == "/v1/messages").collect();
        assert!(calls.len() >= 2);
        for seen in calls {
            for gone in ["writ-session", "baggage", "tracestate"] {
                assert_eq!(seen.header(gone), None, "{gone}");
            }
            let body: Value = serde_json::from_slice(seen.body.as_deref().unwrap()).unwrap();
            let user: Value = serde_json::from_str(body["metadata"]["user_id"].as_str().unwrap()).unwrap();
            assert_eq!(user["writ.session.id"], session, "{user:#}");
            assert!(user["session_id"].is_string(), "the client's own id stays: {user:#}");
            let text = body.to_string();
            assert!(text.contains(&format!("Agent-Session: {session}")), "the client tells the model to name it");
        }
        // A claim in the metadata that contradicts the bearer would be an entry.
        let entries = stage.people.ada.get(&format!("/v1/sessions/{session}/entries")).await.json();
        let kinds: Vec<&Value> = entries["entries"].as_array().unwrap().iter().map(|line| &line["type"]).collect();
        assert!(!kinds.iter().any(|kind| *kind == "session.claim_mismatched"), "{kinds:?}");
    });
}
