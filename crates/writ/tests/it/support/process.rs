//! A real `writ serve` process, with a demo administrator and a developer in a team with a project.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::caller::Caller;
use super::leaks::{self, Folder, Wire};
use serde_json::json;
use simulator::{Running, Simulator};

/// The program under test.
pub(crate) const WRIT: &str = env!("CARGO_BIN_EXE_writ");
/// The password of everybody in the tests.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// The upstream key that must never come out of writ.
pub(crate) const UPSTREAM_KEY: &str = "sk-ant-test-THE-UPSTREAM-SECRET";

/// How to start a process.
#[derive(Debug, Clone, Default)]
pub(crate) struct WritOptions {
    /// Where the database is; SQLite in the data folder when absent.
    pub(crate) database: Option<String>,
    /// Upstream base URLs in order; a simulator of its own when empty.
    pub(crate) upstreams: Vec<String>,
    /// No upstream but those in `tables`, and no simulator.
    pub(crate) no_upstreams: bool,
    /// More lines at the top of the configuration file.
    pub(crate) more: String,
    /// Tables at the end of the configuration file.
    pub(crate) tables: String,
    /// A fixed address, to be found again after a restart.
    pub(crate) listen: Option<String>,
    /// A program and its arguments that becomes `writ` (by `exec "$@"`), to change what it runs in; its folder is the
    /// current one.
    pub(crate) within: Vec<String>,
}

/// A running control plane, its folder and its simulator. Killed when dropped.
pub(crate) struct Writ {
    pub(crate) folder: Folder,
    pub(crate) simulator: Option<Running>,
    pub(crate) url: String,
    pub(crate) bootstrap: Option<String>,
    within: Vec<String>,
    wire: OnceLock<Wire>,
    child: Mutex<Child>,
}

/// The people of a fresh installation.
pub(crate) struct People {
    /// An administrator.
    pub(crate) ada: Caller,
    /// A developer in team `payments`, which works on project `checkout`.
    pub(crate) grace: Caller,
}

impl Writ {
    /// A process on SQLite with a simulator.
    pub(crate) async fn start() -> Self {
        Self::start_with(WritOptions::default()).await
    }

    pub(crate) async fn start_with(options: WritOptions) -> Self {
        let folder = leaks::folder();
        leaks::minted("anthropic", "operator's key", UPSTREAM_KEY);
        let simulator = match options.upstreams.is_empty() && !options.no_upstreams {
            true => Some(Simulator::start(simulator::Config::default()).await.unwrap()),
            false => None,
        };
        let upstreams = simulator.iter().map(Running::url).chain(options.upstreams.iter().cloned()).collect();
        let options = WritOptions { upstreams, ..options };
        let config = write_config(folder.path(), &options);
        let (child, url, bootstrap) = spawn(command(&config, &options.within)).await;
        Self {
            folder,
            simulator,
            url,
            bootstrap,
            within: options.within,
            wire: OnceLock::new(),
            child: Mutex::new(child),
        }
    }

    /// The folder with `writ.toml`, the upstream key and the data.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The simulator behind it.
    pub(crate) fn simulator(&self) -> &Running {
        self.simulator.as_ref().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop and waits for its exit status.
    pub(crate) fn terminate(&self) -> std::process::ExitStatus {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.lock().unwrap().wait().unwrap()
    }

    /// Starts it again with the same configuration after it ended; at the same address if that was fixed.
    pub(crate) async fn restart(&mut self) {
        let (child, url, bootstrap) = spawn(self.serve()).await;
        (self.url, self.bootstrap) = (url, bootstrap);
        if let Some(wire) = self.wire.get() {
            wire.turn_to(&self.url);
        }
        *self.child.lock().unwrap() = child;
    }

    /// `writ serve` with the same configuration, not started yet.
    pub(crate) fn serve(&self) -> Command {
        command(&self.path().join("writ.toml"), &self.within)
    }

    /// Starts it after it ended, and kills it again at some moment of its start, after it or never having begun.
    pub(crate) fn start_and_kill(&self, after: Duration) {
        let mut child = self.serve().stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn anonymous(&self) -> Caller {
        Caller { url: self.url.clone(), token: None }
    }

    /// Makes the first administrator `ada`, developer `grace`, team `payments` and project `checkout`.
    pub(crate) async fn people(&self) -> People {
        let token = self.bootstrap.clone().expect("a fresh installation prints a bootstrap token");
        let body = json!({"token": token, "login": "ada", "password": PASSWORD, "display_name": "Ada Lovelace"});
        let answer = self.anonymous().post("/v1/bootstrap", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let ada = self.caller(answer.json()["token"].as_str().unwrap());
        let grace = json!({"login": "grace", "password": PASSWORD, "display_name": "Grace Hopper"});
        for (path, body) in [
            ("/v1/developers", grace),
            ("/v1/teams", json!({"name": "payments"})),
            ("/v1/projects", json!({"name": "checkout", "teams": ["payments"]})),
        ] {
            let answer = ada.post(path, body).await;
            assert_eq!(answer.status, 201, "{path}: {}", answer.text());
        }
        let joined = ada.put("/v1/teams/payments/members/grace", None).await;
        assert_eq!(joined.status, 200, "{}", joined.text());
        let grace = self.sign_in("grace").await;
        People { ada, grace }
    }

    pub(crate) async fn sign_in(&self, login: &str) -> Caller {
        let body = json!({"login": login, "password": PASSWORD});
        let answer = self.anonymous().post("/v1/sign-ins", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        self.caller(answer.json()["token"].as_str().unwrap())
    }

    fn caller(&self, token: &str) -> Caller {
        Caller { url: self.url.clone(), token: Some(token.to_owned()) }
    }

    /// What the process wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("stderr.log")).unwrap_or_default()
    }

    /// Where commands find the server: at the other end of a wire.
    pub(crate) fn url_of_commands(&self) -> &str {
        self.wire.get_or_init(|| Wire::to(&self.url)).url()
    }

    /// A `writ` command of somebody signed in here, with a home of its own. It speaks to the server over a wire that
    /// notes what it is given.
    pub(crate) fn command(&self, caller: &Caller, home: &str) -> Command {
        let there = Caller { url: self.url_of_commands().to_owned(), token: caller.token.clone() };
        signed_in(&there, &self.path().join(home))
    }
}

/// A `writ` command of somebody who is signed in there, with that home.
pub(crate) fn signed_in(caller: &Caller, home: &Path) -> Command {
    signed_in_by(Path::new(WRIT), caller, home)
}

/// The same with a program that is a copy of `writ`.
pub(crate) fn signed_in_by(program: &Path, caller: &Caller, home: &Path) -> Command {
    std::fs::create_dir_all(home).unwrap();
    let credentials = json!({"server": caller.url, "token": caller.token, "developer": "test"});
    write_private(&home.join("credentials.json"), &credentials.to_string());
    let mut command = Command::new(program);
    command.env_clear().env("WRIT_HOME", home).env("HOME", home).env("PATH", std::env::var("PATH").unwrap());
    // Not where the tests run: that is a repository, and `writ run` would make a workspace of it.
    command.stdin(Stdio::null()).current_dir(home);
    command
}

impl Drop for Writ {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn write_config(folder: &Path, options: &WritOptions) -> PathBuf {
    if !options.no_upstreams {
        write_private(&folder.join("upstream.key"), UPSTREAM_KEY);
    }
    let listen = options.listen.as_deref().unwrap_or("127.0.0.1:0");
    let mut text = format!("listen = \"{listen}\"\ndata_dir = \"data\"\nshutdown_grace = \"5s\"\n{}\n", options.more);
    if let Some(database) = &options.database {
        text.push_str(&format!("database = \"{database}\"\n"));
    }
    for (number, url) in options.upstreams.iter().enumerate() {
        let upstream =
            format!("[[upstreams]]\nname = \"up{number}\"\nbase_url = \"{url}\"\nkey_file = \"upstream.key\"\n");
        text.push_str(&upstream);
    }
    text.push_str(&options.tables);
    let path = folder.join("writ.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// `writ serve` with a configuration file, in the configuration's folder.
fn command(config: &Path, within: &[String]) -> Command {
    let mut words = within.iter().map(String::as_str).chain([WRIT, "serve", "--config"]);
    let mut command = Command::new(words.next().unwrap_or(WRIT));
    command.args(words).arg(config).env_remove("ANTHROPIC_API_KEY");
    command.current_dir(config.parent().unwrap()).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Starts the process and reads its address, and the bootstrap token if it prints one, from its standard error, which
/// goes on into `stderr.log`.
async fn spawn(mut command: Command) -> (Child, String, Option<String>) {
    let log = command.get_current_dir().unwrap().join("stderr.log");
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let (found, address) = tokio::sync::oneshot::channel();
    let into = log.clone();
    std::thread::spawn(move || follow(stderr, &into, found));
    let said = super::within("`writ serve` to listen", address).await;
    let (url, bootstrap) = said.unwrap_or_else(|_| {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        panic!("`writ serve` ended before it listened:\n{text}")
    });
    (child, url, bootstrap)
}

fn follow(stderr: impl std::io::Read, log: &Path, found: tokio::sync::oneshot::Sender<(String, Option<String>)>) {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    let (mut found, mut bootstrap) = (Some(found), None);
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let _ = writeln!(file, "{line}");
        if let Some((_, token)) = line.split_once("--bootstrap ") {
            bootstrap = Some(token.trim().to_owned());
        }
        if let Some((_, url)) = line.split_once("writ listens on ")
            && let Some(found) = found.take()
        {
            let _ = found.send((url.trim().to_owned(), bootstrap.take()));
        }
    }
}
