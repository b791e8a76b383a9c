//! `writ broker krl`: a host's copy of the list of revoked certificates.
//!
//! The file is what keeps revoked certificates out, so whatever goes wrong, it stays as it is: an answer that is no list, an
//! older list than the one that is there, a control plane that is away.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use brokers::ssh::{KRL_BYTES_MAX, Krl};
use domain::Name;

use crate::cli::BrokerKrl;
use crate::client::{Client, escape};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;

/// Fetches the list and puts it in its place.
pub(super) async fn krl(arguments: BrokerKrl) -> Result<Exit, CommandError> {
    let client = client(arguments.server.as_deref())?;
    let path = format!("/v1/brokers/{}/krl", escape(arguments.name.as_str()));
    let bytes = client.get_bytes(&path).await?;
    let (name, out) = (&arguments.name, arguments.out.as_path());
    let new = accepted(&bytes, name, client.address().as_str())?;
    if !arguments.force {
        check_replaces(&new, held(out)?.as_deref(), name, out)?;
    }
    let failed = |error: io::Error| CommandError::failed(format!("cannot write `{}`", out.display())).because(&error);
    put(out, &bytes).map_err(failed)?;
    eprintln!("writ: {} revoked, version {}: {}", certificates(new.count()), new.head().version, out.display());
    Ok(Exit::Done)
}

/// Everybody may fetch it, so no sign-in is asked for when the control plane is named.
fn client(server: Option<&str>) -> Result<Client, CommandError> {
    match server {
        Some(server) => Client::new(server.parse().map_err(CommandError::usage)?),
        None => Home::find()?.client(None),
    }
}

/// The answer, if it is this broker's list.
fn accepted(bytes: &[u8], name: &Name, server: &str) -> Result<Krl, CommandError> {
    let strange = |what: &str| CommandError::failed(format!("{server} answered with {what}; the file stays as it is"));
    let krl = Krl::from_bytes(bytes).map_err(|_| strange("something that is no list of revoked certificates"))?;
    if krl.head().comment == comment(name) { Ok(krl) } else { Err(strange("the list of another broker")) }
}

/// Checks that nothing that is revoked comes to life again.
fn check_replaces(new: &Krl, held: Option<&[u8]>, name: &Name, out: &Path) -> Result<(), CommandError> {
    let Some(held) = held else { return Ok(()) };
    let keeps = |why: String| {
        CommandError::failed(format!("`{}` {why}; it stays as it is", out.display()))
            .hinted("`--force` replaces it whatever it holds")
    };
    let old = Krl::from_bytes(held).map_err(|_| keeps("is not a list that writ made".to_owned()))?;
    if old.count() > 0 && old.head().comment != comment(name) {
        return Err(keeps("is not this broker's list".to_owned()));
    }
    let (before, now) = (old.head().version, new.head().version);
    if old.head().comment == comment(name) && now < before {
        return Err(keeps(format!("is newer (version {before}) than what the control plane has (version {now})")));
    }
    Ok(())
}

/// What the control plane writes into its lists.
fn comment(name: &Name) -> String {
    format!("writ broker {name}")
}

/// What the file holds; none when there is none, or an empty one, which revokes nothing.
fn held(out: &Path) -> Result<Option<Vec<u8>>, CommandError> {
    let failed = |error: io::Error| CommandError::failed(format!("cannot read `{}`", out.display())).because(&error);
    let file = match fs::File::open(out) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    let mut bytes = Vec::new();
    let bound = u64::try_from(KRL_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}

/// In one step: sshd reads the old file or the new one. Durable, because a file that is gone or cut after a crash would lock
/// everybody out, or let everybody in.
fn put(out: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(out).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()
}

fn certificates(count: u64) -> String {
    if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") }
}

#[cfg(test)]
mod tests;
