//! SSH: certificates for hosts, in an agent of the session's.
//!
//! `SSH_AUTH_SOCK` leads to the agent with all targets' keys, so that `ssh -p PORT USER@HOST`, `scp` and git's pushes work as
//! they are. For hosts that a broker names there is more: `ssh`, `scp` and `sftp` are told to read a configuration that
//! knows the account and the port, and that offers a host only the key of its own target. The developer's own configuration
//! comes after it and stays in force.

mod config;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use brokers::ssh::{LoginCertificate, SshKey, SshPublicKey};
use serde::Deserialize;

use super::{Prepared, Site, Unprepared, Wired};
use crate::inside::CredentialAsk;
use crate::limits::LOGIN_CERTIFICATE_WAIT_MAX;
use crate::run::agent::{Asked, Certificates, Identity, LoginAgent};
use crate::run::listen::Listening;
use crate::run::vault::Vault;
use config::{Elsewhere, Host, Section};

/// What clients read to find the agent.
const AGENT_VARIABLE: &str = "SSH_AUTH_SOCK";
/// The same, also when the developer's own agent is passed on.
const OUR_AGENT_VARIABLE: &str = "WRIT_SSH_AUTH_SOCK";
/// The configuration, for programs that start `ssh` in another way: `ssh -F "$WRIT_SSH_CONFIG"`.
const CONFIG_VARIABLE: &str = "WRIT_SSH_CONFIG";
/// Programs that read the configuration when they are told.
const PROGRAMS: [&str; 3] = ["ssh", "scp", "sftp"];

/// What a broker says of this mechanism.
#[derive(Debug, Deserialize)]
struct How {
    /// Hosts that the target consists of, if the operator named any.
    #[serde(default)]
    hosts: Vec<Host>,
}

/// The launcher's vault as the source of one target's certificates.
struct FromVault {
    vault: Vault,
    ask: CredentialAsk,
}

/// Prepares it for all targets that have it.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let folder = site.subfolder("ssh")?;
    let (mut all, mut anywhere, mut sections) = (Vec::new(), Vec::new(), Vec::new());
    for (index, wired) in wired.iter().enumerate() {
        let how = How::deserialize(wired.how).map_err(|error| Unprepared::strange(wired, &error))?;
        let identity = Arc::new(identity(wired, site)?);
        all.push(Arc::clone(&identity));
        if how.hosts.is_empty() {
            anywhere.push(identity);
        } else {
            let socket = folder.join(format!("{index}.sock"));
            listen(site, prepared, &socket, [identity])?;
            sections.push(Section { socket, hosts: how.hosts });
        }
    }
    let socket = site.folder.login_socket();
    listen(site, prepared, &socket, all)?;
    tell_clients(site, prepared, &socket);
    if sections.is_empty() {
        return Ok(());
    }
    let elsewhere = elsewhere(site, prepared, &folder.join("any.sock"), anywhere)?;
    let config = folder.join("config");
    site.write(&config, &config::text(&sections, &elsewhere)?)?;
    prepared.set(CONFIG_VARIABLE, &config);
    for name in PROGRAMS {
        let Some(program) = site.environment.find_program(name) else { continue };
        let words = [program.into_os_string(), "-F".into(), config.clone().into_os_string()];
        prepared.program(site, name, &format!("exec {} \"$@\"", Site::shell(&words)))?;
    }
    Ok(())
}

/// Has an agent with these keys listen there.
fn listen(
    site: &Site<'_>,
    prepared: &mut Prepared,
    socket: &Path,
    identities: impl IntoIterator<Item = Arc<Identity>>,
) -> Result<(), Unprepared> {
    prepared.listening.push(Listening::start(socket, site.family.clone(), LoginAgent::new(identities))?);
    Ok(())
}

/// A certificate names session, developer and project to whoever is shown it.
fn elsewhere(
    site: &Site<'_>,
    prepared: &mut Prepared,
    socket: &Path,
    anywhere: Vec<Arc<Identity>>,
) -> Result<Elsewhere, Unprepared> {
    if site.environment.keeps(AGENT_VARIABLE) {
        return Ok(Elsewhere::AsBefore);
    }
    if anywhere.is_empty() {
        return Ok(Elsewhere::Nobody);
    }
    listen(site, prepared, socket, anywhere)?;
    Ok(Elsewhere::Agent(socket.to_owned()))
}

/// The developer's own agent is not the session's: it stays only when it was asked for by name.
fn tell_clients(site: &Site<'_>, prepared: &mut Prepared, socket: &Path) {
    prepared.set(OUR_AGENT_VARIABLE, socket);
    if site.environment.keeps(AGENT_VARIABLE) {
        return;
    }
    if site.environment.before(AGENT_VARIABLE).is_some() {
        eprintln!(
            "writ: {AGENT_VARIABLE} leads to this session's own keys, not to yours (--keep-env {AGENT_VARIABLE} passes \
             yours on)"
        );
    }
    prepared.set(AGENT_VARIABLE, OsString::from(socket));
}

/// A new key, in memory only.
fn identity(wired: &Wired<'_>, site: &Site<'_>) -> Result<Identity, Unprepared> {
    let key = SshKey::from_seed(&control::seam::random()).map_err(|error| Unprepared(error.to_string()))?;
    let ask = CredentialAsk { public_key: Some(key.public().to_string()), ..wired.grant.ask() };
    let source = FromVault { vault: site.vault.clone(), ask };
    Ok(Identity::new(wired.grant.name(), key, Box::new(source), LOGIN_CERTIFICATE_WAIT_MAX))
}

impl Certificates for FromVault {
    fn certificate<'a>(&'a self, _key: &'a SshPublicKey) -> Asked<'a> {
        Box::pin(async move {
            let credential = self.vault.credential(&self.ask).await.ok()?;
            credential.field("certificate")?.parse::<LoginCertificate>().ok()
        })
    }
}
