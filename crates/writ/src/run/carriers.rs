//! What carries the session's id out of the session: git, by trailers and signatures; telemetry and HTTP, by environment.
//!
//! None of it decides whether the session runs: what cannot be set up is said once, and the rest goes on.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use brokers::ssh::SshKey;

use super::agent::Agent;
use super::certificate::{self, Renewal};
use super::door::Door;
use super::environment::Environment;
use super::git::{self, Git, Hooks, Missing};
use super::listen::Listening;
use super::recorder::{Recorder, Recording};
use super::session_folder::SessionFolder;
use crate::api::Opened;
use crate::client::Client;
use crate::inside::SOCKET_VARIABLE;
use crate::output::clean;

/// The session's folder with everything in it, and the tasks behind it. Nothing of it is left when this is gone.
pub(super) struct Carriers {
    variables: Vec<(String, OsString)>,
    recording: Option<Recording>,
    // Dropped in this order: first what speaks, then the folder it speaks in.
    _renewal: Option<Renewal>,
    _listening: Vec<Listening>,
    _folder: Option<SessionFolder>,
}

// === impl Carriers ===

impl Carriers {
    /// Sets everything up for a session; `client` speaks as the session.
    pub(super) async fn prepare(client: &Client, opened: &Opened, environment: &Environment, with_git: bool) -> Self {
        let mut carriers =
            Self { variables: Vec::new(), recording: None, _renewal: None, _listening: Vec::new(), _folder: None };
        if let Err(missing) = carriers.open_folder(client, opened, environment, with_git).await {
            eprintln!("writ: commits do not name this session: {missing}");
        }
        carriers
    }

    /// The variables that the agent gets.
    pub(super) fn variables(&self) -> &[(String, OsString)] {
        &self.variables
    }

    /// Waits until what was noted is recorded, within a bound.
    pub(super) async fn finish(mut self) {
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
        let door = Door::new(client.clone(), &opened.session.id, recorder);
        self._listening.push(Listening::start(&folder.door_socket(), door).map_err(failed)?);
        self.variables.push((SOCKET_VARIABLE.to_owned(), folder.door_socket().into()));
        if with_git {
            self.tell_git(client, opened, environment).await?;
        }
        Ok(())
    }

    async fn tell_git(&mut self, client: &Client, opened: &Opened, environment: &Environment) -> Result<(), Missing> {
        let (git, cannot_sign) = Git::find(environment).await?;
        let Some(folder) = &self._folder else { return Ok(()) };
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
            None => self.sign(client, opened, &git, environment).await,
        };
        let variables = match signing {
            Ok(signing) => signing.settings(&git, &hooks),
            Err(missing) => {
                eprintln!("writ: commits of this session are not signed: {missing}");
                git.settings(&[("core.hooksPath", &hooks)], &[])
            }
        };
        self.variables.extend(variables);
        Ok(())
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
        self._listening.push(Listening::start(&folder.agent_socket(), agent).map_err(failed)?);
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
    fn settings(&self, git: &Git, hooks: &Path) -> Vec<(String, OsString)> {
        let paths: [(&str, &Path); 4] = [
            ("core.hooksPath", hooks),
            ("user.signingKey", &self.certificate),
            ("gpg.ssh.program", &self.keygen),
            ("gpg.ssh.allowedSignersFile", &self.signers),
        ];
        git.settings(&paths, &[("gpg.format", "ssh"), ("commit.gpgSign", "true")])
    }
}
