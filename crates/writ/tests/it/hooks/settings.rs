//! What calls the hooks: the settings that `writ run` passes to the client, and those that `writ hook settings` prints.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Stage, texts};
use crate::support::process::WRIT;
use crate::support::run;

#[test]
fn writ_run_gives_the_client_hooks_that_work() {
    run(async {
        let stage = Stage::start().await;
        // A client that runs one hook as the real one does: in a shell.
        let client = stage.path("claude");
        let script = "#!/bin/bash
            [ \"$1\" = --settings ] || exit 9
            cp \"$2\" .git/settings.json
            command=$(grep -o '\"command\":\"[^\"]*hook SessionStart\"' \"$2\" | cut -d'\"' -f4)
            echo '{\"source\":\"startup\"}' | sh -c \"$command\"";
        std::fs::write(&client, script).unwrap();
        std::fs::set_permissions(&client, std::fs::Permissions::from_mode(0o755)).unwrap();
        let output = stage.launcher(&["./claude"]).output().unwrap();
        let (stdout, stderr) = texts(&output);
        assert!(output.status.success(), "{stdout}{stderr}");
        let told: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
        assert_eq!(told["hookSpecificOutput"]["hookEventName"], "SessionStart");
        let settings: Value =
            serde_json::from_slice(&std::fs::read(stage.path(".git/settings.json")).unwrap()).unwrap();
        let guard = &settings["hooks"]["PreToolUse"][0]["hooks"][0];
        assert_eq!(
            (&guard["command"], &guard["onFailure"]),
            (&json!(format!("{WRIT} hook PreToolUse || exit 2")), &json!("block"))
        );
    });
}

#[test]
fn settings_are_printed_for_one_machine_or_all() {
    let print = |more: &[&str]| -> Value {
        let output = Command::new(WRIT).args(["hook", "settings"]).args(more).env_clear().output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(print(&[]).as_object().unwrap().len(), 1);
    let managed = print(&["--managed", "--require-session", "--program", "/opt/writ/bin/writ"]);
    assert_eq!(managed["requiredMinimumVersion"], "2.1.295");
    let guard = &managed["hooks"]["PreToolUse"][0]["hooks"][0]["command"];
    assert_eq!(guard, "/opt/writ/bin/writ hook PreToolUse --require-session || exit 2");
}

/// As older clients need it, which go on when a hook's program is missing or crashes.
#[test]
fn a_missing_program_blocks() {
    let output =
        Command::new(WRIT).args(["hook", "settings", "--program", "/nowhere/writ"]).env_clear().output().unwrap();
    let settings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let code = |event: &str| {
        let command = settings["hooks"][event][0]["hooks"][0]["command"].as_str().unwrap().to_owned();
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).stdin(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!((code("PreToolUse"), code("PostToolUse")), (Some(2), Some(127)));
}
