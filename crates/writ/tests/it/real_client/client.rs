//! The client's process: what it starts with, and what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// A plain turn takes one or two seconds; a busy machine is slower.
const TURN_MAX: Duration = Duration::from_secs(90);

/// The client's program. Without it these tests fail: one that passes because it did nothing shows nothing.
pub(super) fn program() -> PathBuf {
    match std::env::var_os("WRIT_TEST_CLAUDE") {
        Some(path) if !path.is_empty() => path.into(),
        _ => panic!("WRIT_TEST_CLAUDE is not set: run ./test, or `export WRIT_TEST_CLAUDE=$(scripts/claude)`"),
    }
}

/// A place for the client to run in: home, configuration and repository of its own.
pub(super) struct Client {
    folder: TempDir,
    program: PathBuf,
    repository: PathBuf,
}

/// How a run of the client ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) took: Duration,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Client {
    pub(super) fn new(program: PathBuf) -> Self {
        let mut client = Self::working_in(program, PathBuf::new());
        client.repository = client.folder.path().join("repository");
        let repository = &client.repository;
        let made =
            Command::new("git").args(["init", "--quiet"]).arg(repository).env_clear().env("PATH", path()).status();
        assert!(made.unwrap().success());
        std::fs::write(repository.join("README.md"), "A repository for a test.\n").unwrap();
        client
    }

    /// With a home and a configuration of its own, in a repository that others may work in too.
    pub(super) fn working_in(program: PathBuf, repository: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "configuration", "bin"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, program, repository }
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Everything that the client has of its own, its home and its transcripts among it.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.repository.clone()
    }

    /// Writes the developer's own settings.
    pub(super) fn settings(&self, settings: &Value) {
        std::fs::write(self.folder.path().join("configuration/settings.json"), settings.to_string()).unwrap();
    }

    /// Nothing of the machine's environment; no traffic but model calls.
    pub(super) fn environment(&self, command: &mut Command) {
        command.env_clear().current_dir(self.repository()).stdin(Stdio::null());
        command.env("HOME", self.folder.path().join("home"));
        command.env("CLAUDE_CONFIG_DIR", self.folder.path().join("configuration"));
        command.env("PATH", path()).env("LANG", "C.UTF-8").env("TERM", "xterm-256color");
        // Root may skip permission questions only in a sandbox, which this is.
        command.env("IS_SANDBOX", "1");
        for name in [
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "DISABLE_AUTOUPDATER",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
        ] {
            command.env(name, "1");
        }
    }

    /// A turn with this prompt at this address, with this bearer.
    pub(super) fn plain(&self, url: &str, token: &str, prompt: &str) -> Command {
        let mut command = Command::new(&self.program);
        self.environment(&mut command);
        command.env("ANTHROPIC_BASE_URL", url).env("ANTHROPIC_AUTH_TOKEN", token);
        command.args(arguments(prompt));
        command
    }
}

/// Without a terminal, without questions, with a result to read.
pub(super) fn arguments(prompt: &str) -> [&str; 5] {
    ["-p", prompt, "--output-format", "json", "--dangerously-skip-permissions"]
}

pub(super) fn path() -> &'static str {
    "/usr/local/bin:/usr/bin:/bin"
}

/// Runs it to its end.
pub(super) async fn ran(command: Command) -> Ran {
    let since = Instant::now();
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    Ran::of(tokio::time::timeout(TURN_MAX, output).await.expect("the client ends within 90 s").unwrap(), since)
}

impl Ran {
    /// What came of a client that was started then.
    pub(super) fn of(Output { status, stdout, stderr }: Output, since: Instant) -> Self {
        crate::support::leaks::complaint(&stderr);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: status.code(), took: since.elapsed(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// What the client made of it, asserting that it went well.
    pub(super) fn result(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        let result = self.json();
        assert_eq!(result["is_error"], false, "{result:#}");
        result
    }

    /// What the client made of it.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(self.stdout.trim()).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}
