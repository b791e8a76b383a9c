//! What hooks do when there is nobody to answer them: what guards a change blocks it, the rest goes on.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::{Stage, texts};
use crate::support::process::WRIT;
use crate::support::run;

/// What the client reads as "blocked", and as "failed, go on".
const BLOCKED: Option<i32> = Some(2);
const FAILED: Option<i32> = Some(1);

/// A hook called outside of any session, but for the socket that it is told of.
fn hook(event: &str, socket: Option<&Path>, more: &[&str]) -> Output {
    hook_with(event, socket, more, &json!({ "tool_name": "Bash" }))
}

fn hook_with(event: &str, socket: Option<&Path>, more: &[&str], input: &Value) -> Output {
    let mut hook = Command::new(WRIT);
    hook.args(["hook", event])
        .args(more)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(socket) = socket {
        hook.env("WRIT_SOCKET", socket).env("WRIT_SESSION_ID", "ses_gone");
    }
    let mut hook = hook.spawn().unwrap();
    // One that is not read breaks the pipe.
    let _ = hook.stdin.take().unwrap().write_all(input.to_string().as_bytes());
    hook.wait_with_output().unwrap()
}

#[test]
fn outside_of_a_session_nothing_is_guarded_unless_it_must_be() {
    for event in ["PreToolUse", "PostToolUse", "SessionStart", "SessionEnd"] {
        let output = hook(event, None, &[]);
        assert_eq!((output.status.code(), texts(&output)), (Some(0), (String::new(), String::new())), "{event}");
    }
    let required = hook("PreToolUse", None, &["--require-session"]);
    assert_eq!(required.status.code(), BLOCKED);
    assert_eq!(texts(&required).1, "writ: this is not inside a session; start the agent with `writ run`\n");
    assert_eq!(hook("PostToolUse", None, &["--require-session"]).status.code(), Some(0));
    let unknown = hook("Nothing", None, &[]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(texts(&unknown).1.contains("`Nothing` is no event that writ listens to"));
}

/// What the client does itself when it has no hooks for it.
#[test]
fn outside_of_a_session_working_trees_are_the_client_s_own() {
    let folder = tempfile::tempdir().unwrap();
    let git = |folder: &Path, arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments).current_dir(folder);
        assert!(git.status().unwrap().success(), "{arguments:?}");
    };
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "--message=Begin"]);
    let create = json!({ "cwd": folder.path(), "name": "agent-a1" });
    let made = hook_with("WorktreeCreate", None, &[], &create);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let tree = folder.path().canonicalize().unwrap().join(".claude/worktrees/agent-a1");
    assert_eq!(Path::new(texts(&made).0.trim_end()), tree);
    git(&tree, &["rev-parse", "--verify", "--quiet", "worktree-agent-a1"]);
    std::fs::write(tree.join("draft"), "draft\n").unwrap();
    let remove = json!({ "cwd": tree, "worktree_path": tree });
    assert_eq!(hook_with("WorktreeRemove", None, &[], &remove).status.code(), FAILED, "it has work in it");
    std::fs::remove_file(tree.join("draft")).unwrap();
    let removed = hook_with("WorktreeRemove", None, &[], &remove);
    assert_eq!((removed.status.code(), tree.exists()), (Some(0), false), "{removed:?}");
    let required = hook_with("WorktreeCreate", None, &["--require-session"], &create);
    assert_eq!((required.status.code(), tree.exists()), (FAILED, false));
    assert_eq!(hook("WorktreeCreate", Some(&folder.path().join("writ.sock")), &[]).status.code(), FAILED);
}

#[test]
fn a_launcher_that_is_gone_blocks_what_changes_something() {
    let folder = tempfile::tempdir().unwrap();
    let door = folder.path().join("writ.sock");
    let missing = hook("PreToolUse", Some(&door), &[]);
    drop(UnixListener::bind(folder.path().join("hook.sock")).unwrap());
    let dead = hook("PreToolUse", Some(&door), &[]);
    for output in [missing, dead] {
        assert_eq!(output.status.code(), BLOCKED);
        assert_eq!(
            texts(&output),
            (
                String::new(),
                "writ: session ses_gone is over: its launcher is gone; start again with `writ run`\n".to_owned()
            )
        );
    }
    for event in ["PostToolUse", "SessionStart", "Stop"] {
        assert_eq!(hook(event, Some(&door), &[]).status.code(), FAILED, "{event}");
    }
}

#[test]
fn a_launcher_that_talks_nonsense_blocks_what_changes_something() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("hook.sock")).unwrap();
    let replies: [&[u8]; 4] = [b"", b"hello", b"{}", b"{\"exit\":0,"];
    let launcher = std::thread::spawn(move || {
        for reply in replies.iter().flat_map(|reply| [reply, reply]) {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
            stream.write_all(reply).unwrap();
        }
    });
    for reply in replies {
        let output = hook("PreToolUse", Some(&folder.path().join("writ.sock")), &[]);
        assert_eq!(output.status.code(), BLOCKED, "{reply:?}");
        assert!(texts(&output).1.starts_with("writ: cannot reach the launcher of this session: "), "{output:?}");
        // The client makes none of its own then.
        let output = hook("WorktreeCreate", Some(&folder.path().join("writ.sock")), &[]);
        assert_eq!((output.status.code(), texts(&output).0.as_str()), (FAILED, ""), "{reply:?}");
        assert!(texts(&output).1.starts_with("writ: cannot reach the launcher of this session: "), "{output:?}");
    }
    launcher.join().unwrap();
}

#[test]
fn a_launcher_that_hangs_is_not_waited_for_longer_than_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    // It is never accepted: the connection stands, and nothing comes.
    let _listener = UnixListener::bind(folder.path().join("hook.sock")).unwrap();
    let since = Instant::now();
    let output = hook("SessionEnd", Some(&folder.path().join("writ.sock")), &[]);
    assert_eq!(output.status.code(), FAILED);
    assert!(texts(&output).1.contains("did not answer within 1 s"), "{output:?}");
    assert!(since.elapsed() >= Duration::from_millis(1200), "{:?}", since.elapsed());
}

/// Takes as long as the deadline is.
#[test]
fn a_launcher_that_hangs_blocks_what_changes_something() {
    let folder = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(folder.path().join("hook.sock")).unwrap();
    let door = folder.path().join("writ.sock");
    let hang = |event: &'static str| {
        std::thread::spawn({
            let door = door.clone();
            move || hook(event, Some(&door), &[])
        })
    };
    let hooks = [("PreToolUse", BLOCKED, 55), ("PostToolUse", FAILED, 10)]
        .map(|(event, code, seconds)| (hang(event), code, seconds));
    for (hook, code, seconds) in hooks {
        let output = hook.join().unwrap();
        assert_eq!(output.status.code(), code, "{output:?}");
        assert!(texts(&output).1.contains(&format!("did not answer within {seconds} s")), "{output:?}");
    }
}

#[test]
fn a_killed_launcher_and_a_stranger_are_told_apart() {
    run(async {
        let stage = Stage::start().await;
        let mut session = stage.session();
        let door = session.socket.clone();
        let stranger = hook("PreToolUse", Some(Path::new(&door)), &[]);
        assert_eq!(stranger.status.code(), BLOCKED);
        assert!(texts(&stranger).1.contains("you are not one of its processes"), "{stranger:?}");
        let stranger = hook("WorktreeCreate", Some(Path::new(&door)), &[]);
        assert!(!stranger.status.success() && texts(&stranger).0.is_empty(), "{stranger:?}");
        assert!(texts(&stranger).1.contains("you are not one of its processes"), "{stranger:?}");
        let launcher = Pid::from_raw(i32::try_from(session.launcher.id()).unwrap());
        kill(launcher, Signal::SIGKILL).unwrap();
        session.launcher.wait().unwrap();
        let late = session.asks_to_edit("pool.toml");
        assert_eq!((late.code, late.out.as_str()), (2, ""), "{late:?}");
        assert!(late.err.contains("is over: its launcher is gone"), "{late:?}");
        let folder = Path::new(&door).parent().unwrap().to_owned();
        drop(session.stdin);
        std::fs::remove_dir_all(folder).unwrap();
    });
}

#[test]
fn a_server_that_is_down_stops_hot_paths_and_nothing_else() {
    run(async {
        let stage = Stage::start().await;
        stage.write("pool.toml", "one\n");
        let mut session = stage.session();
        session.reads("pool.toml").assert_silent();
        stage.writ.kill();
        session.asks_to_edit("pool.toml").assert_silent();
        let said = session.asks_to_edit("Cargo.lock").denial();
        assert!(said.contains("the control plane does not answer"), "{said}");
        stage.write("pool.toml", "theirs\n");
        assert!(session.asks_to_edit("pool.toml").denial().contains("not what you read"));
        drop(session.stdin);
        session.launcher.wait().unwrap();
    });
}
