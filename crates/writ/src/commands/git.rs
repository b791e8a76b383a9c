//! `writ git`: what stock git needs to trust sessions.

use crate::cli::GitCommand;
use crate::client::{Address, Client};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::print;

/// Runs one of the commands.
pub(crate) async fn git(command: GitCommand) -> Result<Exit, CommandError> {
    match command {
        GitCommand::AllowedSigners { server } => allowed_signers(server.as_deref()).await,
    }
}

/// The file is public: with an address nobody needs to be signed in.
async fn allowed_signers(server: Option<&str>) -> Result<Exit, CommandError> {
    let client = match server {
        Some(server) => Client::new(server.parse::<Address>().map_err(CommandError::usage)?)?,
        None => Home::find()?.client(None)?,
    };
    print(&client.get_text("/v1/git/allowed_signers").await?)?;
    Ok(Exit::Done)
}
