//! A credential of the session, asked for as any program inside one would, and used at the service it is for.

use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::super::scene::{AUDIENCE, GRANT};
use crate::client::Client;
use crate::command_error::CommandError;
use crate::run::SERVER_VARIABLE;

/// Gets a token for the internal service of the demo and shows it there; the service asks writ whether it is alive. Does
/// nothing where the session is not granted one.
///
/// # Errors
/// The service does not let it in.
pub(super) async fn use_at_service() -> Result<(), CommandError> {
    let (Ok(server), Some(token)) = (std::env::var(SERVER_VARIABLE), token(GRANT)?) else { return Ok(()) };
    let service = Client::new(server.parse().map_err(CommandError::usage)?)?.with_bearer(&token);
    service.get_text(&format!("/v1/verify?audience={AUDIENCE}")).await?;
    Ok(())
}

/// A token of the session's; none where it is not granted one.
///
/// # Errors
/// This program cannot be run.
pub(super) fn token(grant: &str) -> Result<Option<Zeroizing<String>>, CommandError> {
    let failed = |error: std::io::Error| CommandError::failed("cannot ask for a credential").because(&error);
    let mut get = Command::new(std::env::current_exe().map_err(failed)?);
    get.args(["credential", "get", grant, "--format", "token"]).stdin(Stdio::null()).stderr(Stdio::null());
    let given = get.output().map_err(failed)?;
    Ok(given.status.success().then(|| Zeroizing::new(String::from_utf8_lossy(&given.stdout).trim().to_owned())))
}
