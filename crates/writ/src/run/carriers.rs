//! What carries the session's id out of the session: git, by trailers and signatures; telemetry and HTTP, by environment.
//!
//! None of it decides whether the session runs: what cannot be set up is said once, and the rest goes on.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use brokers::ssh::SshKey;

use super::agent::Agent;
use super::certificate::{self, Renewal};
use super::delivery::{self, Prepared, Site};
use super::door::Door;
use super::environment::Environment;
use super::family::Family;
use super::git::{self, Git, Hooks, Missing};
use super::hooks::{HookDoor, Whose};
use super::listen::Listening;
use super::recorder::{Recorder, Recording};
use super::session_folder::SessionFolder;
use super::vault::{Plane, SystemTimer, Vault};
use crate::api::Opened;
use crate::client::Client;
use crate::inside::SOCKET_VARIABLE;
use crate::output::clean;

/// The session's folder with everything in it, and the tasks behind it. Nothing of it is left when this is gone.
pub(super) struct Carriers {
    variables: Vec<(String, OsString)>,
    delivered: Vec<(String, OsString)>,
    recording: Option<Recording>,
    vault: Vault,
    family: Family,
    // Dropped in this order: first what speaks, then the folder it speaks in.
    _prepared: Prepared,
    _renewal: Option<Renewal>,
    _listening: Vec<Listening>,
    _folder: Option<SessionFolder>,
}

// === impl Carriers ===

impl Carriers {
    /// Sets everything up for a session; `client` speaks as the session.
    pub(super) async fn prepare(client: &Client, opened: &Opened, environment: &Environment, with_git: bool) -> Self {
        let source = Plane::new(client.clone(), &opened.session.id);
        let mut carriers = Self {
            variables: Vec::new(),
            delivered: Vec::new(),
            recording: None,
            vault: Vault::new(Arc::new(source), Arc::new(SystemTimer::start())),
            family: Family::of(&opened.session.id),
            _prepared: Prepared::default(),
            _renewal: None,
            _listening: Vec::new(),
            _folder: None,
        };
        if let Err(missing) = carriers.open_folder(client, opened, environment, with_git).await {
            eprintln!("writ: commits do not name this session: {missing}");
        }
        carriers
    }

    /// The variables that the agent gets.
    pub(super) fn variables(&self) -> &[(String, OsString)] {
        &self.variables
    }

    /// Those of them that say where credentials are.
    pub(super) fn delivered(&self) -> &[(String, OsString)] {
        &self.delivered
    }

    /// The session's credentials, to be forgotten when it is over.
    pub(super) fn vault(&self) -> Vault {
        self.vault.clone()
    }

    /// Waits until what was noted is recorded, within a bound.
    pub(super) async fn finish(mut self, session: &str) {
        self.vault.close(&format!("session {session} is over"));
        self._prepared = Prepared::default();
        self._renewal = None;
        // With the sockets go their handles on the recorder.
        self._listening.clear();
        if let Some(recording) = self.recording.take() {
            recording.finish().await;
        }
    }

    async fn open_folder(
        &mut self,
        client: &Client,
        opened: &Opened,
        environment: &Environment,
        with_git: bool,
    ) -> Result<(), Missing> {
        let failed = |error: io::Error| Missing(format!("cannot make the session's folder: {error}"));
        let folder = self._folder.insert(SessionFolder::make().map_err(failed)?);
        let (recorder, recording) = Recorder::start(client.clone(), &opened.session.id);
        self.recording = Some(recording);
        let (family, vault) = (self.family.clone(), self.vault.clone());
        let door = Door::new(client.clone(), &opened.session.id, recorder, family.clone(), vault);
        self._listening.push(Listening::start(&folder.door_socket(), family, door).map_err(failed)?);
        self.variables.push((SOCKET_VARIABLE.to_owned(), folder.door_socket().into()));
        let hooks = HookDoor::new(client, Whose::of(opened, environment));
        self._listening.push(Listening::start(&folder.hook_socket(), self.family.clone(), hooks).map_err(failed)?);
        self.deliver(client, opened, environment).await;
        self.tell_git(client, opened, environment, with_git).await
    }

    /// What the session's credentials take.
    async fn deliver(&mut self, client: &Client, opened: &Opened, environment: &Environment) {
        let (Some(folder), Ok(writ)) = (&self._folder, std::env::current_exe()) else { return };
        let (vault, family) = (&self.vault, &self.family);
        let server = client.address();
        let site = Site { folder, writ: &writ, server, opened, environment, vault, family };
        self._prepared = delivery::prepare(client, &site).await;
        let delivered = std::mem::take(&mut self._prepared.variables);
        self.variables.extend(delivered.iter().cloned());
        // The search path is not in anybody's settings.
        self.delivered = delivered.into_iter().filter(|(name, _)| name != "PATH").collect();
    }

    /// Git gets the settings that carry the session's id, unless it is to be left alone, and those of credentials.
    async fn tell_git(
        &mut self,
        client: &Client,
        opened: &Opened,
        environment: &Environment,
        with_git: bool,
    ) -> Result<(), Missing> {
        let credentials = std::mem::take(&mut self._prepared.git);
        if !with_git && credentials.is_empty() {
            return Ok(());
        }
        let (git, cannot_sign) = Git::find(environment).await?;
        let carrying =
            if with_git { self.carry(client, opened, environment, &git, cannot_sign).await } else { Ok(Vec::new()) };
        let (settings, missing) = match carrying {
            Ok(settings) => (settings, Ok(())),
            Err(missing) => (Vec::new(), Err(missing)),
        };
        self.variables.extend(git.settings(settings.into_iter().chain(credentials)));
        missing
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
        let Some(folder) = &self._folder else { return Ok(Vec::new()) };
        let failed = |error: io::Error| Missing(format!("cannot write into the session's folder: {error}"));
        let hooks = Hooks {
            session: &opened.session.id,
            developer: &clean(&opened.session.developer.login),
            writ: &std::env::current_exe().map_err(failed)?,
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
        let Some(folder) = &self._folder else { return Err(Missing("there is no folder".to_owned())) };
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
