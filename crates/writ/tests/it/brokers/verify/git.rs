//! A real git server (nginx, git-http-backend) that asks writ, and real git inside `writ run`.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use http::Method;
use serde_json::{Value, json};

use super::super::real::Part;
use super::{AUDIENCE, accepted, grant, start, token};
use crate::support::{Caller, People, Writ, in_time, run, send, until};

/// A whole `writ run` with git commands over HTTP, on a busy machine.
const RUN_MAX: std::time::Duration = std::time::Duration::from_secs(120);

struct Scene {
    writ: Writ,
    people: People,
    server: Part,
}

/// A command inside a session, under way.
struct Running {
    child: Child,
    folder: PathBuf,
}

/// How it went.
struct Ran {
    code: Option<i32>,
    stderr: String,
}

impl Scene {
    /// A git server that asks, and a project whose sessions may do this much there.
    async fn start(access: &[&str], auth: &str) -> Self {
        let (writ, people) = start("", Vec::new()).await;
        let verifier = format!("{}/v1/verify?audience={AUDIENCE}", writ.url);
        let server = tokio::task::spawn_blocking(move || Part::start("git-http", &[&verifier])).await.unwrap();
        let url = server.text("url");
        let host = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap();
        let git = json!({ "protocol": "http", "host": host, "auth": auth, "repositories": ["payments"] });
        grant(&people.ada, git, access).await;
        Self { writ, people, server }
    }

    /// Starts a shell script inside a session of grace's. `$URL` is the repository.
    fn run(&self, name: &str, script: &str) -> Running {
        let folder = self.writ.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = self.writ.command(&self.people.grace, &format!("{name}-home"));
        command.args(["run", "--project", "checkout", "--", "sh", "-ec", script]).current_dir(&folder);
        command.env("URL", self.server.text("url")).env("GIT_CONFIG_NOSYSTEM", "1");
        for name in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{name}_NAME"), "Grace").env(format!("GIT_{name}_EMAIL"), "grace@example.com");
        }
        command.stdout(Stdio::null()).stderr(std::fs::File::create(folder.join("stderr")).unwrap());
        Running { child: command.spawn().unwrap(), folder }
    }

    /// The lines of the server's log that have all of these.
    fn logged(&self, wanted: &[&str]) -> usize {
        let has_all = |line: &&str| wanted.iter().all(|text| line.contains(text));
        self.server.file("log").lines().filter(has_all).count()
    }

    fn heads(&self) -> String {
        let repository = Path::new(self.server.text("repository"));
        let output = std::process::Command::new("git")
            .args(["-c", "safe.directory=*", "--git-dir"])
            .arg(repository)
            .args(["log", "--all", "--format=%s"])
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    }
}

impl Running {
    async fn finish(mut self) -> Ran {
        let waiting = tokio::task::spawn_blocking(move || {
            let code = self.child.wait().unwrap().code();
            let stderr = std::fs::read_to_string(self.folder.join("stderr")).unwrap();
            crate::support::leaks::complaint(stderr.as_bytes());
            Ran { code, stderr }
        });
        in_time(RUN_MAX, "the session to end", waiting).await.unwrap()
    }

    /// Waits until the script made this file.
    async fn made(&self, name: &str) {
        let path = self.folder.join(name);
        until(&format!("the session to make `{name}`"), || async { path.exists().then_some(()) }).await;
    }

    fn make(&self, name: &str) {
        std::fs::write(self.folder.join(name), "").unwrap();
    }
}

async fn credentials(ada: &Caller, session: &str) -> Vec<Value> {
    let answer = ada.get(&format!("/v1/credentials?session={session}")).await.json();
    answer["credentials"].as_array().unwrap().clone()
}

fn session_of(ran: &Ran) -> String {
    let id = ran.stderr.split_whitespace().find(|word| word.starts_with("ses_")).unwrap();
    id.trim_end_matches(':').to_owned()
}

const PUSH: &str = "git init -q -b main work; cd work; echo 1 >a; git add a; git commit -qm one; \
                    git push -q \"$URL\" main; git ls-remote \"$URL\" | grep -q refs/heads/main";

#[test]
fn git_pushes_as_the_session_by_bearer_and_by_password() {
    run(async {
        for auth in ["bearer", "basic"] {
            let scene = Scene::start(&["read", "write"], auth).await;
            let ran = scene.run(auth, PUSH).finish().await;
            assert_eq!(ran.code, Some(0), "{auth}: {}", ran.stderr);
            assert_eq!(scene.heads(), "one\n");
            // Who pushed stands in the server's own log.
            let session = session_of(&ran);
            assert!(
                scene.logged(&[&format!("session={session}"), "git-receive-pack", "200"]) > 0,
                "{}",
                scene.server.file("log")
            );
            // One token for all of it, dead with the session.
            let made = until("the token to be dead", || async {
                let made = credentials(&scene.people.ada, &session).await;
                made.iter().all(|one| one["status"] == "revoked").then_some(made)
            })
            .await;
            assert_eq!(made.len(), 1, "{made:#?}");
        }
    });
}

#[test]
fn a_grant_to_read_clones_and_does_not_push_however_it_is_written() {
    run(async {
        let scene = Scene::start(&["read"], "basic").await;
        let clone = "git clone -q \"$URL\" work; cd work; git commit -q --allow-empty -m no; ";
        let ran = scene.run("read", &format!("{clone} git push -q origin HEAD:main")).finish().await;
        assert_ne!(ran.code, Some(0));
        assert!(ran.stderr.contains("403"), "{}", ran.stderr);
        assert_eq!(scene.heads(), "");
        let session = session_of(&ran);
        assert!(scene.logged(&[&format!("session={session}"), "git-receive-pack", "403"]) > 0);

        // The server decodes addresses before git sees them: so does writ.
        let session = scene.people.grace.open(json!({ "project": "checkout" })).await;
        let (token, _) = token(&session, "git", &["read"]).await;
        let bearer = format!("Bearer {token}");
        let url = scene.server.text("url");
        let reading = format!("{url}/info/refs?service=git-upload-pack");
        let answer = send(Method::GET, &reading, &[("authorization", &bearer)], "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        for path in ["/git-receive-pack", "/git%2Dreceive%2Dpack", "/%67it-receive-pack"] {
            let headers =
                [("authorization", bearer.as_str()), ("content-type", "application/x-git-receive-pack-request")];
            let answer = send(Method::POST, &format!("{url}{path}"), &headers, "0000").await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        }
    });
}

#[test]
fn a_revoked_token_is_refused_at_once_and_git_gets_another() {
    run(async {
        let scene = Scene::start(&["read", "write"], "bearer").await;
        // Git does not ask again in one command: that one fails, the next has another token.
        let then = "if git ls-remote -q \"$URL\"; then exit 9; fi; git ls-remote -q \"$URL\"";
        let script = format!("{PUSH}; cd ..; touch pushed; until [ -e go ]; do sleep 0.05; done; {then}");
        let running = scene.run("revoked", &script);
        running.made("pushed").await;
        let sessions = scene.people.ada.get("/v1/sessions").await.json();
        let session = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
        let made = credentials(&scene.people.ada, &session).await;
        let id = made[0]["id"].as_str().unwrap();
        accepted(&scene.people.ada.post(&format!("/v1/credentials/{id}/revoke"), json!({ "reason": "a test" })).await);
        let refused = scene.logged(&["\" 401"]);
        running.make("go");
        let ran = running.finish().await;
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains("Authentication failed"), "{}", ran.stderr);
        // Git asked without a token, then with the dead one, and each was refused; then with a new one.
        assert!(scene.logged(&["\" 401"]) > refused, "{}", scene.server.file("log"));
        assert_eq!(credentials(&scene.people.ada, &session).await.len(), 2);
    });
}

#[test]
fn a_token_dies_with_its_session_at_the_server() {
    run(async {
        let scene = Scene::start(&["read"], "basic").await;
        let session = scene.people.grace.open(json!({ "project": "checkout" })).await;
        let (token, _) = token(&session, "git", &["read"]).await;
        let (url, bearer) = (scene.server.text("url"), format!("Bearer {token}"));
        let path = format!("{url}/info/refs?service=git-upload-pack");
        let ask = async || send(Method::GET, &path, &[("authorization", &bearer)], "").await;
        assert_eq!(ask().await.status, 200);
        let reason = json!({ "reason": "a test" });
        accepted(&scene.people.ada.post(&format!("/v1/sessions/{}/revoke", session.id), reason).await);
        let answer = ask().await;
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").starts_with("Basic"), "{:?}", answer.headers);
    });
}

#[test]
fn a_repository_outside_the_grant_gets_no_credential_and_a_reason() {
    run(async {
        let scene = Scene::start(&["read", "write"], "bearer").await;
        let script = "git ls-remote \"${URL%/*}/billing.git\"";
        let ran = scene.run("outside", script).finish().await;
        assert_ne!(ran.code, Some(0));
        assert!(ran.stderr.contains("no grant for billing.git; at this server it has payments"), "{}", ran.stderr);
        assert!(ran.stderr.contains("could not read Username"), "{}", ran.stderr);
        assert_eq!(credentials(&scene.people.ada, &session_of(&ran)).await, Vec::<Value>::new());
    });
}
