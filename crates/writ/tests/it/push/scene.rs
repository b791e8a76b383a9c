//! A control plane, one repository behind one of the two doors, and clones of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::brokers::real::Part;
use crate::support::process::WRIT;
use crate::support::receiver::{Receiver, Reply};
use crate::support::{Caller, Opened, People, Writ, WritOptions, gate, run};

/// What locks call the repository.
pub(crate) const REPOSITORY: &str = "git.example.com/payments";
/// The audience of the gate, and its secret.
pub(crate) const AUDIENCE: &str = "git";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The credential that really pushes. No agent has it.
pub(crate) const PUSHER: &str = "the-credential-that-really-pushes";

/// How pushes come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// A hook of a bare repository on this machine.
    Hook,
    /// The proxy, and a git server over HTTP behind it.
    Proxy,
}

/// Everything of one test.
pub(crate) struct Scene {
    pub(crate) writ: Writ,
    pub(crate) people: People,
    pub(crate) door: Door,
    /// The bare repository.
    pub(crate) server: PathBuf,
    /// What is pushed to.
    pub(crate) url: String,
    behind: Option<Behind>,
}

/// What is behind the proxy, and the proxy.
pub(crate) struct Behind {
    pub(crate) part: Part,
    /// Checks who comes to the git server; remembers all who came.
    pub(crate) porter: Receiver,
    proxy: Child,
}

/// A clone.
pub(crate) struct Work {
    pub(crate) folder: PathBuf,
    url: String,
    door: Door,
}

/// How a push went.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) went_in: bool,
    pub(crate) said: String,
}

/// The same test at both doors.
pub(crate) fn at_both_doors(test: impl AsyncFn(&Scene)) {
    run(async {
        for door in [Door::Hook, Door::Proxy] {
            test(&Scene::start(door).await).await;
        }
    });
}

impl Scene {
    pub(crate) async fn start(door: Door) -> Self {
        let tables = format!(
            "[[issuer.audiences]]\nname = \"{AUDIENCE}\"\n[[introspection]]\naudience = \"{AUDIENCE}\"\nsecret_env = \
             \"GATE_SECRET\"\n"
        );
        let within = vec!["env".to_owned(), format!("GATE_SECRET={SECRET}")];
        let upstreams = vec!["http://127.0.0.1:9".to_owned()];
        let options = WritOptions { tables, within, upstreams, listen: Some(free_address()), ..WritOptions::default() };
        let writ = Writ::start_with(options).await;
        let people = writ.people().await;
        std::fs::write(writ.path().join("gate.secret"), SECRET).unwrap();
        let (server, url, behind) = match door {
            Door::Hook => hooked(&writ),
            Door::Proxy => proxied(&writ).await,
        };
        let scene = Self { writ, people, door, server, url, behind };
        scene.seed();
        if door == Door::Hook {
            scene.install(&["--proven-by", "token"]);
        }
        scene
    }

    /// Something on `main`, as a human puts it there who does not go through the door.
    fn seed(&self) {
        let seed = Work { folder: self.writ.path().join("seed"), url: self.direct(), door: Door::Hook };
        git(self.writ.path(), &["init", "-q", "-b", "main", "seed"]).unwrap();
        if self.behind.is_some() {
            // In the clone's own file: it is the one who really pushes.
            let pair = STANDARD.encode(format!("x-access-token:{PUSHER}"));
            let text = format!("[http]\nextraHeader = \"Authorization: Basic {pair}\"\n");
            let mut config = std::fs::read_to_string(seed.folder.join(".git/config")).unwrap();
            config.push_str(&text);
            std::fs::write(seed.folder.join(".git/config"), config).unwrap();
        }
        for (path, content) in
            [("README", "1"), ("infra/prod/main.tf", "1"), ("infra/prod2/main.tf", "1"), ("src/a.rs", "1")]
        {
            seed.write(path, content);
        }
        seed.commit("one");
        seed.git(&["push", "-q", &seed.url, "HEAD:refs/heads/main"]);
    }

    /// The repository, around the door.
    fn direct(&self) -> String {
        match &self.behind {
            None => self.server.to_str().unwrap().to_owned(),
            Some(behind) => behind.part.text("url").to_owned(),
        }
    }

    /// Changes `main` as a human does who does not go through the door: as if something had been merged.
    pub(crate) fn merge(&self, path: &str, content: &str) {
        let seed = Work { folder: self.writ.path().join("seed"), url: self.direct(), door: Door::Hook };
        seed.write(path, content);
        seed.commit("merged");
        // The hook is a file: without it git takes everything.
        let hook = self.server.join("hooks/pre-receive");
        let aside = self.server.join("hooks/aside");
        let is_hooked = self.door == Door::Hook && std::fs::rename(&hook, &aside).is_ok();
        seed.git(&["push", "-q", &seed.url, "HEAD:refs/heads/main"]);
        if is_hooked {
            std::fs::rename(&aside, &hook).unwrap();
        }
    }

    /// Installs the hook.
    pub(crate) fn install(&self, more: &[&str]) {
        self.install_in(&self.server, &self.writ.path().join("gate.secret"), more);
    }

    /// Installs the hook in a repository.
    pub(crate) fn install_in(&self, repository: &Path, secret: &Path, more: &[&str]) {
        gate::install(repository, &self.writ.url, REPOSITORY, secret, more);
    }

    /// A session of grace's.
    pub(crate) async fn session(&self) -> Opened {
        self.people.grace.open(json!({ "project": "checkout" })).await
    }

    /// A session that holds something, and the token of that.
    pub(crate) async fn holding(&self, session: &Opened, resource: &str, mode: &str) -> (String, u64) {
        acquire(&session.caller, resource, mode).await
    }

    /// A broker that makes tokens for the gate, granted to the project.
    pub(crate) async fn broker(&self) {
        self.broker_for(json!({ "host": "git.example.com" })).await;
    }

    /// The same, with this way for git to the server.
    pub(crate) async fn broker_for(&self, git: Value) {
        let delivery = json!({ "git": git });
        let targets = json!({ "git": { "audience": AUDIENCE, "introspects": true, "delivery": delivery } });
        let body = json!({ "kind": "token", "settings": { "targets": targets } });
        let set = self.people.ada.put("/v1/brokers/internal", Some(body)).await;
        assert!(set.status.is_success(), "{}", set.text());
        let scope = json!({ "scope": { "access": ["read", "write"] } });
        let granted = self.people.ada.put("/v1/projects/checkout/grants/internal/git", Some(scope)).await;
        assert!(granted.status.is_success(), "{}", granted.text());
    }

    /// The project's rules.
    pub(crate) async fn rules(&self, rules: &str) {
        let answer = self.people.ada.put("/v1/projects/checkout/lock-rules", Some(json!({ "rules": rules }))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// A clone of what is on the server.
    pub(crate) fn work(&self, name: &str) -> Work {
        let folder = self.writ.path().join(name);
        let from = format!("file://{}", self.server.display());
        git(self.writ.path(), &["clone", "-q", &from, folder.to_str().unwrap()]).unwrap();
        Work { folder, url: self.url.clone(), door: self.door }
    }

    /// Where a ref is at the server; empty for nowhere.
    pub(crate) fn at(&self, name: &str) -> String {
        let output = git(&self.server, &["for-each-ref", "--format=%(objectname)", name]);
        output.unwrap().trim().to_owned()
    }

    /// What the log says of a session's pushes: the type, and why not.
    pub(crate) async fn entries(&self, session: &Opened) -> Vec<(String, String)> {
        let entries = self.people.ada.get(&format!("/v1/sessions/{}/entries", session.id)).await.json();
        let entries = entries["entries"].as_array().unwrap().clone();
        let pushes = entries.iter().filter(|entry| entry["type"].as_str().unwrap().starts_with("push."));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        pushes.map(|entry| (text(&entry["type"]), text(&entry["entry"]["body"]["why"]))).collect()
    }

    pub(crate) fn behind(&self) -> &Behind {
        self.behind.as_ref().unwrap()
    }
}

/// A token of a session's for the gate.
pub(crate) async fn broker_token(session: &Opened, access: &[&str]) -> String {
    let body = json!({ "broker": "internal", "target": "git", "scope": { "access": access } });
    let answer = session.caller.post(&format!("/v1/sessions/{}/credentials", session.id), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["secret"]["token"].as_str().unwrap().to_owned()
}

/// A path of the repository as a resource.
pub(crate) fn path(path: &str) -> String {
    format!("path:{REPOSITORY}//{path}")
}

/// Takes a lock, now.
pub(crate) async fn acquire(caller: &Caller, resource: &str, mode: &str) -> (String, u64) {
    let body =
        json!({ "wants": [{ "resource": resource, "mode": mode }], "wait": false, "intent": "raise the pool size" });
    let answer = caller.post("/v1/locks", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let ticket = answer.json();
    (ticket["ticket"].as_str().unwrap().to_owned(), ticket["token"].as_u64().unwrap())
}

/// Lets a lock go.
pub(crate) async fn release(caller: &Caller, ticket: &str, token: u64) {
    let answer = caller.delete(&format!("/v1/locks/{ticket}?token={token}")).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// A branch of a session's own.
pub(crate) fn own(session: &Opened, name: &str) -> String {
    format!("refs/heads/s/{}/{name}", session.id)
}

fn hooked(writ: &Writ) -> (PathBuf, String, Option<Behind>) {
    let server = writ.path().join("server.git");
    git(writ.path(), &["init", "-q", "--bare", "-b", "main", "server.git"]).unwrap();
    let url = server.to_str().unwrap().to_owned();
    (server, url, None)
}

async fn proxied(writ: &Writ) -> (PathBuf, String, Option<Behind>) {
    let expected = format!("Basic {}", STANDARD.encode(format!("x-access-token:{PUSHER}")));
    let porter = Receiver::start(move |_, post| {
        let shown = post.headers.get("authorization").and_then(|value| value.to_str().ok());
        Reply::Status(if shown == Some(&expected) { 200 } else { 401 })
    })
    .await;
    let verifier = porter.url("/verify");
    let part = tokio::task::spawn_blocking(move || Part::start("git-http", &[&verifier])).await.unwrap();
    let server = PathBuf::from(part.text("repository"));
    let upstream = part.text("url").strip_suffix("/payments.git").unwrap().to_owned();
    std::fs::write(writ.path().join("pusher"), PUSHER).unwrap();
    let mut command = Command::new(WRIT);
    command.args(proxy(writ, &upstream, "proxy")).arg("--credential-file").arg(writ.path().join("pusher"));
    let (proxy, url) = listening(writ, command, "proxy.log").await;
    (server, format!("{url}/payments.git"), Some(Behind { part, porter, proxy }))
}

/// The arguments of a proxy with a folder of its own, but for the credential that pushes.
pub(crate) fn proxy(writ: &Writ, upstream: &str, state: &str) -> Vec<OsString> {
    let plain = ["git-proxy", "--server", &writ.url, "--upstream", upstream, "--name", "git.example.com"];
    let more = ["--repository", "payments", "--audience", AUDIENCE, "--listen", "127.0.0.1:0"];
    let mut arguments: Vec<OsString> = plain.iter().chain(&more).map(OsString::from).collect();
    for (option, file) in [("--state", state), ("--secret-file", "gate.secret")] {
        arguments.extend([option.into(), writ.path().join(file).into()]);
    }
    arguments
}

/// Starts a proxy, or what has one in it, and waits for its address.
pub(crate) async fn listening(writ: &Writ, mut command: Command, log: &str) -> (Child, String) {
    let log = writ.path().join(log);
    let told = std::fs::File::create(&log).unwrap();
    let mut proxy = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(told).spawn().unwrap();
    let stdout = proxy.stdout.take().unwrap();
    let url = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        line.trim().to_owned()
    });
    let url = crate::support::within("the proxy to listen", url).await.unwrap();
    assert!(url.starts_with("http"), "{}", std::fs::read_to_string(log).unwrap());
    (proxy, url)
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Work {
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.folder, arguments).unwrap_or_else(|said| panic!("{arguments:?}: {said}")).trim().to_owned()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits everything, and is its id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Starts again from what is on the server's `main`.
    pub(crate) fn fresh(&self) {
        self.git(&["reset", "-q", "--hard", "origin/main"]);
        self.git(&["clean", "-qfdx"]);
    }

    /// Pushes as a session, with these tokens.
    pub(crate) fn push(&self, session: &Opened, tokens: &[u64], what: &[&str]) -> Pushed {
        let options: Vec<String> = tokens.iter().map(|token| format!("writ.token={token}")).collect();
        let bearer = session.caller.token.as_deref().unwrap();
        self.push_with(Some(&session.id), Some(bearer), &options, what)
    }

    /// Pushes with what proves it and with these options.
    pub(crate) fn push_with(
        &self,
        session: Option<&str>,
        proof: Option<&str>,
        options: &[String],
        what: &[&str],
    ) -> Pushed {
        let mut options = options.to_vec();
        options.extend(session.map(|session| format!("writ.session={session}")));
        let mut settings = Vec::new();
        match (self.door, proof) {
            (Door::Hook, Some(proof)) => options.push(format!("writ.proof={proof}")),
            (Door::Proxy, Some(proof)) => settings.push(basic(proof)),
            (_, None) => {}
        }
        settings.extend(options.into_iter().map(|option| ("push.pushOption", option)));
        let arguments: Vec<&str> = ["push", &self.url].into_iter().chain(what.iter().copied()).collect();
        match git_told(&self.folder, &settings, &arguments) {
            Ok(said) => Pushed { went_in: true, said },
            Err(said) => Pushed { went_in: false, said },
        }
    }
}

/// The setting by which git shows a token as a password.
pub(crate) fn basic(token: &str) -> (&'static str, String) {
    ("http.extraHeader", format!("Authorization: Basic {}", STANDARD.encode(format!("session:{token}"))))
}

impl Pushed {
    #[track_caller]
    pub(crate) fn admitted(&self) {
        assert!(self.went_in, "{}", self.said);
    }

    /// It was refused for this reason, and whoever pushed read these words.
    #[track_caller]
    pub(crate) fn refused(&self, code: &str, words: &[&str]) {
        assert!(!self.went_in, "it went in: {}", self.said);
        for word in words.iter().chain([&code]) {
            assert!(self.said.contains(word), "no `{word}` in:\n{}", self.said);
        }
        assert!(self.said.contains("writ: next: "), "nothing says what to do:\n{}", self.said);
    }
}

/// Git's settings in these tests: a file, because a server that git starts on this machine reads no others. Its repository
/// belongs to the web server's user.
fn settings() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("push.gitconfig");
    let text = "[user]\nname = t\nemail = t@example.com\n[safe]\ndirectory = *\n[core]\nquotePath = false\n\
                [protocol \"file\"]\nallow = always\n[advice]\ndetachedHead = false\n";
    if std::fs::read_to_string(&path).is_ok_and(|found| found == text) {
        return path;
    }
    let new = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    std::fs::write(new.path(), text).unwrap();
    new.persist(&path).unwrap();
    path
}

/// Runs git with nothing of this machine's settings; what it printed, or what it complained of.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    git_told(folder, &[], arguments)
}

/// The same with settings of its own, which are not among its arguments: everybody on a machine can read those.
pub(crate) fn git_told(folder: &Path, told: &[(&str, String)], arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", folder).env("LC_ALL", "C");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_GLOBAL", settings());
    command.env("GIT_CONFIG_COUNT", told.len().to_string());
    for (index, (key, value)) in told.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{index}"), key).env(format!("GIT_CONFIG_VALUE_{index}"), value);
    }
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{out}{err}")) }
}
