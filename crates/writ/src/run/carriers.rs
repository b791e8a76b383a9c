//! What the session has on this machine: the folder with the launcher's sockets, and what carries its id and leads to its
//! credentials.
//!
//! The launcher's own socket decides whether the session runs, since the bearer for model calls comes that way. What else
//! cannot be set up is said once, and the rest goes on.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use brokers::ssh::SshKey;

use super::agent::Agent;
use super::certificate::{self, Renewal};
use super::delivery::{self, Prepared, Site};
use super::door::{Door, Locks};
use super::environment::Environment;
use super::family::Family;
use super::git::{self, Git, Hooks, Missing};
use super::hooks::{HookDoor, Whose};
use super::listen::Listening;
use super::nested;
use super::parts::Parts;
use super::push_options::PushOptions;
use super::recorder::{Recorder, Recording};
use super::session_folder::SessionFolder;
use super::settings_file::Bound;
use super::vault::{Plane, SystemTimer, Vault};
use super::workspace::Place;
use crate::api::Opened;
use crate::client::Client;
use crate::command_error::CommandError;
use crate::inside::SOCKET_VARIABLE;
use crate::output::clean;
use crate::workspace::Root;

/// The session's folder with everything in it, and the tasks behind it. Nothing of it is left when this is gone.
pub(super) struct Carriers {
    variables: Vec<(String, OsString)>,
    delivered: Vec<(String, OsString)>,
    key_helper: String,
    recording: Option<Recording>,
    parts: Parts,
    vault: Vault,
    family: Family,
    writ: PathBuf,
    // Dropped in this order: first what speaks, then the folder it speaks in.
    _prepared: Prepared,
    _renewal: Option<Renewal>,
    _listening: Vec<Listening>,
    _folder: SessionFolder,
}

/// What a session's agent is started with.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    /// The session.
    pub(super) opened: &'a Opened,
    /// The developer's environment, without credentials.
    pub(super) environment: &'a Environment,
    /// The variables that carry the session's id.
    pub(super) carried: &'a [(String, OsString)],
    /// Claude Code's program, if there is one.
    pub(super) claude: Option<&'a Path>,
    /// Where it works.
    pub(super) place: &'a Place,
}

// === impl Carriers ===

impl Carriers {
    /// Sets everything up for a session; `client` speaks as the session.
    ///
    /// # Errors
    /// There is no folder, or no socket in it: the agent would have no way to its bearer.
    pub(super) async fn prepare(client: &Client, start: Start<'_>, with_git: bool) -> Result<Self, CommandError> {
        let failed =
            |error: io::Error| CommandError::failed("cannot make the session's folder and its socket").because(&error);
        let (id, folder) = (&start.opened.session.id, SessionFolder::make().map_err(failed)?);
        let writ = std::env::current_exe().map_err(failed)?;
        let vault = Vault::new(Arc::new(Plane::new(client.clone(), id)), Arc::new(SystemTimer::start()));
        let family = Family::of(id);
        let (recorder, recording) = Recorder::start(client.clone(), id);
        let push = PushOptions::start(&folder, id).map_err(failed)?;
        let parts = Parts::new(id, start.place, folder.parts_script(), Root::find().ok());
        let whose = Whose::of(start.opened, start.environment);
        let hooks = HookDoor::new(client, whose, parts.clone(), push.clone());
        let locks = Locks { push: push.clone(), hooks: hooks.clone() };
        let door = Door::new(client.clone(), start.opened, recorder, family.clone(), vault.clone(), locks);
        let door = Listening::start(&folder.door_socket(), family.clone(), door).map_err(failed)?;
        let mut carriers = Self {
            variables: vec![(SOCKET_VARIABLE.to_owned(), folder.door_socket().into())],
            delivered: Vec::new(),
            key_helper: String::new(),
            recording: Some(recording),
            parts,
            vault,
            family,
            writ,
            _prepared: Prepared::default(),
            _renewal: None,
            _listening: vec![door],
            _folder: folder,
        };
        carriers.deliver(client, start).await;
        if let Err(missing) = carriers.tell_git(client, start.opened, start.environment, with_git, &push).await {
            eprintln!("writ: commits do not name this session: {missing}");
        }
        // Nobody of the session's runs before this returns.
        hooks.know(std::mem::take(&mut carriers._prepared.gates));
        let hooks =
            Listening::start(&carriers._folder.hook_socket(), carriers.family.clone(), hooks).map_err(failed)?;
        carriers._listening.push(hooks);
        Ok(carriers)
    }

    /// The variables that the agent gets.
    pub(super) fn variables(&self) -> &[(String, OsString)] {
        &self.variables
    }

    /// Those of them that say where credentials are.
    pub(super) fn delivered(&self) -> &[(String, OsString)] {
        &self.delivered
    }

    /// The shell command line that prints the session's bearer, to its own processes.
    pub(super) fn key_helper(&self) -> &str {
        &self.key_helper
    }

    /// The session's credentials, to be forgotten when it is over.
    pub(super) fn vault(&self) -> Vault {
        self.vault.clone()
    }

    /// Waits until what was noted is recorded, within a bound, and what sub-agents did in workspaces of their own is kept.
    pub(super) async fn finish(mut self, session: &str, place: &Place) {
        self.vault.close(&format!("session {session} is over"));
        self._prepared = Prepared::default();
        self._renewal = None;
        // With the sockets go their handles on the recorder.
        self._listening.clear();
        if let Some(recording) = self.recording.take() {
            recording.finish().await;
        }
        self.parts.finish(place).await;
    }

    /// What the session's credentials take, its bearer among them.
    async fn deliver(&mut self, client: &Client, Start { opened, environment, carried, claude, .. }: Start<'_>) {
        let (folder, writ) = (&self._folder, self.writ.as_path());
        let (vault, family, server) = (&self.vault, &self.family, client.address());
        let site = Site { folder, writ, server, opened, environment, vault, family };
        let mut prepared = delivery::prepare(client, &site).await;
        let delivered = std::mem::take(&mut prepared.variables);
        let key_helper = Site::shell(&site.helper("model", &[]));
        let bound = Bound { server, opened, key_helper: &key_helper, carried, delivered: &delivered };
        if let Some(client) = claude
            && let Err(error) = nested::prepare(client, &bound, &site, &mut prepared)
        {
            eprintln!("writ: `claude` inside this session will not be signed in: {}", clean(&error.to_string()));
        }
        prepared.close_path(environment);
        self.variables.extend(delivered.iter().cloned());
        // The search path is not in anybody's settings.
        self.variables.append(&mut prepared.variables);
        (self.delivered, self.key_helper, self._prepared) = (delivered, key_helper, prepared);
    }

    /// Git gets the settings that carry the session's id, unless it is to be left alone, and those of credentials.
    async fn tell_git(
        &mut self,
        client: &Client,
        opened: &Opened,
        environment: &Environment,
        with_git: bool,
        push: &PushOptions,
    ) -> Result<(), Missing> {
        let credentials = std::mem::take(&mut self._prepared.git);
        if !with_git && credentials.is_empty() {
            return Ok(());
        }
        let (git, cannot_sign) = Git::find(environment).await?;
        let carrying =
            if with_git { self.carry(client, opened, environment, &git, cannot_sign).await } else { Ok(Vec::new()) };
        let pushing = if with_git { self.tell_gates(environment, &git, push).await } else { None };
        let (settings, missing) = match carrying {
            Ok(settings) => (settings, Ok(())),
            Err(missing) => (Vec::new(), Err(missing)),
        };
        self.variables.extend(git.settings(settings.into_iter().chain(pushing).chain(credentials)));
        missing
    }

    /// The setting by which git sends the session's options to gates.
    async fn tell_gates(
        &mut self,
        environment: &Environment,
        git: &Git,
        push: &PushOptions,
    ) -> Option<(String, OsString)> {
        let gates = &mut self._prepared.gates;
        gates.told(git.gates(environment).await);
        match gates.write(&self._folder, &push.path()?) {
            Ok(setting) => setting,
            Err(error) => {
                eprintln!("writ: pushes do not name this session and its locks: cannot write into its folder: {error}");
                None
            }
        }
    }

    /// The settings that name the session in commits.
    async fn carry(
        &mut self,
        client: &Client,
        opened: &Opened,
        environment: &Environment,
        git: &Git,
        cannot_sign: Option<Missing>,
    ) -> Result<Vec<(String, OsString)>, Missing> {
        let folder = &self._folder;
        let failed = |error: io::Error| Missing(format!("cannot write into the session's folder: {error}"));
        let hooks = Hooks {
            session: &opened.session.id,
            developer: &clean(&opened.session.developer.login),
            writ: &self.writ,
            socket: &folder.door_socket(),
            count: git.count(),
        };
        let hooks = hooks.write(folder).map_err(failed)?;
        let signing = match cannot_sign {
            Some(missing) => Err(missing),
            None => self.sign(client, opened, git, environment).await,
        };
        let mut settings = vec![("core.hooksPath".to_owned(), hooks.into())];
        match signing {
            Ok(signing) => settings.extend(signing.settings()),
            Err(missing) => eprintln!("writ: commits of this session are not signed: {missing}"),
        }
        Ok(settings)
    }

    /// The session's key, its certificate, and the agent that signs with them.
    async fn sign(
        &mut self,
        client: &Client,
        opened: &Opened,
        git: &Git,
        environment: &Environment,
    ) -> Result<Signing, Missing> {
        let folder = &self._folder;
        let failed = |error: io::Error| Missing(format!("cannot write into the session's folder: {error}"));
        let key = SshKey::from_seed(&control::seam::random()).map_err(|error| Missing(error.to_string()))?;
        let public = key.public();
        let agent = Agent::new(key);
        let certified = certificate::ask(client, &opened.session.id, &public).await?;
        let place = certificate::Place::new(folder, agent.clone());
        place.put(&certified).map_err(failed)?;
        self._listening.push(Listening::start(&folder.agent_socket(), self.family.clone(), agent).map_err(failed)?);
        let keygen = git::try_signing(folder, environment).await?;
        let signers = folder.path().join("allowed_signers");
        let trusted = git.trusted_signers(environment).await;
        folder.write(&signers, &format!("{trusted}{}", certified.allowed_signers)).map_err(failed)?;
        let certificate = git::certificate_path(folder);
        self._renewal = Some(Renewal::start(client.clone(), opened, public, place, &certified));
        Ok(Signing { certificate, keygen, signers })
    }
}

/// What git must be told to sign.
struct Signing {
    certificate: std::path::PathBuf,
    keygen: std::path::PathBuf,
    signers: std::path::PathBuf,
}

impl Signing {
    fn settings(self) -> [(String, OsString); 5] {
        [
            ("user.signingKey", OsString::from(self.certificate)),
            ("gpg.ssh.program", self.keygen.into()),
            ("gpg.ssh.allowedSignersFile", self.signers.into()),
            ("gpg.format", "ssh".into()),
            ("commit.gpgSign", "true".into()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
    }
}
