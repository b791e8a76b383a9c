//! `writ run` against a mock control plane: what the child gets, what it cannot outlive, and what is reported.

mod commands;
mod plane;
mod terminal;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::mock_plane::MockPlane;

/// A folder with a sign-in at `server`, and `writ` in it.
struct Home(tempfile::TempDir);

impl Home {
    fn at(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let credentials = json!({ "server": server, "token": "writ_sin_test", "developer": "grace" });
        std::fs::write(folder.path().join("credentials.json"), credentials.to_string()).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, command: &[&str]) -> Command {
        let mut writ = Command::new(env!("CARGO_BIN_EXE_writ"));
        writ.env_clear().env("WRIT_HOME", self.path()).env("PATH", "/usr/bin:/bin").env("GH_TOKEN", "forge-secret");
        writ.args(["run", "--project", "checkout", "--no-git", "--"]).args(command);
        writ.current_dir(self.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        writ
    }
}

fn texts(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_exit_code_passes_and_ends_the_session() {
    let plane = MockPlane::start(usize::MAX);
    let home = Home::at(plane.url());
    let output = home.run(&["sh", "-c", "env; exit 7"]).output().unwrap();
    let (environment, story) = texts(&output);
    assert_eq!(output.status.code(), Some(7), "{story}");
    for expected in
        [&format!("ANTHROPIC_BASE_URL={}", plane.url()), "WRIT_SESSION_ID=ses_test", "WRIT_PROJECT_ID=prj_test"]
    {
        assert!(environment.lines().any(|line| line == expected), "{expected} is not in\n{environment}");
    }
    for secret in ["forge-secret", "writ_sin_test", "writ_ses_", "AUTH_TOKEN", "WRIT_HOME"] {
        assert!(!environment.contains(secret), "{secret} is in\n{environment}");
    }
    assert_eq!(plane.body_of("POST /v1/sessions/ses_test/end"), Some(json!({ "exit_code": 7 })));
    assert!(story.contains("not passed on: GH_TOKEN"), "{story}");
    assert_eq!(story.lines().filter(|line| line.starts_with("writ: ")).count(), 8, "three lines, then five: {story}");
}

#[test]
fn a_signal_that_ends_the_child_becomes_its_exit_code() {
    let plane = MockPlane::start(usize::MAX);
    let output = Home::at(plane.url()).run(&["sh", "-c", "kill -KILL $$"]).output().unwrap();
    assert_eq!(output.status.code(), Some(137));
    assert_eq!(plane.body_of("POST /v1/sessions/ses_test/end"), Some(json!({ "exit_code": 137 })));
}

#[test]
fn a_session_that_is_over_ends_the_whole_group_and_says_why() {
    // Revoked at the second beat, so that the shell has had time to say what it started.
    let plane = MockPlane::start(1);
    let output = Home::at(plane.url()).run(&["sh", "-c", "sleep 600 & echo $!; wait"]).output().unwrap();
    let (stdout, story) = texts(&output);
    assert_eq!(output.status.code(), Some(143), "{story}");
    assert!(
        story.contains("writ: the agent was stopped: session ses_test was revoked by ada (wrong branch)"),
        "{story}"
    );
    // The output ended, so nobody holds it any more; and the process in the background is gone as well.
    let background = Pid::from_raw(stdout.trim().parse().unwrap());
    let is_gone = || kill(background, None).is_err() || is_zombie(background);
    assert!(is_gone(), "process {background} is still there");
}

/// Dead, but not collected by whoever inherited it.
fn is_zombie(process: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

#[test]
fn a_signal_for_the_launcher_reaches_the_child() {
    let plane = MockPlane::start(usize::MAX);
    let script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let home = Home::at(plane.url());
    let mut launcher = home.run(&["sh", "-c", script]).spawn().unwrap();
    let mut line = [0_u8; 6];
    std::io::Read::read_exact(launcher.stdout.as_mut().unwrap(), &mut line).unwrap();
    kill(Pid::from_raw(i32::try_from(launcher.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(launcher.wait().unwrap().code(), Some(3));
    assert_eq!(plane.body_of("POST /v1/sessions/ses_test/end"), Some(json!({ "exit_code": 3 })));
}

#[test]
fn failures_before_the_child_have_their_own_codes() {
    let plane = MockPlane::start(usize::MAX);
    let home = Home::at(plane.url());
    let code = |command: &[&str]| home.run(command).output().unwrap().status.code();
    assert_eq!(code(&["no-such-program"]), Some(127));
    assert_eq!(plane.body_of("POST /v1/sessions"), None, "a typing mistake opens no session");
    assert_eq!(code(&["/dev/null"]), Some(126));
    assert_eq!(plane.body_of("POST /v1/sessions/ses_test/end"), Some(json!({ "exit_code": 126 })));
    let output = Home::at("http://127.0.0.1:9").run(&["true"]).output().unwrap();
    assert_eq!(output.status.code(), Some(125));
    assert!(texts(&output).1.contains("cannot reach http://127.0.0.1:9"), "{output:?}");
}

#[test]
fn claude_is_bound_by_a_settings_file_that_goes_away() {
    let plane = MockPlane::start(usize::MAX);
    let home = Home::at(plane.url());
    let claude = home.path().join("claude");
    std::fs::write(&claude, "#!/bin/sh\necho \"$1 $2\"; echo \"$3 $4\"; stat -c %a \"$2\"; cat \"$2\"\n").unwrap();
    std::fs::set_permissions(&claude, std::fs::Permissions::from_mode(0o755)).unwrap();
    let theirs = r#"{"model":"opus","env":{"ANTHROPIC_API_KEY":"mine"}}"#;
    let output = home.run(&[claude.to_str().unwrap(), "-p", "--settings", theirs, "go"]).output().unwrap();
    let (stdout, story) = texts(&output);
    let lines: Vec<&str> = stdout.lines().collect();
    let [first, arguments, mode, settings] = lines[..] else { panic!("{stdout}{story}") };
    assert_eq!((arguments, mode), ("-p go", "600"));
    let settings: serde_json::Value = serde_json::from_str(settings).unwrap();
    assert_eq!(settings["model"], "opus");
    assert_eq!(settings["env"]["ANTHROPIC_API_KEY"], "");
    assert_eq!(settings["env"]["ANTHROPIC_AUTH_TOKEN"], "", "one of the developer's does not win");
    assert!(!stdout.contains("writ_ses_"), "{stdout}");
    let helper = settings["apiKeyHelper"].as_str().unwrap();
    assert!(helper.contains("'credential-helper' 'model' '--socket' '"), "{helper}");
    let file = first.strip_prefix("--settings ").unwrap();
    assert!(!Path::new(file).exists(), "{file} may hold what the developer passed, and is still there");
    assert!(story.contains("hint: no model call came through writ"), "{story}");
}

/// A program that stands in for the client: says what it was started with, and what its key helper prints.
const CLAUDE: &str = r#"#!/bin/sh
printf '%s\n' "$*"
case $2 in {*) settings=$2 ;; *) settings=$(cat "$2") ;; esac
printf '%s\n' "$settings"
helper=$(printf '%s\n' "$settings" | sed 's/.*"apiKeyHelper":"\([^"]*\)".*/\1/')
env -i /bin/sh -c "$helper"
"#;

#[test]
fn a_client_inside_is_started_with_the_session_s_settings_and_its_helper_gives_the_bearer() {
    let plane = MockPlane::start(usize::MAX);
    let home = Home::at(plane.url());
    std::fs::create_dir(home.path().join("bin")).unwrap();
    let claude = home.path().join("bin/claude");
    std::fs::write(&claude, CLAUDE).unwrap();
    std::fs::set_permissions(&claude, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = home.path().join("bin").into_os_string();
    path.push(":/usr/bin:/bin");
    let said = |command: &[&str]| {
        let output = home.run(command).env("PATH", &path).output().unwrap();
        let (stdout, story) = texts(&output);
        assert!(output.status.success(), "{stdout}{story}");
        let lines: Vec<String> = stdout.lines().map(str::to_owned).collect();
        let [started, settings, bearer] = &lines[..] else { panic!("{stdout}{story}") };
        assert_eq!(bearer, "writ_ses_test", "{stdout}{story}");
        (started.clone(), serde_json::from_str::<serde_json::Value>(settings).unwrap())
    };
    // By the launcher; by its name inside a session, without settings and with some.
    let (started, _) = said(&["claude", "-p", "go"]);
    assert!(started.starts_with("--settings /") && started.ends_with(".json -p go"), "{started}");
    let (started, _) = said(&["sh", "-c", "claude -p 'a b' -- -x"]);
    assert!(started.starts_with("--settings /") && started.ends_with("/claude.json -p a b -- -x"), "{started}");
    let (started, settings) = said(&["sh", "-c", r#"claude --settings '{"model":"opus","apiKeyHelper":"theirs"}' go"#]);
    assert!(started.ends_with(" go"), "{started}");
    assert_eq!(settings["model"], "opus");
    // A program by its path is that program.
    let output = home.run(&["sh", "-c", r#""$0" --settings '{}'"#, claude.to_str().unwrap()]).output().unwrap();
    assert!(!texts(&output).0.contains("writ_ses_"), "{output:?}");
}
