//! What the client makes of a guard that does not answer, without `onFailure` as clients before 2.1.295 have it, and with it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use super::scene::{content, without_writ};
use crate::support::process::WRIT;

/// What becomes of a guard, its script (none is no program), and whether the tool runs nevertheless: without `onFailure`,
/// and with it.
const GUARDS: [(&str, Option<&str>, bool, bool); 6] = [
    ("missing", None, false, false),
    ("crashing", Some("kill -SEGV $$"), false, false),
    ("failing", Some("exit 1"), false, false),
    // The shell that the client starts it by.
    ("killed", Some("kill -9 $PPID"), true, false),
    ("hanging", Some("exec sleep 600"), true, false),
    // No hook of writ's does that; nothing in the client stops it.
    ("talking", Some("echo hello"), true, true),
];

/// The settings that writ gives a client, with a program in its place, and less patience.
fn settings(program: &str, has_on_failure: bool) -> Value {
    let printed = Command::new(WRIT).args(["hook", "settings", "--program", program]).env_clear().output().unwrap();
    let mut settings: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let guard = settings["hooks"]["PreToolUse"].clone();
    let mut hook = guard[0]["hooks"][0].clone();
    hook["timeout"] = json!(2);
    if !has_on_failure {
        hook.as_object_mut().unwrap().remove("onFailure").unwrap();
    }
    settings["hooks"] = json!({ "PreToolUse": [{ "matcher": guard[0]["matcher"], "hooks": [hook] }] });
    settings
}

#[test]
fn a_guard_that_does_not_answer_is_passed_by_where_the_client_does_not_know_on_failure() {
    without_writ(async |scene| {
        for (name, script, runs_without, runs_with) in GUARDS {
            for (has_on_failure, runs) in [(false, runs_without), (true, runs_with)] {
                let case = format!("{name}-{has_on_failure}");
                let program = scene.path(&format!("guard-{case}"));
                if let Some(script) = script {
                    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
                    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
                }
                let tree = scene.repository_named(&case, &[("file", "before\n")]);
                let settings = settings(program.to_str().unwrap(), has_on_failure);
                let mut player = scene.player_with(&case, &tree, Some(&settings)).await;
                player.bash("echo after >file").await;
                assert_eq!(content(&tree, "file") == "after\n", runs, "{case}");
                player.say("All done.").await.1.result();
            }
        }
    });
}
