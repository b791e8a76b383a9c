//! The whole way: a broker is configured, a project is granted a target, and psql works inside `writ run`.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::server::Real;
use crate::support::{Caller, People, Writ, run, until};

/// A control plane whose project `checkout` may use the target `db/app`.
pub(super) struct Stage {
    pub(super) writ: Writ,
    pub(super) people: People,
    pub(super) real: Real,
}

impl Stage {
    pub(super) async fn start() -> Self {
        Self::start_with(|real| real.settings(json!({}))).await
    }

    async fn start_with(settings: impl FnOnce(&Real) -> Value) -> Self {
        let real = Real::start();
        let settings = settings(&real);
        let writ = Writ::start().await;
        let people = writ.people().await;
        let stage = Self { writ, people, real };
        let answer = stage.configure(&settings, stage.real.text("broker_password")).await;
        assert_eq!(answer.0, 200, "{}", answer.1);
        assert_eq!(answer.1["tried"], json!([{ "target": "app", "revoked": true }]), "{}", answer.1);
        let granted = stage.people.ada.put("/v1/projects/checkout/grants/db/app", Some(json!({}))).await;
        assert!(granted.status == 200 || granted.status == 201, "{}", granted.text());
        stage
    }

    async fn configure(&self, settings: &Value, password: &str) -> (u16, Value) {
        let body = json!({ "kind": "postgres", "settings": settings, "secrets": { "password": password } });
        let answer = self.people.ada.put("/v1/brokers/db", Some(body)).await;
        (answer.status.as_u16(), answer.json())
    }

    /// `writ run` of a shell script, as grace.
    fn launcher(&self, script: &str) -> Command {
        let mut writ = self.writ.command(&self.people.grace, "home-run");
        writ.args(["run", "--project", "checkout", "--no-git", "--", "sh", "-c", script]);
        writ.current_dir(self.writ.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        writ
    }

    /// Roles at the server whose names hold this.
    fn roles(&self, session: &str) -> u32 {
        let ulid = session.trim_start_matches("ses_").to_lowercase();
        self.real.sql(&format!("select count(*) from pg_roles where rolname like 's\\_{ulid}\\_%'")).parse().unwrap()
    }

    async fn until_no_role(&self, session: &str) {
        until("the session's roles to be gone", || async { (self.roles(session) == 0).then_some(()) }).await;
    }

    async fn until_yes(&self, what: &str, question: &str) {
        until(what, || async { (self.real.sql(question) == "t").then_some(()) }).await;
    }

    /// The session that is open now.
    async fn open_session(&self) -> String {
        until("a session", || async {
            let sessions = self.people.ada.get("/v1/sessions?live=true").await.json();
            sessions["sessions"][0]["id"].as_str().map(str::to_owned)
        })
        .await
    }
}

fn said(output: &Output) -> (String, String) {
    crate::support::leaks::complaint(&output.stderr);
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The session's id, as `writ run` tells it.
fn session_in(story: &str) -> String {
    let start = story.find("ses_").unwrap_or_else(|| panic!("no session in {story}"));
    story[start..start + 30].to_owned()
}

#[test]
fn psql_works_without_a_password_and_nothing_is_left() {
    run(async {
        let stage = Stage::start().await;
        let table = format!("left_behind_{}", std::process::id());
        let script = "psql -XqAtc 'select session_user, current_user, count(*) >= 2 from payments.invoice'; \
            psql -XqAtc 'set role none; create table payments.TABLE (i int)'; \
            env; cat /proc/self/environ | tr '\\0' '\\n'; \
            grep -rs writ_pg_ \"$PGHOST/../..\" && echo 'a password on disk'; \
            psql -X -d postgres -c 'select 1' 2>&1; echo \"code $?\"";
        let output = stage.launcher(&script.replace("TABLE", &table)).output().unwrap();
        let (stdout, story) = said(&output);
        assert!(output.status.success(), "{stdout}{story}");
        let session = session_in(&story);
        let role = stdout.lines().next().unwrap().split('|').next().unwrap().to_owned();
        let ulid = session.trim_start_matches("ses_").to_lowercase();
        assert_eq!(stdout.lines().next(), Some(format!("s_{ulid}_1_grace_checkout|payments_rw|t").as_str()), "{story}");
        assert!(!stdout.contains("writ_pg_") && !story.contains("writ_pg_"), "{stdout}{story}");
        assert!(!stdout.contains("a password on disk"), "{stdout}");
        let other = "FATAL:  this socket leads to the database `payments` of db/app only, not to `postgres`";
        assert!(stdout.contains(other) && stdout.contains("code 2"), "{stdout}");
        stage.until_no_role(&session).await;
        let owner = format!("select tableowner = 'payments_rw' from pg_tables where tablename = '{table}'");
        assert_eq!(stage.real.sql(&owner), "t");
        stage.real.sql(&format!("drop table payments.{table}"));
        assert!(stage.real.log().contains(&format!("user={role}")), "the server's log names the role");
        let told = stage.writ.command(&stage.people.ada, "home-who").args(["who", &role]).output().unwrap();
        assert!(said(&told).0.contains(&session), "{told:?}");
        assert!(!stage.writ.log().contains("writ_pg_"));
    });
}

/// writ and the launcher both check the server's certificate, and everything goes through TLS.
#[test]
fn all_of_it_goes_through_tls() {
    run(async {
        let stage = Stage::start_with(|real| real.over_tls(json!({}))).await;
        let script = "psql -XqAt -c 'set role none' -c 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()'; \
            psql -XqAtc 'select 300000' \
            -c 'select repeat($$y$$, 5000000)' | wc -c";
        let output = stage.launcher(script).output().unwrap();
        let (stdout, story) = said(&output);
        assert_eq!(stdout, "t|TLSv1.3\n5000008\n", "{story}");
        stage.until_no_role(&session_in(&story)).await;
    });
}

#[test]
fn a_revoked_session_loses_its_connections() {
    run(async {
        let stage = Stage::start().await;
        let table = format!("payments.kept_{}", std::process::id());
        let script = format!(
            "psql -XqAt -c 'set role none; create table {table} (i int)' -c 'begin' \
             -c 'insert into {table} values (1)' -c 'select pg_sleep(600)' 2>&1; echo \"code $?\""
        );
        let launcher = stage.launcher(&script).spawn().unwrap();
        let session = stage.open_session().await;
        let ulid = session.trim_start_matches("ses_").to_lowercase();
        let connected = format!(
            "select count(*) = 1 from pg_stat_activity where usename like 's\\_{ulid}%' and query like '%pg_sleep%'"
        );
        stage.until_yes("psql to be at work", &connected).await;
        let revoked =
            stage.people.ada.post(&format!("/v1/sessions/{session}/revoke"), json!({ "reason": "stop" })).await;
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        stage.until_no_role(&session).await;
        assert_eq!(stage.real.sql(&connected), "f");
        let (stdout, story) = said(&launcher.wait_with_output().unwrap());
        assert!(!stdout.contains("code 0"), "{stdout}{story}");
        assert_eq!(stage.real.sql(&format!("select count(*) from {table}")), "0", "what was under way is rolled back");
        stage.real.sql(&format!("drop table {table}"));
    });
}

#[test]
fn a_query_is_cancelled_and_a_revoked_role_replaced() {
    run(async {
        let stage = Stage::start().await;
        let script = "timeout -s INT 1 psql -XqAtc 'select pg_sleep(600)' 2>&1; \
            psql -XqAtc 'select session_user'; touch ready; \
            while [ ! -e go ]; do sleep 0.1; done; psql -XqAtc 'select session_user'";
        let launcher = stage.launcher(script).spawn().unwrap();
        let session = stage.open_session().await;
        let ready = stage.writ.path().join("ready");
        until("the query to be cancelled and another to be answered", || async { ready.exists().then_some(()) }).await;
        let ulid = session.trim_start_matches("ses_").to_lowercase();
        let listed = stage.people.ada.get(&format!("/v1/credentials?session={session}")).await.json();
        let first = listed["credentials"][0]["id"].as_str().unwrap();
        let path = format!("/v1/credentials/{first}/revoke");
        let revoked = stage.people.ada.post(&path, json!({ "reason": "try" })).await;
        assert!(revoked.status.is_success(), "{}", revoked.text());
        stage.until_no_role(&session).await;
        std::fs::write(stage.writ.path().join("go"), "").unwrap();
        let (stdout, story) = said(&launcher.wait_with_output().unwrap());
        assert!(stdout.contains("canceling statement due to user request"), "{stdout}{story}");
        let roles: Vec<_> = stdout.lines().filter(|line| line.starts_with("s_")).collect();
        assert_eq!(roles, [1, 2].map(|number| format!("s_{ulid}_{number}_grace_checkout")), "{stdout}{story}");
        stage.until_no_role(&session).await;
    });
}

#[test]
fn an_expired_role_is_gone_though_its_session_lives() {
    run(async {
        let stage = Stage::start().await;
        let session = stage.people.grace.open(json!({ "project": "checkout" })).await;
        let minted = ask(&session.caller, &session.id, 3).await;
        assert_eq!(stage.roles(&session.id), 1);
        let field = |name: &str| minted["secret"][name].as_str().unwrap().to_owned();
        let url =
            format!("postgres://{}:{}@127.0.0.1:{}/payments", field("user"), field("password"), stage.real.port());
        let working = super::server::command(&url, "select pg_sleep(600)").stderr(Stdio::piped()).spawn().unwrap();
        stage.until_no_role(&session.id).await;
        assert!(super::server::finished(&working.wait_with_output().unwrap()).is_err(), "its connection is gone too");
        let id = minted["id"].as_str().unwrap();
        let status = until("the credential to be over", || async {
            let shown = stage.people.ada.get(&format!("/v1/credentials/{id}")).await.json();
            shown["status"].as_str().filter(|status| *status != "live").map(|_| shown.clone())
        })
        .await;
        assert!(status.to_string().contains("expired"), "{status}");
        assert_eq!(session.caller.get(&format!("/v1/sessions/{}/grants", session.id)).await.status, 200, "it lives");
    });
}

pub(super) async fn ask(session: &Caller, id: &str, lifetime_seconds: u64) -> Value {
    let body = json!({ "broker": "db", "target": "app", "lifetime_seconds": lifetime_seconds });
    let answer = session.post(&format!("/v1/sessions/{id}/credentials"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

#[test]
fn a_broker_without_rights_is_refused_when_it_is_configured() {
    run(async {
        let stage = Stage::start().await;
        let name = format!("powerless_{}", std::process::id());
        stage.real.sql(&format!("create role {name} login password 'x'; grant connect on database payments to {name}"));
        let mut settings = stage.real.settings(json!({}));
        settings["user"] = name.clone().into();
        let (status, told) = stage.configure(&settings, "x").await;
        assert!((400..500).contains(&status), "{status} {told}");
        assert!(told["detail"].as_str().unwrap().contains(&format!("ALTER ROLE \"{name}\" CREATEROLE")), "{told}");
        stage.real.sql(&format!("drop owned by {name}; drop role {name}"));
    });
}

#[test]
fn a_client_is_told_that_the_database_is_away() {
    run(async {
        let stage = Stage::start().await;
        // Sessions are told another address than writ's, where nobody is.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let settings = stage.real.settings(json!({ "endpoint": { "host": "localhost", "port": port } }));
        let (status, told) = stage.configure(&settings, stage.real.text("broker_password")).await;
        assert_eq!(status, 200, "{told}");
        let output = stage.launcher("psql -XqAtc 'select 1'").output().unwrap();
        let (_, story) = said(&output);
        let expected = format!("FATAL:  the PostgreSQL server localhost:{port} cannot be reached: connection refused");
        assert!(story.contains(&expected), "{story}");
        stage.until_no_role(&session_in(&story)).await;
    });
}
