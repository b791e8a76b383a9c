//! The commands of a developer's day against a real control plane, as a script sees them: output, errors, exit codes.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;
use serde_json::json;

use super::texts;
use crate::support::caller::request;
use crate::support::process::{PASSWORD, WRIT};
use crate::support::scrub::scrubbed;
use crate::support::{Opened, People, Writ, run, within};

/// A home folder in which nobody has signed in yet.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(WRIT);
        command.env_clear().env("WRIT_HOME", self.0.path()).env("HOME", self.0.path()).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        shown(&self.command(arguments).output().unwrap())
    }

    /// With this on standard input.
    fn run_typing(&self, arguments: &[&str], input: &str) -> String {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        shown(&child.wait_with_output().unwrap())
    }
}

/// The exit code, standard output, then standard error with a bar before each line.
fn shown(output: &Output) -> String {
    crate::support::leaks::complaint(&output.stderr);
    let (stdout, stderr) = texts(output);
    let story: String = stderr.lines().map(|line| format!("| {line}").trim_end().to_owned() + "\n").collect();
    format!("exit {}\n{stdout}{story}", output.status.code().unwrap())
}

/// Two sessions with calls: one of grace's for `checkout`, one of ada's for nothing.
async fn work(people: &People) -> [Opened; 2] {
    let sessions = [
        people.grace.open(json!({"project": "checkout"})).await,
        people.ada.open(json!({"budget_usd_nanos": 2_000_000_000})).await,
    ];
    for (session, calls) in sessions.iter().zip([2, 1]) {
        for _ in 0..calls {
            assert_eq!(session.caller.message("hello", true).await.status, 200);
        }
        people.ada.settled(&session.id, calls).await;
    }
    sessions
}

#[test]
fn signing_in_and_out() {
    let _scrubbed = scrubbed();
    run(async {
        let writ = Writ::start().await;
        let home = Home::new();
        let bootstrap = writ.bootstrap.clone().unwrap();
        let first = ["login", &writ.url, "--login", "ada", "--bootstrap", &bootstrap, "--password-stdin"];
        assert_snapshot!(home.run(&["whoami"]), @r"
        exit 1
        | error: not signed in
        | hint: sign in with `writ login URL --login NAME`
        ");
        assert_snapshot!(home.run_typing(&first, PASSWORD), @r"
        exit 0
        | signed in to URL as ada (member, admin)
        ");
        assert_snapshot!(home.run(&["whoami"]), @r"
        exit 0
        developer  ada
        id         dev_ID
        roles      member, admin
        teams      none
        projects   none
        server     URL
        ");
        let kept = home.0.path().join("credentials.json");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&kept).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert_snapshot!(home.run_typing(&first, PASSWORD), @r"
        exit 3
        | error: the first administrator exists already: the bootstrap token is spent
        | hint: sign in with `writ login`
        ");
        assert_snapshot!(home.run(&["logout"]), @r"
        exit 0
        | signed out of URL
        ");
        assert!(!kept.exists());
        assert_snapshot!(home.run(&["logout"]), @r"
        exit 0
        | nobody is signed in
        ");
        let again = ["login", &writ.url, "--login", "ada", "--password-stdin"];
        assert_snapshot!(home.run_typing(&again, "a wrong password"), @r"
        exit 1
        | error: wrong sign-in name or password
        ");
        assert_snapshot!(home.run_typing(&again, &format!("{PASSWORD}\n")), @r"
        exit 0
        | signed in to URL as ada (member, admin)
        ");
        assert_snapshot!(home.run(&["login", "http://127.0.0.1:9", "--login", "ada", "--password-stdin"]), @r"
        exit 2
        | error: nothing was entered
        ");
        assert_eq!(writ.log().matches(PASSWORD).count(), 0);
    });
}

#[test]
fn looking_at_sessions_and_ending_one() {
    let _scrubbed = scrubbed();
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let [graces, adas] = work(&people).await;
        let run = |arguments: &[&str]| shown(&writ.command(&people.ada, "home-ada").args(arguments).output().unwrap());
        assert_snapshot!(run(&["sessions"]), @r"
        exit 0
        SESSION                         DEVELOPER  PROJECT       STATUS  OPENED                    CALLS     COST
        ses_ID  ada        unattributed  active  TIME      1  $0.0309
        ses_ID  grace      checkout      active  TIME      2  $0.0618
        ");
        assert_snapshot!(run(&["session", &graces.id]), @r"
        exit 0
        session    ses_ID
        developer  grace
        project    checkout
        profile    default
        status     active
        opened     TIME
        expires    TIME
        cost       $0.0618, budget none of its own
        page       URL/sessions/ses_ID

        CALL                             TIME                      MODEL              OUTCOME    STATUS     COST  QUALITY
        call_ID  TIME  claude-sonnet-5-5  completed     200  $0.0309  exact
        call_ID  TIME  claude-sonnet-5-5  completed     200  $0.0309  exact
        ");
        assert_snapshot!(run(&["session", &adas.id, "--json"]), @r#"
        exit 0
        {"agent":null,"budget_usd_nanos":2000000000,"calls":1,"developer":{"id":"dev_ID","login":"ada"},"expires_at":"TIME","held_usd_nanos":0,"id":"ses_ID","opened_at":"TIME","over":null,"over_at":null,"parent":null,"profile":"default","project":null,"spent_usd_nanos":30900000,"status":"active","team":null,"url":"URL/sessions/ses_ID"}
        "#);
        assert_snapshot!(run(&["revoke", &graces.id, "--reason", "wrong branch"]), @r"
        exit 0
        | session ses_ID of grace is revoked
        ");
        assert_snapshot!(run(&["revoke", &graces.id, "--reason", "again"]), @r"
        exit 3
        | error: session ses_ID is over
        | hint: start a new one with `writ run`
        ");
        assert_snapshot!(run(&["sessions", "--json"]), @r#"
        exit 0
        {"agent":null,"budget_usd_nanos":2000000000,"calls":1,"developer":{"id":"dev_ID","login":"ada"},"expires_at":"TIME","held_usd_nanos":0,"id":"ses_ID","opened_at":"TIME","over":null,"over_at":null,"parent":null,"profile":"default","project":null,"spent_usd_nanos":30900000,"status":"active","team":null,"url":"URL/sessions/ses_ID"}
        "#);
        assert_snapshot!(run(&["sessions", "--all"]), @r"
        exit 0
        SESSION                         DEVELOPER  PROJECT       STATUS   OPENED                    CALLS     COST
        ses_ID  ada        unattributed  active   TIME      1  $0.0309
        ses_ID  grace      checkout      revoked  TIME      2  $0.0618
        ");
        let member =
            |arguments: &[&str]| shown(&writ.command(&people.grace, "home-grace").args(arguments).output().unwrap());
        assert_snapshot!(member(&["sessions"]), @r"
        exit 0
        | no live sessions
        ");
        assert_snapshot!(member(&["revoke", &adas.id, "--reason", "not mine"]), @r"
        exit 3
        | error: this needs the role `admin`, or to be the owner
        | hint: ask an administrator
        ");
        let refused = within("a refusal", graces.caller.call(request("hello", true))).await.unwrap();
        assert_eq!(refused.status, 402);
    });
}

#[test]
fn looking_at_cost() {
    let _scrubbed = scrubbed();
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        work(&people).await;
        let run = |arguments: &[&str]| shown(&writ.command(&people.ada, "home-ada").args(arguments).output().unwrap());
        assert_snapshot!(run(&["cost", "--by", "project,developer"]), @r"
        exit 0
        PROJECT       DEVELOPER  CALLS     COST  INPUT  CACHE WRITE  CACHE READ  OUTPUT
        checkout      grace          2  $0.0618    800        24000           0      20
        unattributed  ada            1  $0.0309    400        12000           0      10
        total                        3  $0.0927   1200        36000           0      30
        ");
        assert_snapshot!(run(&["cost", "--by", "developer", "--json"]), @r#"
        exit 0
        {"cache_read_tokens":0,"cache_write_1h_tokens":0,"cache_write_5m_tokens":24000,"calls":2,"cost_usd_nanos":61800000,"estimated_calls":0,"held_usd_nanos":0,"input_tokens":800,"keys":{"developer":{"id":"dev_ID","name":"grace"}},"list_usd_nanos":61800000,"output_tokens":20,"unpriced_calls":0,"web_searches":0}
        {"cache_read_tokens":0,"cache_write_1h_tokens":0,"cache_write_5m_tokens":12000,"calls":1,"cost_usd_nanos":30900000,"estimated_calls":0,"held_usd_nanos":0,"input_tokens":400,"keys":{"developer":{"id":"dev_ID","name":"ada"}},"list_usd_nanos":30900000,"output_tokens":10,"unpriced_calls":0,"web_searches":0}
        "#);
        assert_snapshot!(run(&["cost", "--by", "team", "--by", "model", "--csv"]), @r"
        exit 0
        team,model,calls,cost_usd,list_usd,held_usd,input_tokens,cache_write_5m_tokens,cache_write_1h_tokens,cache_read_tokens,output_tokens,web_searches,estimated_calls,unpriced_calls
        payments,claude-sonnet-5-5,2,0.061800000,0.061800000,0.000000000,800,24000,0,0,20,0,0,0
        unattributed,claude-sonnet-5-5,1,0.030900000,0.030900000,0.000000000,400,12000,0,0,10,0,0,0
        ");
        assert_snapshot!(run(&["cost", "--by", "day", "--since", "2001-01-01", "--until", "2002-01-01"]), @r"
        exit 0
        DAY    CALLS     COST  INPUT  CACHE WRITE  CACHE READ  OUTPUT
        total      0  $0.0000      0            0           0       0
        ");
        assert_snapshot!(run(&["cost", "--by", "weather"]), @r"
        exit 2
        | error: invalid value 'weather' for '--by <BY>'
        |   [possible values: developer, project, session, model, team, day]
        |
        | For more information, try '--help'.
        ");
        assert_snapshot!(run(&["log", "verify"]), @r"
        exit 0
        16 entries, every one matches its hash
        newest leaf HASH
        ");
    });
}

#[test]
fn a_token_for_plain_clients_is_kept_while_it_lives() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let token = |arguments: &[&str]| {
            let output = writ.command(&people.grace, "home-grace").arg("token").args(arguments).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            texts(&output).0.trim().to_owned()
        };
        let first = token(&["--project", "checkout"]);
        assert!(first.starts_with("writ_ses_"), "{first}");
        assert_eq!(token(&["--project", "checkout"]), first, "a key helper is asked often");
        assert_ne!(token(&[]), first, "another project, another session");
        let caller = crate::support::Caller { url: writ.url.clone(), token: Some(first.clone()) };
        let session = caller.get("/v1/whoami").await.json()["session"]["id"].as_str().unwrap().to_owned();
        let revoked = people.ada.post(&format!("/v1/sessions/{session}/revoke"), json!({"reason": "used up"})).await;
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        assert_ne!(token(&["--project", "checkout"]), first, "a dead token is not handed out");
    });
}
