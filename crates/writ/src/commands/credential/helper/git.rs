//! The credential helper of git.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::cli::GitHelper;
use crate::command_error::{CommandError, Exit};
use crate::git::credential::{Asked, Reply};
use crate::git::remotes::{Remote, Remotes};
use crate::inside::{Credential, CredentialAsk, Inside};
use crate::limits::GIT_CREDENTIAL_BYTES_MAX;
use crate::output::clean;

use super::super::{field, launcher, now, printed, shapes};

/// Answers git: `get` gives the credential of the session, `erase` has one that the server refused made anew. What git brings
/// to `store` is the session's own already, and other operations are for other versions: git wants silence then.
pub(super) fn answer(arguments: &GitHelper) -> Result<Exit, CommandError> {
    let operation = arguments.operation.as_str();
    if !matches!(operation, "get" | "erase") {
        return Ok(Exit::Done);
    }
    let asked = read(std::io::stdin())?;
    let remotes = remotes(&arguments.map)?;
    let remote = match remotes.find(&asked) {
        Ok(remote) => remote,
        Err(_) if operation == "erase" => return Ok(Exit::Done),
        Err(reason) => {
            // Git says afterwards that it could not read a user name: this says why.
            eprintln!("writ: {}", clean(&reason.to_string()));
            return Ok(Exit::Done);
        }
    };
    let launcher = launcher(arguments.socket.as_deref())?;
    let whole = CredentialAsk::whole(&remote.broker, &remote.target);
    if operation == "erase" {
        forget(&launcher, &asked, whole);
        return Ok(Exit::Done);
    }
    let credential = launcher.credential(whole)?;
    printed(&reply(&asked, remote, &credential)?)
}

fn reply(asked: &Asked, remote: &Remote, credential: &Credential) -> Result<Zeroizing<String>, CommandError> {
    let reply = Reply {
        auth: remote.auth(),
        username: credential.field("username").unwrap_or_else(|| remote.username()),
        token: token(credential)?,
        expires_at: shapes::ends(credential, now()).unix_seconds(),
    };
    asked.answer(&reply).map_err(|error| CommandError::failed(error.to_string()))
}

fn token(credential: &Credential) -> Result<&str, CommandError> {
    credential.field("password").map_or_else(|| field(credential, "token"), Ok)
}

/// The server refused what was given: unless another process had it made anew already, it is made anew now. A target that
/// refuses again says so at the next `get`.
fn forget(launcher: &Inside, asked: &Asked, whole: CredentialAsk) {
    let Ok(known) = launcher.credential(whole.clone()) else { return };
    if token(&known).is_ok_and(|token| asked.is_about(token)) {
        // What comes of it is asked for at the next `get`.
        let _ = launcher.credential(CredentialAsk { fresh: true, ..whole });
    }
}

fn read(from: impl Read) -> Result<Asked, CommandError> {
    let strange = |error: &dyn std::error::Error| CommandError::failed("cannot read git's question").because(error);
    let mut text = Zeroizing::new(String::new());
    from.take(GIT_CREDENTIAL_BYTES_MAX).read_to_string(&mut text).map_err(|error| strange(&error))?;
    Asked::read(&text).map_err(|error| CommandError::usage(error.to_string()))
}

fn remotes(map: &Path) -> Result<Remotes, CommandError> {
    let strange =
        |error: &dyn std::error::Error| CommandError::failed("cannot read the session's git remotes").because(error);
    let mut text = String::new();
    let file = std::fs::File::open(map).map_err(|error| strange(&error))?;
    file.take(GIT_CREDENTIAL_BYTES_MAX).read_to_string(&mut text).map_err(|error| strange(&error))?;
    serde_json::from_str(&text).map_err(|error| strange(&error))
}
