//! Credentials inside `writ run`, against a mock control plane: who gets them, how often one is made, and what is left of
//! them. The clients that use them are real in the tests of the brokers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::mock_plane::{CREDENTIALS, MockPlane};
use crate::support::process::WRIT;
use crate::support::{run, until};

/// What is granted in these tests.
fn grants() -> Value {
    json!([
        { "broker": "t", "kind": "token", "target": "one", "scope": { "access": ["read"] }, "max_lifetime_seconds": 3600,
          "delivery": { "env": { "plain": { "ONE_URL": "https://one" } } } },
        { "broker": "t", "kind": "token", "target": "registry", "delivery": { "docker": { "registries": ["r.example.com"] } } },
        { "broker": "c", "kind": "aws", "target": "dev", "delivery": { "aws": { "region": "eu-west-1" } } },
    ])
}

/// A session whose command runs what it is told, line by line.
pub(super) struct Session {
    _home: tempfile::TempDir,
    launcher: Child,
    stdout: BufReader<ChildStdout>,
    socket: String,
}

/// Runs each line it reads, then says how that ended.
const LOOP: &str = r#"trap '' TERM; while IFS= read -r line; do sh -c "$line" 2>&1; printf '\n==%s\n' $?; done"#;

impl Session {
    pub(super) fn start(plane: &MockPlane) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut writ = launcher(plane, &home);
        writ.args(["sh", "-c", LOOP]);
        let mut launcher = writ.spawn().unwrap();
        let stdout = BufReader::new(launcher.stdout.take().unwrap());
        let mut session = Self { _home: home, launcher, stdout, socket: String::new() };
        session.socket = session.does("echo $WRIT_SOCKET");
        assert!(session.socket.ends_with("/writ.sock"), "{}", session.socket);
        session
    }

    /// What a command inside says, and its exit code.
    fn runs(&mut self, line: &str) -> (String, i32) {
        writeln!(self.launcher.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut said = String::new();
        loop {
            let start = said.len();
            assert_ne!(self.stdout.read_line(&mut said).unwrap(), 0, "the command is gone: {said}");
            if let Some(code) = said[start..].strip_prefix("==") {
                let code = code.trim().parse().unwrap();
                said.truncate(start);
                return (said.trim_end().to_owned(), code);
            }
        }
    }

    pub(super) fn does(&mut self, line: &str) -> String {
        let (said, code) = self.runs(line);
        assert_eq!(code, 0, "{line}: {said}");
        said
    }

    pub(super) fn fails(&mut self, line: &str) -> String {
        let (said, code) = self.runs(line);
        assert_ne!(code, 0, "{line}: {said}");
        said
    }

    /// Ends it; what the launcher said.
    pub(super) fn end(mut self) -> String {
        drop(self.launcher.stdin.take());
        let output = self.launcher.wait_with_output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    }
}

fn launcher(plane: &MockPlane, home: &tempfile::TempDir) -> Command {
    let credentials = json!({ "server": plane.url(), "token": "writ_sin_test", "developer": "grace" });
    std::fs::write(home.path().join("credentials.json"), credentials.to_string()).unwrap();
    let mut writ = Command::new(WRIT);
    writ.env_clear().env("WRIT_HOME", home.path()).env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
    writ.env("AWS_PROFILE", "prod").env("KUBECONFIG", "/theirs");
    // Not where the tests run: that is a repository, and `writ run` would make a workspace of it.
    writ.current_dir(home.path()).args(["run", "--project", "checkout", "--no-git", "--"]);
    writ.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    writ
}

/// A command of this test, which is no process of any session.
fn outside(arguments: &[&str], socket: &str) -> Output {
    Command::new(WRIT).args(arguments).env_clear().env("WRIT_SOCKET", socket).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_session_s_programs_find_what_is_granted_and_nothing_secret_lies_around() {
    let plane = MockPlane::granting(usize::MAX, grants());
    let mut session = Session::start(&plane);
    let granted = session.does(&format!("{WRIT} credential granted"));
    let lines: Vec<_> = granted.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "NAME KIND SCOPE AT MOST DELIVERED AS",
            "t/one token access=read 1h env",
            "t/registry token the target's own docker",
            "c/dev aws the target's own aws",
        ]
    );
    let get =
        |session: &mut Session, format: &str| session.does(&format!("{WRIT} credential get t/one --format {format}"));
    assert_eq!(get(&mut session, "token"), "S3CRET-1");
    let json: Value = serde_json::from_str(&get(&mut session, "json")).unwrap();
    assert_eq!((&json["id"], &json["secret"]["token"]), (&json!("crd_1"), &json!("S3CRET-1")));
    let inherited = session.does(&format!("{WRIT} credential exec t/one -- sh -c 'echo $TOKEN $ONE_URL'"));
    assert_eq!(inherited, "S3CRET-1 https://one");
    let docker = session.does("echo r.example.com | docker-credential-writ get");
    assert_eq!(serde_json::from_str::<Value>(&docker).unwrap()["Secret"], "S3CRET-2");
    let (none, code) = session.runs("echo other.example.com | docker-credential-writ get");
    assert_eq!((none.as_str(), code), ("credentials not found in native keychain", 1));
    // As its client calls it: with nothing but the configuration.
    let process = session.does("grep credential_process $AWS_CONFIG_FILE | head -n 1 | cut -d= -f2-");
    let aws: Value = serde_json::from_str(&session.does(&format!("env -i {process}"))).unwrap();
    assert_eq!((&aws["Version"], &aws["SessionToken"]), (&json!(1), &json!("S3CRET-t-3")));
    assert_eq!(plane.count(CREDENTIALS), 3, "one of each");

    let environment = session.does("env");
    assert!(environment.contains("ONE_URL=https://one") && environment.contains("AWS_REGION=eu-west-1"));
    assert!(!environment.contains("AWS_PROFILE=prod") && !environment.contains("KUBECONFIG"), "{environment}");
    let folder = session.does("dirname $WRIT_SOCKET");
    let found = session.does(&format!("grep -rl S3CRET {folder} /proc/self/environ || true"));
    assert_eq!(found, "");
    let others = session.does(&format!("find {folder} -perm /077 ! -type l ! -type s || true"));
    assert_eq!(others, "", "only this user can read it");
    let refused = session.fails(&format!("{WRIT} credential get t/other"));
    assert!(refused.contains("error: t/other is not granted"), "{refused}");
    let story = session.end();
    assert!(story.contains("credentials of this session: t/one, t/registry, c/dev"), "{story}");
    assert!(story.contains("not passed on: AWS_PROFILE, KUBECONFIG"), "{story}");
    assert!(!story.contains("S3CRET"), "{story}");
    assert!(!std::path::Path::new(&folder).exists(), "{folder}");
}

#[test]
fn a_hundred_helpers_at_a_time_get_one_credential() {
    let plane = MockPlane::granting(usize::MAX, grants());
    let mut session = Session::start(&plane);
    let said = session.does(&format!(
        "i=0; while [ $i -lt 100 ]; do {WRIT} credential get t/one --format token & i=$((i+1)); done; wait"
    ));
    let lines: Vec<_> = said.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!((lines.len(), lines.iter().filter(|line| **line == "S3CRET-1").count()), (100, 100));
    assert_eq!(plane.count(CREDENTIALS), 1);
    assert_eq!(session.does(&format!("{WRIT} credential get t/one --format token --fresh")), "S3CRET-2");
    assert_eq!(session.does(&format!("{WRIT} credential get t/one --format token")), "S3CRET-2");
}

#[test]
fn a_helper_outside_of_the_session_or_in_another_one_gets_a_sentence() {
    let plane = MockPlane::granting(usize::MAX, grants());
    let mut session = Session::start(&plane);
    let socket = session.socket.clone();
    let mut other = Session::start(&plane);
    let sentence = "error: this socket belongs to session ses_test: you are not one of its processes";
    for arguments in [
        &["credential", "get", "t/one"][..],
        &["credential", "granted"],
        &["credential-helper", "aws", "c/dev"],
        &["credential-helper", "model"],
        &["token"],
        &["record", "commit", "x"],
    ] {
        let output = outside(arguments, &socket);
        assert!(!output.status.success() && said(&output).contains(sentence), "{arguments:?}: {}", said(&output));
        let told = other.fails(&format!("WRIT_SOCKET={socket} {WRIT} {}", arguments.join(" ")));
        assert!(told.contains(sentence), "{arguments:?}: {told}");
    }
    let without = Command::new(WRIT).args(["credential", "get", "t/one"]).env_clear().output().unwrap();
    assert!(said(&without).contains("this is not inside a session"), "{}", said(&without));
    assert_eq!(plane.count(CREDENTIALS), 0, "nobody asked for one");
    assert_eq!(session.does(&format!("{WRIT} credential get t/one --format token")), "S3CRET-1");
    assert_eq!(other.does(&format!("{WRIT} credential get t/one --format token")), "S3CRET-2", "each has its own");
}

#[test]
fn a_session_inside_a_session_has_its_own_socket_and_not_the_other_s() {
    let plane = MockPlane::granting(usize::MAX, grants());
    let mut session = Session::start(&plane);
    let socket = session.socket.clone();
    let inner = format!("{WRIT} run --project checkout --no-git -- sh -c");
    let told = session.does(&format!("{inner} '{WRIT} credential get t/one --format token' 2>/dev/null"));
    assert_eq!(told, "S3CRET-1");
    let told = session.fails(&format!("{inner} 'WRIT_SOCKET={socket} {WRIT} credential get t/one'"));
    assert!(told.contains("you are not one of its processes"), "{told}");
    assert_eq!(
        session.does(&format!("{WRIT} credential get t/one --format token")),
        "S3CRET-2",
        "the outer one goes on"
    );
}

#[test]
fn a_process_in_the_background_is_of_the_session_as_long_as_there_is_one() {
    run(async {
        let plane = MockPlane::granting(usize::MAX, grants());
        let mut session = Session::start(&plane);
        let folder = tempfile::tempdir().unwrap();
        let (early, late) = (folder.path().join("early"), folder.path().join("late"));
        // Its parents are gone when it asks, and it outlives the session.
        let script = format!(
            "while [ $(cut -d\" \" -f4 /proc/$$/stat) = $0 ]; do sleep 0.02; done; {WRIT} credential get t/one --format token >{0}.new 2>&1; \
             mv {0}.new {0}; while [ -e $WRIT_SOCKET ]; do sleep 0.05; done; {WRIT} credential get t/one >{1}.new 2>&1; mv {1}.new {1}",
            early.display(),
            late.display()
        );
        std::fs::write(folder.path().join("daemon"), script).unwrap();
        session.does(&format!(
            "setsid sh -c 'sh {}/daemon $$ </dev/null >/dev/null 2>&1 & sleep 0.1'",
            folder.path().display()
        ));
        let read = |path: &std::path::Path| std::fs::read_to_string(path).ok();
        assert_eq!(until("the daemon's credential", || async { read(&early) }).await.trim(), "S3CRET-1");
        session.end();
        let over = until("the daemon's refusal", || async { read(&late) }).await;
        assert_eq!(over.trim(), "error: session ses_test is over: its launcher is gone");
    });
}

#[test]
fn what_ended_in_the_background_is_no_zombie() {
    run(async {
        let plane = MockPlane::granting(usize::MAX, grants());
        let mut session = Session::start(&plane);
        let pid = session.launcher.id();
        // Sleeps past its parents' end, so that the launcher is its parent when it ends.
        session.does("setsid sh -c 'sleep 0.4 & sleep 0.4 & sleep 0.4 &' </dev/null >/dev/null 2>&1");
        let children = || {
            let all = std::fs::read_dir("/proc").unwrap().flatten();
            let stats = all.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
            let ours = stats
                .filter(|stat| stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1) == Some(&pid.to_string()));
            ours.filter(|stat| stat.contains("(sleep)")).count()
        };
        until("three to be adopted", || async { (children() == 3).then_some(()) }).await;
        until("three to be noticed", || async { (children() == 0).then_some(()) }).await;
        assert_eq!(session.does("echo goes on"), "goes on");
    });
}

#[test]
fn a_session_that_is_revoked_gives_nothing_any_more() {
    let plane = MockPlane::granting(usize::MAX, grants());
    let mut session = Session::start(&plane);
    assert_eq!(session.does(&format!("{WRIT} credential get t/one --format token")), "S3CRET-1");
    plane.revoke();
    // The launcher hears of it at its next beat, and five seconds later nobody is left to ask.
    let told = session.fails(&format!(
        "while {WRIT} credential get t/one --format token >/dev/null 2>$HOME/e; do sleep 0.05; done; cat $HOME/e; false"
    ));
    assert!(told.contains("session ses_test was revoked by ada (wrong branch)"), "{told}");
    assert_eq!(plane.count(CREDENTIALS), 1);
    let story = session.end();
    assert!(story.contains("the agent was stopped: session ses_test was revoked"), "{story}");
}

#[test]
fn a_clock_that_is_off_by_ten_minutes_changes_nothing() {
    for off in [-600, 600] {
        let plane = MockPlane::granting(usize::MAX, grants());
        plane.set_clock_off(off);
        let mut session = Session::start(&plane);
        for _ in 0..2 {
            let aws: Value =
                serde_json::from_str(&session.does(&format!("{WRIT} credential-helper aws c/dev"))).unwrap();
            let expires: jiff::Timestamp = aws["Expiration"].as_str().unwrap().parse().unwrap();
            let left = expires.as_second() - control::seam::Clock::System.now().unix_seconds();
            assert!(
                (3_500..=3_600).contains(&left),
                "{left} s by this machine's clock, whose server is off by {off} s"
            );
        }
        assert_eq!(plane.count(CREDENTIALS), 1);
    }
}

#[test]
fn a_control_plane_that_is_away_for_a_moment_is_asked_again() {
    let plane = MockPlane::granting(usize::MAX, grants());
    let mut session = Session::start(&plane);
    plane.drop_next(3);
    assert_eq!(session.does(&format!("{WRIT} credential get t/one --format token")), "S3CRET-4");
    plane.drop_next(usize::MAX);
    assert_eq!(session.does(&format!("{WRIT} credential get t/one --format token")), "S3CRET-4", "it is good still");
    let told = session.fails(&format!("timeout 30 {WRIT} credential get t/registry"));
    assert!(told.contains("error: no credential for t/registry: the control plane was asked for "), "{told}");
}
