//! The real client's Bash tool works with `aws`, `git`, `ssh` and `psql` inside one session, at real targets; and what made
//! that possible is looked for in everything that the client and writ leave behind.

mod conversation;
mod search;
mod targets;

use brokers::ssh::LoginCertificate;
use serde_json::{Value, json};

use super::client::{self, Client};
use crate::brokers::aws::rgw::Key;
use crate::brokers::postgres::server::psql;
use crate::support::caller::request;
use crate::support::process::WRIT;
use crate::support::{Caller, run, until};
use conversation::Conversation;
use search::{Secret, Watch, holding};
use targets::Targets;

/// What a nosy agent can see: its own environment, its shell's and the client's, the settings that the client was started
/// with, and all that the session keeps in files.
const LOOK: &str = r#"env
tr '\0' '\n' </proc/self/environ
tr '\0' '\n' </proc/$PPID/environ
tr '\0' '\n' </proc/$CLAUDE_PID/environ
tr '\0' '\n' </proc/$CLAUDE_PID/cmdline
echo "== settings"
cat "$(tr '\0' '\n' </proc/$CLAUDE_PID/cmdline | sed -n '/^--settings$/{n;p;}')"
echo
folder=${WRIT_SOCKET%/*}
ls -laR "$folder"
find "$folder" -type f | while read -r file; do echo "== $file"; cat "$file"; done
"#;

/// Has every credential of the session that can be had as text printed, its own bearer first; `$1` is the program.
const COLLECT: &str = r#"set -e
"$1" token
for name in cloud/agent internal/git db/app; do "$1" credential get "$name" --format json; echo; done
ssh-add -L | grep hosts/own
"#;

/// What a session was given, as the test was told behind the client's back.
struct Vended {
    bearer: String,
    aws: Key,
    token: String,
    role: (String, String),
    certificate: LoginCertificate,
}

impl Vended {
    fn read(told: &str) -> Self {
        let mut lines = told.lines().filter(|line| !line.is_empty());
        let bearer = lines.next().unwrap().to_owned();
        assert!(bearer.starts_with("writ_ses_"), "no bearer was told");
        let mut secret = || serde_json::from_str::<Value>(lines.next().unwrap()).unwrap()["secret"].clone();
        let text = |secret: &Value, name: &str| secret[name].as_str().unwrap().to_owned();
        let (aws, git, role) = (secret(), secret(), secret());
        Self {
            bearer,
            aws: Key {
                id: text(&aws, "access_key_id"),
                secret: text(&aws, "secret_access_key"),
                token: Some(text(&aws, "session_token")),
            },
            token: text(&git, "token"),
            role: (text(&role, "user"), text(&role, "password")),
            certificate: lines.next().unwrap().parse().unwrap(),
        }
    }

    fn secrets(&self) -> Vec<Secret> {
        // Clients write ends of keys down, so that one can be told from another.
        let end = &self.bearer[self.bearer.len() - 16..];
        vec![
            Secret::new("session's bearer", &self.bearer),
            Secret::new("end of the session's bearer", end),
            Secret::new("AWS secret key", &self.aws.secret),
            Secret::new("AWS session token", self.aws.token.as_ref().unwrap()),
            Secret::new("token for git", &self.token),
            Secret::new("password of the database role", &self.role.1),
        ]
    }
}

#[test]
fn real_client_works_at_four_targets_and_no_secret_is_anywhere() {
    let program = client::program();
    run(async {
        let (targets, client) = (Targets::start().await, Client::new(program));
        let repository = client.repository();
        std::fs::write(repository.join("look.sh"), LOOK).unwrap();
        std::fs::write(targets.path("collect.sh"), COLLECT).unwrap();
        let watch = Watch::start(client.folder());
        let mut client_says = Conversation::start(&targets, &client);

        let bucket = &targets.aws.bucket;
        let git = targets.git.text("url");
        client_says.bash(&format!("aws s3 cp README.md s3://{bucket}/grace/report")).await;
        client_says.bash("git config user.name Agent; git config user.email agent@example.com").await;
        client_says
            .bash(&format!("git add README.md && git commit -qm 'By an agent' && git push -q {git} HEAD:main"))
            .await;
        client_says.bash(&format!("ssh {} {}@127.0.0.1 true", targets.ssh_options(), targets.sshd.text("user"))).await;
        let user = client_says.bash("psql -XqAtc 'select session_user'").await;
        client_says.bash("sh look.sh > look.txt; cat look.txt").await;
        let collect =
            format!("sh {} {WRIT} > {}", targets.path("collect.sh").display(), targets.path("told").display());
        client_says.bash(&collect).await;
        // Before the test itself starts programs with what it was told.
        let started = watch.stop();

        let vended = Vended::read(&std::fs::read_to_string(targets.path("told")).unwrap());
        std::fs::remove_file(targets.path("told")).unwrap();
        let session = client_says.session();
        assert_eq!(user.trim(), vended.role.0);
        targets.assert_worked(&session, &vended).await;
        targets.assert_alive(&vended).await;

        let seen = std::fs::read_to_string(repository.join("look.txt")).unwrap();
        let folder = seen.lines().find_map(|line| line.strip_prefix("WRIT_SOCKET=")).unwrap();
        let folder = std::path::Path::new(folder).parent().unwrap();
        let mut secrets = vended.secrets();
        secrets.extend(targets.secrets());
        let places = [client.folder(), folder, targets.aws.writ.path()];
        let live = places.map(|place| holding(place, &secrets)).concat();
        assert_eq!(live, Vec::<String>::new(), "while the session lives");
        assert_no_bearer(&seen);

        let said = client_says.end().await;
        assert_eq!(said.code, Some(0), "{said:#?}");
        let over = [client.folder(), targets.aws.writ.path()].map(|place| holding(place, &secrets)).concat();
        assert_eq!(over, Vec::<String>::new(), "when it is over");
        assert!(!folder.exists(), "{} is still there", folder.display());
        for (what, text) in [("the client's output", &said.stdout), ("the launcher's", &said.stderr), ("look", &seen)] {
            assert_eq!(search::in_text(what, text.as_bytes(), &secrets), Vec::<String>::new());
        }
        assert!(!started.holding(&[Secret::new("copy", &format!("s3://{bucket}/grace/report"))]).is_empty());
        assert_eq!(started.holding(&secrets), Vec::<String>::new(), "a process had it");
        assert_transcript_is_searched(&client, &session);

        targets.assert_dead(&session, &vended).await;
        let agent = Caller { url: targets.aws.writ.url.clone(), token: Some(vended.bearer.clone()) };
        let call = agent.call(request("hello", false)).await.unwrap().status;
        assert!(call.is_client_error(), "the bearer makes calls after its session: {call}");
        let ask = json!({ "broker": "internal", "target": "git" });
        let asked = agent.post(&format!("/v1/sessions/{session}/credentials"), ask).await;
        assert!(asked.status.is_client_error(), "the bearer gets credentials after its session: {}", asked.status);
        let who = agent.get("/v1/whoami").await.status;
        assert!(who.is_client_error(), "the bearer stands for somebody after its session: {who}");
    });
}

/// No bearer is in anything that the agent looked at, which is what it was to look at.
fn assert_no_bearer(seen: &str) {
    for what in ["WRIT_SOCKET=", "ANTHROPIC_BASE_URL=", "CLAUDE_PID=", "\n--settings\n", "\"apiKeyHelper\":\"'"] {
        assert!(seen.contains(what), "the agent did not see {what}:\n{seen}");
    }
    for kind in ["writ_ses_", "writ_sin_"] {
        assert!(!seen.contains(kind), "the agent sees a {kind}:\n{seen}");
    }
}

/// The search finds what is there: the transcript names the session, because the agent looked at its environment.
fn assert_transcript_is_searched(client: &Client, session: &str) {
    let found = holding(client.folder(), &[Secret::new("session", session)]);
    assert!(found.iter().any(|place| place.contains(".jsonl ")), "{found:?}");
    assert!(found.iter().any(|place| place.contains("/look.txt ")), "{found:?}");
}

/// Whether a role can log in at the server, as it says itself.
fn may_log_in(targets: &Targets, (user, password): &(String, String)) -> bool {
    psql(&format!("postgres://{user}:{password}@127.0.0.1:{}/payments", targets.database.port()), "select 1").is_ok()
}

impl Targets {
    /// Each target has what was done there, and its own log says in which session.
    async fn assert_worked(&self, session: &str, vended: &Vended) {
        let bucket = &self.aws.bucket;
        // The object is its writer's; the bucket's owner sees that it is there, and how long.
        let list = ["s3api", "list-objects-v2", "--bucket", bucket, "--prefix", "grace/report", "--output", "json"];
        let listed: Value = serde_json::from_str(&self.aws.rgw.aws(&list)).unwrap();
        assert_eq!(listed["Contents"][0]["Size"], "A repository for a test.\n".len(), "{listed:#}");
        let operations = self.aws.rgw.operations(bucket);
        let by_session = |one: &&Value| {
            let role = one["sts_info"]["role_session"].as_str().unwrap_or_default();
            role.starts_with(&format!("{session}.")) && one["uri"].as_str().unwrap().contains("/grace/report")
        };
        assert!(operations.iter().filter(by_session).any(|one| one["http_status"] == "200"), "{operations:#?}");

        assert_eq!(self.heads(), "By an agent\n");
        let log = self.git.file("log");
        let pushed = |line: &str| line.contains(&format!("session={session} ")) && line.contains("git-receive-pack");
        assert!(log.lines().any(|line| pushed(line) && line.ends_with(" 200")), "{log}");

        let log = self.sshd.file("log");
        let (named, serial) = (format!("session={session} developer=grace"), vended.certificate.serial());
        assert!(
            log.contains(&format!("Accepted certificate ID \"{named} project=checkout\" (serial {serial})")),
            "{log}"
        );

        let (role, ulid) = (&vended.role.0, session.trim_start_matches("ses_").to_lowercase());
        assert!(role.starts_with(&format!("s_{ulid}_")), "{role}");
        assert!(self.database.log().contains(&format!("user={role} ")), "the server's log does not name {role}");
    }

    /// What was told is what is in use: one credential for each target, and each opens it.
    async fn assert_alive(&self, vended: &Vended) {
        let listed = self.aws.people.ada.get("/v1/credentials").await.json();
        let live = listed["credentials"].as_array().unwrap().iter().filter(|one| one["status"] == "live");
        let mut targets: Vec<_> = live.map(|one| one["target"].as_str().unwrap()).collect();
        targets.sort_unstable();
        assert_eq!(targets, ["agent", "app", "git", "own"], "{listed:#}");
        assert!(self.aws.rgw.may_read(&vended.aws, &self.aws.bucket, "grace/report"));
        assert_eq!(self.verified(&vended.token).await, 200);
        assert!(may_log_in(self, &vended.role));
        assert!(!self.list().await.revokes(&vended.certificate));
    }

    /// The end of the session ended all four, as their targets see it.
    async fn assert_dead(&self, session: &str, vended: &Vended) {
        let path = format!("/v1/credentials?session={session}");
        until("all four credentials to be revoked", async || {
            let listed = self.aws.people.ada.get(&path).await.json();
            let listed = listed["credentials"].as_array().unwrap();
            (listed.len() == 4 && listed.iter().all(|one| one["status"] == "revoked")).then_some(())
        })
        .await;
        assert!(!self.aws.rgw.may_read(&vended.aws, &self.aws.bucket, "grace/report"), "the AWS credential lives on");
        assert_eq!(self.verified(&vended.token).await, 401, "the token for git lives on");
        assert!(!may_log_in(self, &vended.role), "the database role lives on");
        let roles = format!("select count(*) from pg_roles where rolname = '{}'", vended.role.0);
        assert_eq!(self.database.sql(&roles), "0");
        assert!(self.list().await.revokes(&vended.certificate), "the list of revoked certificates lacks it");
    }
}
