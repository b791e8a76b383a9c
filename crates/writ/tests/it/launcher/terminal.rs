//! `writ run` on a terminal: `script` (util-linux) gives it one, and types.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::support::{Writ, run};

/// Types `keys` once the command has said `ready`; returns everything on the screen and the exit code.
fn typed(writ: &Writ, launcher: Command, keys: &[u8]) -> (String, Option<i32>) {
    // Of the shell only the launcher stays.
    typed_to(writ, launcher, |launcher| format!("exec {launcher}"), keys)
}

/// The same for a shell command line with the launcher in it.
fn typed_to(writ: &Writ, mut launcher: Command, line: impl Fn(&str) -> String, keys: &[u8]) -> (String, Option<i32>) {
    // `script` passes its environment on.
    let words: Vec<String> = std::iter::once(launcher.get_program())
        .chain(launcher.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line(&words.join(" ")), "/dev/null"]);
    script.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("SHELL", "/bin/sh").current_dir(writ.path());
    launcher.stdin(Stdio::null());
    let mut terminal = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut screen = terminal.stdout.take().unwrap();
    // Open until the end: the end of the input would be a key as well.
    let mut keyboard = terminal.stdin.take().unwrap();
    let (mut seen, mut is_typed) = (Vec::new(), false);
    let mut buffer = [0; 1024];
    // The harness ends a test that waits for ever.
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
        if !is_typed && String::from_utf8_lossy(&seen).contains("ready") {
            keyboard.write_all(keys).unwrap();
            is_typed = true;
        }
    }
    (String::from_utf8_lossy(&seen).into_owned(), terminal.wait().unwrap().code())
}

#[test]
fn a_command_on_a_terminal_reads_what_is_typed_and_ctrl_c_is_its_own() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let launcher = |script: &str| {
            let mut command = writ.command(&people.grace, "home-run");
            command.args(["run", "--project", "checkout", "--", "sh", "-c", script]);
            command
        };
        let (screen, code) = typed(&writ, launcher("echo ready; read x; echo got $x; exit 5"), b"some words\n");
        assert!(screen.contains("got some words"), "{screen}");
        assert_eq!(code, Some(5), "{screen}");
        assert!(screen.contains("writ: link "), "the summary follows: {screen}");

        let script = "trap \"echo interrupted; exit 9\" INT; echo ready; while :; do sleep 0.05; done";
        let (screen, code) = typed(&writ, launcher(script), &[3]);
        assert_eq!(screen.matches("interrupted").count(), 1, "{screen}");
        assert_eq!(code, Some(9), "{screen}");

        // A command that does not mind the key goes on, and so does the launcher.
        let script = "trap : INT; echo ready; read x; read x; echo got $x";
        let (screen, code) = typed(&writ, launcher(script), b"\x03one\ntwo\n");
        assert!(screen.contains("got ") && code == Some(0), "{code:?} {screen}");
        let sessions = people.ada.get("/v1/sessions?live=true").await.json();
        assert_eq!(sessions["sessions"], serde_json::json!([]));
    });
}

#[test]
fn ctrl_z_gives_the_shell_its_terminal_and_the_command_goes_on_when_it_is_told() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let mut launcher = writ.command(&people.grace, "home-run");
        launcher.args(["run", "--project", "checkout", "--", "sh", "-c"]);
        // Ready once the terminal is its own. From then on it starts nothing: a shell that is stopped while it does is told of
        // only when its child goes on.
        let owns = "[ \"$(ps -o tpgid= -p $$ | tr -d [:space:])\" = $$ ]";
        launcher.arg(format!("until {owns}; do :; done; sleep 0.5; echo ready; read x; exit 6"));
        let line = |launcher: &str| format!("set -m; {launcher}; echo the shell; fg; exit $?");
        let (screen, code) = typed_to(&writ, launcher, line, b"\x1a\n");
        let (before, after) = screen.split_once("the shell").unwrap_or_else(|| panic!("{screen}"));
        assert!(before.contains("ready") && !before.contains("writ: duration"), "it is not over: {screen}");
        assert!(after.contains("writ: duration"), "{screen}");
        assert_eq!(code, Some(6), "{screen}");
    });
}

#[test]
fn the_terminal_shows_the_sentence_when_the_session_is_revoked() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let mut launcher = writ.command(&people.grace, "home-run");
        launcher.args(["run", "--", "sh", "-c", "echo ready; while :; do sleep 0.05; done"]);
        let ada = people.ada.clone();
        let revoking = tokio::spawn(async move {
            let id = crate::support::until("the session", || async {
                let sessions = ada.get("/v1/sessions?live=true").await.json();
                sessions["sessions"][0]["id"].as_str().map(str::to_owned)
            })
            .await;
            let reason = serde_json::json!({"reason": "look up"});
            assert_eq!(ada.post(&format!("/v1/sessions/{id}/revoke"), reason).await.status, 200);
        });
        let (screen, code) = tokio::task::block_in_place(|| typed(&writ, launcher, b""));
        revoking.await.unwrap();
        assert_eq!(code, Some(143), "{screen}");
        assert!(screen.contains("was revoked by ada (look up)"), "{screen}");
    });
}
