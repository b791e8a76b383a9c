//! `writ run` against a real control plane: what the log knows afterwards, however the command ended.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use insta::assert_snapshot;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{is_zombie, texts};
use crate::support::process::WRIT;
use crate::support::scrub::scrubbed;
use crate::support::{People, Writ, WritOptions, run, until};

/// The launcher asks every two seconds whether its session is over; a stubborn agent gets five more.
const ENDED_MAX: Duration = Duration::from_secs(15);

struct Stage {
    writ: Writ,
    people: People,
}

/// A command under `writ run` that has said that it is ready.
struct Running {
    launcher: Child,
    stdout: BufReader<std::process::ChildStdout>,
    /// What it said before that.
    said: Vec<String>,
}

impl Stage {
    async fn start() -> Self {
        Self::with(WritOptions::default()).await
    }

    async fn with(options: WritOptions) -> Self {
        let writ = Writ::start_with(options).await;
        let people = writ.people().await;
        Self { writ, people }
    }

    /// `writ run` of a command as grace, for `checkout`.
    fn run(&self, command: &[&str]) -> Command {
        let mut writ = self.writ.command(&self.people.grace, "home-run");
        writ.args(["run", "--project", "checkout", "--"]).args(command);
        writ.stdout(Stdio::piped()).stderr(Stdio::piped());
        writ
    }

    /// The same for a shell script that says `ready` at some time.
    fn spawn(&self, script: &str) -> Running {
        let mut launcher = self.run(&["sh", "-c", script]).spawn().unwrap();
        let mut stdout = BufReader::new(launcher.stdout.take().unwrap());
        let mut said = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "ended before it was ready: {said:?}");
            match line.trim_end() {
                "ready" => return Running { launcher, stdout, said },
                other => said.push(other.to_owned()),
            }
        }
    }

    /// The newest session.
    async fn session(&self) -> Value {
        self.people.ada.get("/v1/sessions?limit=1").await.json()["sessions"][0].clone()
    }

    async fn revoke(&self, reason: &str) -> String {
        let id = self.session().await["id"].as_str().unwrap().to_owned();
        let answer = self.people.ada.post(&format!("/v1/sessions/{id}/revoke"), json!({"reason": reason})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        id
    }
}

impl Running {
    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.launcher.id()).unwrap())
    }

    /// Waits for its end: exit code, what the command said after `ready`, what the launcher said.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut told = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut told).unwrap();
        let output = self.launcher.wait_with_output().unwrap();
        (output.status.code(), told, texts(&output).1)
    }
}

#[test]
fn whatever_ends_the_command_ends_the_session_with_its_code() {
    run(async {
        let stage = Stage::start().await;
        let script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done";
        for (what, expected) in [("exit", 7), ("kill", 137), ("term", 3), ("not executable", 126)] {
            let code = match what {
                "exit" => stage.run(&["sh", "-c", "exit 7"]).output().unwrap().status.code(),
                "kill" => stage.run(&["sh", "-c", "kill -KILL $$"]).output().unwrap().status.code(),
                "not executable" => stage.run(&["/dev/null"]).output().unwrap().status.code(),
                _ => {
                    let running = stage.spawn(script);
                    kill(running.pid(), Signal::SIGTERM).unwrap();
                    running.end().0
                }
            };
            assert_eq!(code, Some(expected), "{what}");
            let session = stage.session().await;
            assert_eq!(
                (&session["status"], &session["over"]["exit_code"]),
                (&json!("ended"), &json!(expected)),
                "{what}"
            );
        }
        let live = stage.people.ada.get("/v1/sessions?live=true").await.json();
        assert_eq!(live["sessions"], json!([]), "none is left behind");
    });
}

#[test]
fn a_command_that_is_stopped_where_there_is_no_terminal_stops_nobody_else() {
    run(async {
        let stage = Stage::start().await;
        let script = "(sleep 0.5; kill -CONT $$) & kill -STOP $$; echo on; exit 4";
        let launcher = stage.run(&["sh", "-c", script]);
        // In a session without a terminal, and in a process group that its shell could have go on.
        let mut shell = Command::new("setsid");
        shell.args(["--wait", "bash", "-c", "set -m; \"$@\" & wait $!", "shell"]);
        shell.arg(launcher.get_program()).args(launcher.get_args());
        shell.env_clear().envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = shell.current_dir(stage.writ.path()).output().unwrap();
        let (stdout, stderr) = texts(&output);
        assert_eq!((stdout.as_str(), output.status.code()), ("on\n", Some(4)), "{stderr}");
    });
}

#[test]
fn the_command_gets_no_credential_but_the_launcher_gives_it_the_session_s_token() {
    run(async {
        let stage = Stage::start().await;
        // `env` says what it got; then the command lines of the command itself and of the launcher; then what it can ask for.
        let script = "env; tr '\\0' ' ' </proc/$$/cmdline; echo; tr '\\0' ' ' </proc/$PPID/cmdline; echo; \
            echo; $0 token; $0 credential-helper model; $0 token --project checkout 2>&1";
        let mut launcher = stage.run(&["sh", "-c", script, WRIT]);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GH_TOKEN", "ANTHROPIC_API_KEY"]
        {
            launcher.env(name, "a-credential");
        }
        launcher.env("AWS_REGION", "eu-west-1").env("ANTHROPIC_BASE_URL", "http://127.0.0.1:9");
        let output = launcher.output().unwrap();
        let (stdout, story) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{stdout}{story}");
        assert!(!stdout.contains("a-credential"), "{stdout}");
        let (stdout, asked) = stdout.split_once("\n\n").unwrap();
        let session = stage.session().await;
        let id = session["id"].as_str().unwrap();
        for expected in [
            format!("ANTHROPIC_BASE_URL={}", stage.writ.url_of_commands()),
            format!("WRIT_SESSION_ID={id}"),
            format!("WRIT_PROJECT_ID={}", session["project"]["id"].as_str().unwrap()),
            format!("WRIT_DEVELOPER_ID={}", session["developer"]["id"].as_str().unwrap()),
            "AWS_REGION=eu-west-1".to_owned(),
        ] {
            assert!(stdout.lines().any(|line| line == expected), "{expected} is not in\n{stdout}");
        }
        assert!(!stdout.contains("writ_ses_"), "the token is in a variable or in a command line:\n{stdout}");
        let asked: Vec<&str> = asked.lines().collect();
        let [token, same, refused, hint] = asked[..] else { panic!("{asked:?}") };
        assert!(token.starts_with("writ_ses_"));
        assert_eq!(token, same);
        assert_eq!(refused, "error: inside a session `writ token` prints that session's own token, and opens none");
        assert!(hint.starts_with("hint: leave `--project`, "), "{hint}");
        assert!(!story.contains(token), "{story}");
        let sign_in = stage.people.grace.token.as_deref().unwrap();
        assert!(!stdout.contains(sign_in) && !story.contains(sign_in), "the developer's sign-in stays theirs");
        assert!(!stage.writ.log().contains(token), "{}", stage.writ.log());
    });
}

#[test]
fn the_summary_has_five_lines() {
    let _scrubbed = scrubbed();
    run(async {
        let stage = Stage::start().await;
        let work = tempfile::tempdir().unwrap();
        let mut launcher = stage.writ.command(&stage.people.grace, "home-run");
        launcher.args(["run", "--project", "checkout", "--budget", "5.00", "--", WRIT, "demo-agent"]);
        let output = launcher.current_dir(work.path()).output().unwrap();
        let (stdout, story) = texts(&output);
        assert!(output.status.success(), "{stdout}{story}");
        let timeless = |line| if str::starts_with(line, "writ: duration") { "writ: duration (some)" } else { line };
        let story: Vec<&str> = story.lines().map(timeless).collect();
        assert_snapshot!(story.join("\n"), @r"
        writ: working in place: this is not in a git repository
        writ: session ses_ID of grace for project checkout
        writ: session  ses_ID, checkout, ended
        writ: duration (some)
        writ: calls    9
        writ: cost     $0.0867 of $5.0000
        writ: link     URL/sessions/ses_ID
        ");
        let id = stage.session().await["id"].as_str().unwrap().to_owned();
        stage.people.ada.settled(&id, 9).await;
        stage.people.ada.assert_sums_agree().await;
    });
}

#[test]
fn a_revoked_session_ends_all_its_processes_in_one_sentence() {
    run(async {
        let stage = Stage::start().await;
        let running = stage.spawn("sleep 600 & echo $!; echo ready; wait");
        let grandchild = Pid::from_raw(running.said[0].parse().unwrap());
        let since = Instant::now();
        let id = stage.revoke("wrong branch").await;
        let (code, _, story) = running.end();
        assert!(since.elapsed() < ENDED_MAX, "{:?}", since.elapsed());
        assert_eq!(code, Some(143), "{story}");
        let sentence = format!("writ: the agent was stopped: session {id} was revoked by ada (wrong branch) at ");
        assert_eq!(story.matches(&sentence).count(), 1, "{story}");
        assert!(story.contains("; start a new one with `writ run`\n"), "{story}");
        assert!(kill(grandchild, None).is_err() || is_zombie(grandchild), "process {grandchild} is still there");
    });
}

#[test]
fn an_agent_that_ignores_the_request_to_end_is_killed() {
    run(async {
        let stage = Stage::start().await;
        let running = stage.spawn("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        let since = Instant::now();
        stage.revoke("enough").await;
        let (code, _, story) = running.end();
        assert!(since.elapsed() < ENDED_MAX, "{:?}", since.elapsed());
        assert_eq!(code, Some(137), "{story}");
        assert!(story.contains("was revoked by ada (enough)"), "{story}");
    });
}

#[test]
fn a_control_plane_that_goes_away_is_waited_for_and_told_of_once() {
    run(async {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut stage = Stage::with(WritOptions { listen: Some(free.to_string()), ..WritOptions::default() }).await;
        let go = stage.writ.path().join("go");
        let script = format!("echo ready; while [ ! -e {} ]; do sleep 0.05; done; echo went on", go.display());
        let mut running = stage.spawn(&script);
        let mut story = BufReader::new(running.launcher.stderr.take().unwrap());
        stage.writ.kill();
        let mut told = String::new();
        read_until(&mut story, &mut told, "the control plane does not answer; the agent goes on");
        stage.writ.restart().await;
        read_until(&mut story, &mut told, "the control plane answers again");
        std::fs::write(&go, "").unwrap();
        let (code, said, _) = running.end();
        std::io::Read::read_to_string(&mut story, &mut told).unwrap();
        assert_eq!((code, said.trim()), (Some(0), "went on"), "{told}");
        assert_eq!(told.matches("does not answer").count(), 1, "{told}");
        let session = stage.session().await;
        assert_eq!((&session["status"], &session["over"]["exit_code"]), (&json!("ended"), &json!(0)), "{session:#}");
    });
}

/// Reads lines until one has this text; the harness ends a test that waits for ever.
fn read_until(from: &mut impl BufRead, told: &mut String, text: &str) {
    while !told.contains(text) {
        assert_ne!(from.read_line(told).unwrap(), 0, "ended before it said `{text}`: {told}");
    }
}

#[test]
fn a_control_plane_that_is_gone_at_the_end_is_told_of_and_changes_no_exit_code() {
    run(async {
        let stage = Stage::start().await;
        let running = stage.spawn("echo ready; read line; exit 4");
        stage.writ.kill();
        // Standard input is empty, so the command ends by itself.
        let (code, _, story) = running.end();
        assert_eq!(code, Some(4), "{story}");
        assert!(story.contains("writ: cannot end the session: "), "{story}");
        assert!(story.contains("expires by itself within "), "{story}");
    });
}

#[test]
fn a_session_with_a_budget_and_a_life_of_its_own_has_them() {
    run(async {
        let stage = Stage::start().await;
        let mut launcher = stage.writ.command(&stage.people.grace, "home-run");
        let output = launcher.args(["run", "--ttl", "90m", "--budget", "2.50", "true"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let session = until("the session", || async { Some(stage.session().await) }).await;
        assert_eq!((&session["budget_usd_nanos"], &session["project"]), (&json!(2_500_000_000_i64), &Value::Null));
        let at = |name: &str| session[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(at("expires_at").as_second() - at("opened_at").as_second(), 90 * 60);
    });
}
