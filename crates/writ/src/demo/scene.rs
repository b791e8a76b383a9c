//! The scene of the demo: a folder, a model service, a control plane, two people, a project.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use control::seam::random;
use domain::Digest;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::part::Part;
use super::repository;
use crate::cli::AgentKind;
use crate::command_error::CommandError;
use crate::limits::DEMO_STEP_TIMEOUT;

/// Name of the variable that makes the demo use the real service.
const KEY_VARIABLE: &str = "ANTHROPIC_API_KEY";
/// The administrator.
pub(super) const ADMIN: &str = "ada";
/// The developer whose agent runs.
pub(super) const DEVELOPER: &str = "grace";
/// Her team.
pub(super) const TEAM: &str = "payments";
/// What the work is for.
pub(super) const PROJECT: &str = "checkout";

/// What the sessions of the project are granted.
pub(super) const GRANT: &str = "internal/billing";
/// What the project shares with others.
pub(super) const SHARED: &str = "env:prod/checkout";
/// The internal service that it is for.
pub(super) const AUDIENCE: &str = "billing.demo";
/// What proves to the wall of whose session a push is.
pub(super) const PUSH_GRANT: &str = "internal/git";
/// The wall.
const GATE: &str = "git.demo";
/// What locks call the repository behind it.
pub(super) const REPOSITORY: &str = "git.demo/payments/checkout";

/// What is decided before anything runs.
pub(super) struct Scene {
    folder: tempfile::TempDir,
    executable: PathBuf,
    /// Which agent.
    pub(super) agent: AgentKind,
    /// Whether the real model service answers.
    pub(super) is_real_service: bool,
    /// Whether the work folder is a git repository.
    pub(super) has_git: bool,
}

/// The processes, and how to get in.
pub(super) struct Running {
    simulator: Option<Part>,
    server: Part,
    /// The control plane's address.
    pub(super) url: String,
    /// The password of both people, made from the bootstrap token: as secret as that, and nobody has to invent one.
    pub(super) password: String,
}

impl Scene {
    /// Makes the folder and the repository.
    pub(super) fn prepare(agent: AgentKind) -> Result<Self, CommandError> {
        let failed = |error: std::io::Error| CommandError::failed("cannot prepare the demo").because(&error);
        let folder = tempfile::Builder::new().prefix("writ-demo-").tempdir().map_err(failed)?;
        let executable = std::env::current_exe().map_err(failed)?;
        let has_git = repository::make(&folder.path().join(PROJECT), &folder.path().join("origin.git"))?;
        let is_real_service = std::env::var(KEY_VARIABLE).is_ok_and(|key| !key.is_empty());
        Ok(Self { folder, executable, agent, is_real_service, has_git })
    }

    /// Where the agent works.
    pub(super) fn work_folder(&self) -> PathBuf {
        self.path(PROJECT)
    }

    /// What it pushes to.
    pub(super) fn origin(&self) -> PathBuf {
        self.path("origin.git")
    }

    /// A path in the demo's folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// This executable.
    pub(super) fn executable(&self) -> &Path {
        &self.executable
    }

    /// A command of this executable, as one of the people.
    pub(super) fn command_as(&self, person: &str) -> Command {
        let mut command = Command::new(&self.executable);
        command.env("WRIT_HOME", self.path(person)).kill_on_drop(true);
        // A demo inside a session is no part of that session.
        command.env_remove(crate::inside::SOCKET_VARIABLE);
        command
    }

    /// Runs a short command as one of the people and returns what it printed.
    ///
    /// # Errors
    /// It failed (with what it said) or took too long.
    pub(super) async fn step(&self, person: &str, arguments: &[&str], input: &str) -> Result<String, CommandError> {
        let what = format!("writ {}", arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "));
        let failed = |error: std::io::Error| CommandError::failed(format!("`{what}` failed")).because(&error);
        let mut command = self.command_as(person);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read its input may be gone already; its own result tells.
            let _ = stdin.write_all(format!("{input}\n").as_bytes()).await;
        }
        match tokio::time::timeout(DEMO_STEP_TIMEOUT, child.wait_with_output()).await {
            Ok(output) => succeeded(&what, output.map_err(failed)?),
            Err(_) => Err(CommandError::failed(format!("`{what}` took longer than {} s", DEMO_STEP_TIMEOUT.as_secs()))),
        }
    }

    fn config(&self, upstream: Option<&str>) -> String {
        let service = match upstream {
            Some(url) => format!("name = \"stand-in\"\nbase_url = \"{url}\"\nkey_file = \"stand-in.key\"\n"),
            None => format!(
                "name = \"anthropic\"\nbase_url = \"https://api.anthropic.com\"\nkey_env = \"{KEY_VARIABLE}\"\n"
            ),
        };
        format!(
            "listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\n\n[[upstreams]]\n{service}\n[log]\nlevel = \"warn\"\n\n\
             [[issuer.audiences]]\nname = \"{AUDIENCE}\"\n\n[[issuer.audiences]]\nname = \"{GATE}\"\n\n\
             [[introspection]]\naudience = \"{GATE}\"\nsecret_file = \"gate.secret\"\n"
        )
    }
}

fn succeeded(what: &str, output: Output) -> Result<String, CommandError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(CommandError::failed(format!("`{what}` failed: {}", said.trim())))
}

impl Running {
    /// Starts the model service and the control plane.
    pub(super) async fn start(scene: &Scene) -> Result<Self, CommandError> {
        let simulator = match scene.is_real_service {
            true => None,
            false => Some(start_simulator(scene).await?),
        };
        let upstream = simulator.as_ref().map(|(_, url)| url.as_str());
        let failed =
            |error: std::io::Error| CommandError::failed("cannot write the demo's configuration").because(&error);
        std::fs::write(scene.path("writ.toml"), scene.config(upstream)).map_err(failed)?;
        std::fs::write(scene.path("stand-in.key"), "the stand-in takes any key\n").map_err(failed)?;
        std::fs::write(scene.path("gate.secret"), Digest::of(&random::<32>()).to_string()).map_err(failed)?;
        let (server, url, token) = start_server(scene).await?;
        let password = Digest::of(token.as_bytes()).to_string().chars().take(20).collect();
        let running = Self { simulator: simulator.map(|(part, _)| part), server, url, password };
        // A part that dies meanwhile fails the step that needed it.
        match running.people(scene, &token).await {
            Ok(()) => Ok(running),
            Err(error) => Err(running.blamed(error).await),
        }
    }

    async fn people(&self, scene: &Scene, token: &str) -> Result<(), CommandError> {
        let login = |name: &'static str| ["login", self.url.as_str(), "--login", name, "--password-stdin"];
        let first = [&login(ADMIN)[..], &["--bootstrap", token]].concat();
        scene.step(ADMIN, &first, &self.password).await?;
        scene.step(ADMIN, &["developer", "add", DEVELOPER, "--password-stdin"], &self.password).await?;
        scene.step(ADMIN, &["team", "add", TEAM], "").await?;
        scene.step(ADMIN, &["team", "join", TEAM, DEVELOPER], "").await?;
        scene.step(ADMIN, &["project", "add", PROJECT, "--team", TEAM], "").await?;
        scene.step(DEVELOPER, &login(DEVELOPER), &self.password).await?;
        self.credentials(scene).await?;
        if scene.has_git { self.wall(scene).await } else { Ok(()) }
    }

    /// The hook in the repository that the agent pushes to.
    async fn wall(&self, scene: &Scene) -> Result<(), CommandError> {
        let (origin, secret) = (scene.origin(), scene.path("gate.secret"));
        let (origin, secret) = (origin.to_string_lossy(), secret.to_string_lossy());
        let install = ["git-receive", "install", &origin, "--server", &self.url, "--name", REPOSITORY];
        let proof = ["--proven-by", "token", "--secret-file", &secret];
        scene.step(ADMIN, &[&install[..], &proof].concat(), "").await.map(drop)
    }

    /// A broker for tokens of an internal service and of the wall, granted to the project.
    async fn credentials(&self, scene: &Scene) -> Result<(), CommandError> {
        let failed = |error: std::io::Error| CommandError::failed("cannot write the demo's broker").because(&error);
        let (broker, _) = GRANT.split_once('/').unwrap_or_default();
        let file = scene.path("broker.toml");
        let target = |(grant, audience): (&str, &str)| {
            let (_, target) = grant.split_once('/').unwrap_or_default();
            format!("[targets.{target}]\naudience = \"{audience}\"\nintrospects = true\n")
        };
        let settings: String = [(GRANT, AUDIENCE), (PUSH_GRANT, GATE)].map(target).concat();
        std::fs::write(&file, settings).map_err(failed)?;
        let file = file.to_string_lossy().into_owned();
        scene.step(ADMIN, &["broker", "set", broker, "--kind", "token", "--settings", &file], "").await?;
        let set = |grant: &'static str| ["grant", "set", PROJECT, grant, "--max-lifetime", "10m"];
        scene.step(ADMIN, &set(GRANT), "").await?;
        scene.step(ADMIN, &[&set(PUSH_GRANT)[..], &["--scope", "access=write"]].concat(), "").await?;
        Ok(())
    }

    /// Resolves when a part has died.
    pub(super) async fn died(&self) -> CommandError {
        match &self.simulator {
            Some(simulator) => tokio::select! {
                error = simulator.died() => error,
                error = self.server.died() => error,
            },
            None => self.server.died().await,
        }
    }

    /// An error when a part has died.
    pub(super) fn still_there(&self) -> Result<(), CommandError> {
        let ended = self.simulator.as_ref().and_then(Part::end).or_else(|| self.server.end());
        ended.map_or(Ok(()), Err)
    }

    /// The death of a part explains an error better than the error itself; it may take a moment to be seen.
    pub(super) async fn blamed(&self, error: CommandError) -> CommandError {
        tokio::select! {
            biased;
            death = self.died() => death,
            () = tokio::time::sleep(std::time::Duration::from_millis(200)) => error,
        }
    }

    /// Stops the control plane, then the model service.
    pub(super) async fn stop(self) {
        self.server.stop().await;
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
    }
}

async fn start_simulator(scene: &Scene) -> Result<(Part, String), CommandError> {
    let mut command = Command::new(scene.executable());
    command.args(["simulator", "--until-stdin-ends"]);
    let url = |line: &str| line.starts_with("http://").then(|| line.to_owned());
    Part::start("the stand-in model service", command, url).await
}

async fn start_server(scene: &Scene) -> Result<(Part, String, String), CommandError> {
    let mut command = Command::new(scene.executable());
    command.arg("serve").arg("--config").arg(scene.path("writ.toml")).arg("--until-stdin-ends");
    command.env_remove("WRIT_LISTEN");
    let (mut token, mut url) = (None, None);
    let ready = |line: &str| {
        let mut words = line.split_whitespace();
        if let Some(word) = line.split_whitespace().find(|word| word.starts_with(domain::TokenKind::Bootstrap.prefix()))
        {
            token = Some(word.to_owned());
        } else if line.starts_with("writ listens on ") {
            url = words.next_back().map(str::to_owned);
        }
        Some((url.clone()?, token.clone()?))
    };
    let (part, (url, token)) = Part::start("the control plane", command, ready).await?;
    Ok((part, url, token))
}
