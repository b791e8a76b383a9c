//! Hooks with the real program on both sides: `writ hook` as the client calls it, inside `writ run` and where its launcher is
//! missing, gone, silent or somebody else's.

mod broken;
mod locks;
mod settings;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::WRIT;
use crate::support::{People, Writ, run};

/// Inside the session: each line is an event and a file with the client's JSON; back comes a line with the exit code, then
/// what the hook printed, in hex.
const RELAY: &str = r#"
echo "$WRIT_SOCKET $WRIT_SESSION_ID"
while read -r event file; do
    out=$("$WRIT" hook "$event" <"$file" 2>err.txt | od -An -v -tx1 | tr -d ' \n'; exit "${PIPESTATUS[0]}")
    echo "$? $out $(od -An -v -tx1 <err.txt | tr -d ' \n')"
done
"#;

/// The first working tree.
const API: &str = "api";

/// A repository, and a control plane.
struct Stage {
    writ: Writ,
    people: People,
    folder: TempDir,
}

/// A session in the repository that calls hooks when it is told to.
struct Session {
    launcher: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    socket: String,
    id: String,
    folder: PathBuf,
    events: usize,
}

/// How a hook ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Stage {
    async fn start() -> Self {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let stage = Self { writ, people, folder: tempfile::tempdir().unwrap() };
        stage.clone_at(API);
        stage
    }

    /// A working tree of the repository, without a commit: sessions work in it, not in a copy.
    fn clone_at(&self, folder: &str) -> PathBuf {
        let path = self.folder.path().canonicalize().unwrap().join(folder);
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args(arguments).env("GIT_CONFIG_NOSYSTEM", "1");
            assert!(git.status().unwrap().success(), "{arguments:?}");
        };
        let at = path.to_str().unwrap();
        git(&["init", "--quiet", "--initial-branch=main", at]);
        git(&["-C", at, "remote", "add", "origin", "git@github.com:acme/api.git"]);
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(API).join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// `writ run` of these words in the repository, as grace.
    fn launcher(&self, words: &[&str]) -> Command {
        let mut launcher = self.writ.command(&self.people.grace, "home-run");
        launcher.args(["run", "--project", "checkout", "--"]).args(words).current_dir(self.path(""));
        launcher.env("GIT_CONFIG_NOSYSTEM", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        launcher
    }

    fn session(&self) -> Session {
        self.session_in(self.path(""))
    }

    /// A session that does not wait for locks.
    fn session_in(&self, folder: PathBuf) -> Session {
        let relay = format!("WRIT={WRIT}\n{RELAY}");
        let mut launcher = self.launcher(&["bash", "-c", &relay]);
        launcher.current_dir(&folder).env("WRIT_LOCK_WAIT", "0");
        let mut launcher = launcher.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (stdin, stdout) = (launcher.stdin.take().unwrap(), launcher.stdout.take().unwrap());
        let mut session = Session {
            launcher,
            stdin,
            stdout: BufReader::new(stdout),
            socket: String::new(),
            id: String::new(),
            folder,
            events: 0,
        };
        let first = session.line();
        let (socket, id) = first.split_once(' ').unwrap();
        (session.socket, session.id) = (socket.to_owned(), id.to_owned());
        session
    }
}

impl Session {
    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "the session ended");
        line.trim_end().to_owned()
    }

    /// The client calls a hook.
    fn hook(&mut self, event: &str, mut input: Value) -> Said {
        input["session_id"] = json!("conversation");
        input["cwd"] = json!(self.folder);
        input["hook_event_name"] = json!(event);
        self.events += 1;
        let file = self.folder.join(format!(".git/event-{}", self.events));
        std::fs::write(&file, input.to_string()).unwrap();
        writeln!(self.stdin, "{event} {}", file.display()).unwrap();
        let line = self.line();
        let mut words = line.split(' ');
        let code = words.next().unwrap().parse().unwrap();
        let mut text = || String::from_utf8(unhex(words.next().unwrap_or_default())).unwrap();
        Said { code, out: text(), err: text() }
    }

    fn reads(&mut self, name: &str) -> Said {
        let content = std::fs::read_to_string(self.folder.join(name)).unwrap();
        let lines = content.lines().count();
        let file = json!({"content": content, "startLine": 1, "numLines": lines, "totalLines": lines});
        self.hook(
            "PostToolUse",
            json!({"tool_name": "Read", "tool_use_id": "r", "duration_ms": 1,
            "tool_input": {"file_path": self.folder.join(name)}, "tool_response": {"type": "text", "file": file}}),
        )
    }

    fn asks_to_edit(&mut self, name: &str) -> Said {
        self.asks_to_replace(name, "one", "two")
    }

    fn asks_to_replace(&mut self, name: &str, old: &str, new: &str) -> Said {
        let input = json!({"file_path": self.folder.join(name), "old_string": old, "new_string": new});
        self.hook("PreToolUse", json!({"tool_name": "Edit", "tool_use_id": "t", "tool_input": input}))
    }

    /// Writes a file as the client does, with both hooks.
    fn writes(&mut self, name: &str, content: &str) -> Said {
        let input = json!({"file_path": self.folder.join(name), "content": content});
        let event = json!({"tool_name": "Write", "tool_use_id": "w", "tool_input": input, "tool_response": {}});
        let before = self.hook("PreToolUse", event.clone());
        if !before.out.contains("deny") {
            std::fs::write(self.folder.join(name), content).unwrap();
            return self.hook("PostToolUse", event);
        }
        before
    }

    /// What the agent is told at its next turn.
    fn is_told(&mut self) -> Option<String> {
        let said = self.hook("UserPromptSubmit", json!({"prompt": "go on"}));
        assert_eq!(said.code, 0, "{said:?}");
        let output: Value = serde_json::from_str(&said.out).ok()?;
        output["hookSpecificOutput"]["additionalContext"].as_str().map(str::to_owned)
    }

    /// Ends the session by its command's end.
    fn end(mut self) {
        drop(self.stdin);
        let status = self.launcher.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Said {
    /// Why the tool is not to be used.
    fn denial(&self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        let output: Value = serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{self:?}"));
        assert_eq!(output["hookSpecificOutput"]["permissionDecision"], "deny", "{output}");
        output["hookSpecificOutput"]["permissionDecisionReason"].as_str().unwrap().to_owned()
    }

    /// Nothing at all: the tool goes on.
    fn assert_silent(&self) {
        assert_eq!((self.code, self.out.as_str(), self.err.as_str()), (0, "", ""));
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn texts(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn inside_a_session_a_stale_change_is_refused_and_a_fresh_one_is_not() {
    run(async {
        let stage = Stage::start().await;
        stage.write("pool.toml", "one\n");
        let mut session = stage.session();
        let started = session.hook("SessionStart", json!({"source": "startup"}));
        assert!(started.out.contains(&format!("this is session {} of grace for checkout", session.id)), "{started:?}");
        session.reads("pool.toml").assert_silent();
        session.asks_to_edit("pool.toml").assert_silent();
        stage.write("pool.toml", "theirs\n");
        let said = session.asks_to_edit("pool.toml").denial();
        assert!(said.contains("pool.toml is not what you read") && said.contains("+theirs"), "{said}");
        session.reads("pool.toml").assert_silent();
        session.asks_to_edit("pool.toml").assert_silent();
        session.hook("Stop", json!({})).assert_silent();
        session.hook("SessionEnd", json!({"reason": "other"})).assert_silent();
        session.end();
    });
}

#[test]
fn variables_go_into_the_client_s_file_and_an_intent_is_taken() {
    run(async {
        let stage = Stage::start().await;
        let script = format!(
            "export CLAUDE_ENV_FILE=$PWD/.git/env; echo '{{\"source\":\"startup\"}}' | {WRIT} hook SessionStart >/dev/null
            {WRIT} hook intent 'raise the pool size' && cat .git/env; {WRIT} hook intent ''; echo $?"
        );
        let output = stage.launcher(&["sh", "-c", &script]).output().unwrap();
        let (stdout, stderr) = texts(&output);
        let id = stdout.lines().next().unwrap().strip_prefix("export WRIT_SESSION_ID=").unwrap();
        assert!(id.starts_with("ses_") && stdout.ends_with("\n2\n"), "{stdout}{stderr}");
        assert!(stderr.contains("an intent has 1 to 500 characters, this one has 0"), "{stderr}");
    });
}
