//! Conversations and turns, and hooks that are not understood.

use serde_json::json;

use super::{Stage, assert_says, context, git, output, resource};

#[test]
fn an_agent_that_starts_is_told_who_holds_what() {
    let stage = Stage::new();
    stage.plane.lock(&resource("db/migrations"), "X");
    stage.write("Cargo.lock", "");
    stage.write(".github/workflows/ci.yml", "");
    let answer = stage.hook("SessionStart", json!({"source": "startup"}));
    assert_says(
        context(&answer),
        &[
            "this is session ses_1 of grace for payments",
            "writ hook intent",
            "path:github.com/acme/api//db/migrations (X): ana's session ses_2 since 14:02 UTC, saying \"raise the pool size\"",
        ],
    );
    assert!(answer.exports.starts_with("export WRIT_SESSION_ID=ses_1\n"), "{}", answer.exports);
    let output = output(&answer);
    let watched = &output["hookSpecificOutput"]["watchPaths"];
    assert_eq!(watched, &json!([stage.path("Cargo.lock"), stage.path(".github/workflows/ci.yml")]));
}

#[test]
fn a_turn_s_end_gives_back_what_others_can_build_on() {
    let stage = Stage::new();
    stage.writes("pool.toml", "x\n");
    stage.writes("Cargo.lock", "x\n");
    assert_eq!(stage.asks_to_run("terraform apply"), None);
    let tickets: Vec<String> = stage.plane.asked.lock().unwrap().iter().map(|ask| ask.ticket.clone()).collect();
    stage.hook("Stop", json!({}));
    let mut expected = vec![(tickets[0].clone(), 7), (tickets[2].clone(), 7)];
    expected.sort();
    let mut released = stage.plane.released.lock().unwrap().clone();
    released.sort();
    assert_eq!(released, expected, "not the lock file, of which there may be one unpushed change only");
    stage.hook("SessionEnd", json!({"reason": "clear"}));
    assert_eq!(stage.plane.released.lock().unwrap().len(), 2);
    assert_eq!(stage.asks_to_edit("pool.toml"), None);
    assert_eq!(stage.plane.asks(), 4, "asked for anew");
}

#[test]
fn what_is_pushed_is_given_back() {
    let stage = Stage::new();
    let remote = tempfile::tempdir().unwrap();
    git(remote.path(), &["init", "--quiet", "--bare"]);
    git(&stage.path(""), &["commit", "--quiet", "--allow-empty", "-m", "Zero"]);
    stage.writes("Cargo.lock", "x\n");
    stage.writes("yarn.lock", "x\n");
    git(&stage.path(""), &["config", "url.file://.insteadOf", "nothing:"]);
    let push = format!("git push --quiet {} HEAD:refs/heads/s/ses_1/x", remote.path().display());
    stage.runs(&push);
    assert!(stage.plane.released.lock().unwrap().is_empty(), "nothing of it is committed");
    git(&stage.path(""), &["add", "Cargo.lock"]);
    git(&stage.path(""), &["commit", "--quiet", "-m", "One"]);
    stage.runs(&push);
    assert!(stage.plane.released.lock().unwrap().is_empty(), "no remote of the repository is known to have it");
    git(&stage.path(""), &["update-ref", "refs/remotes/origin/s/ses_1/x", "HEAD"]);
    stage.runs(&push);
    let ticket = stage.plane.asked.lock().unwrap()[0].ticket.clone();
    assert_eq!(*stage.plane.released.lock().unwrap(), [(ticket, 7)], "and the other is not committed");
}

#[test]
fn a_cleared_conversation_has_seen_nothing() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read("pool.toml");
    stage.hook("SessionStart", json!({"source": "compact"}));
    assert_eq!(stage.asks_to_write("pool.toml"), None);
    stage.hook("SessionStart", json!({"source": "clear"}));
    assert_says(stage.asks_to_write("pool.toml"), &["you have not read it"]);
}

#[test]
fn a_watched_file_that_somebody_else_changed_is_told_and_own_changes_are_not() {
    let stage = Stage::new();
    stage.write("Cargo.lock", "one\n");
    stage.read("Cargo.lock");
    let input = json!({"file_path": stage.path("Cargo.lock"), "content": "two\n"});
    assert_eq!(stage.asks("Write", &input), None);
    stage.write("Cargo.lock", "two\n");
    stage.hook("FileChanged", json!({"file_path": stage.path("Cargo.lock")}));
    assert_eq!(stage.used("Write", &input), None);
    stage.write("Cargo.lock", "three\n");
    stage.hook("FileChanged", json!({"file_path": stage.path("Cargo.lock")}));
    let told = context(&stage.hook("UserPromptSubmit", json!({"prompt": "go on"})));
    assert_says(told, &["Cargo.lock was changed by somebody outside of this session"]);
}

#[test]
fn what_is_not_understood_is_blocked_and_says_why() {
    let stage = Stage::new();
    for (message, expected) in [
        ("", "of another version"),
        ("hello\n{}", "of another version"),
        ("{}\n{}", "does not know this event"),
        ("{\"event\":\"Nothing\"}\n{}", "of another version"),
        ("{\"event\":\"PreToolUse\"}\n{", "what the client says of PreToolUse is not understood"),
        ("{\"event\":\"PreToolUse\"}\n[]", "is not understood"),
        ("{\"event\":\"WorktreeCreate\"}\n{}", "what the working tree is to be called"),
        ("{\"event\":\"WorktreeRemove\"}\n{\"worktree_path\":\"/\"}", "`/` is no workspace of this session"),
    ] {
        let answer = stage.runtime.block_on(stage.hooks.answer(message.as_bytes()));
        assert_eq!((answer.exit, answer.out.as_str()), (2, ""), "{message}");
        assert!(answer.err.starts_with("writ: ") && answer.err.contains(expected), "{message}: {}", answer.err);
    }
}

#[test]
fn locks_are_told_with_their_tokens() {
    let stage = Stage::new();
    stage.writes("Cargo.lock", "x\n");
    let answer = stage.runtime.block_on(stage.hooks.answer(b"{\"tokens\":true}\n"));
    let told: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(
        (&told["token"], &told["mode"], &told["resource"]),
        (&json!(7), &json!("X"), &json!(resource("Cargo.lock")))
    );
}

#[test]
fn how_long_a_tool_waits_is_a_number_of_seconds_up_to_a_bound() {
    for (text, expected) in [(None, 45), (Some("0"), 0), (Some("10"), 10), (Some("3600"), 45), (Some("soon"), 45)] {
        assert_eq!(super::super::lock_wait(text), expected, "{text:?}");
    }
}
