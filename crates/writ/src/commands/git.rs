//! `writ git`: what stock git needs to trust sessions, and what it can be told about them.

mod notes;

use crate::cli::{GitCommand, NotesCommand};
use crate::client::{Address, Client, ClientError};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::print;

/// Runs one of the commands.
pub(crate) async fn git(command: GitCommand) -> Result<Exit, CommandError> {
    match command {
        GitCommand::AllowedSigners { server } => {
            print(&allowed_signers(&client(server.as_deref())?).await?)?;
            Ok(Exit::Done)
        }
        GitCommand::Notes(NotesCommand::Export(arguments)) => notes::export(arguments).await,
    }
}

/// What is asked here is public: with an address nobody needs to be signed in.
fn client(server: Option<&str>) -> Result<Client, CommandError> {
    match server {
        Some(server) => Client::new(server.parse::<Address>().map_err(CommandError::usage)?),
        None => Home::find()?.client(None),
    }
}

async fn allowed_signers(client: &Client) -> Result<String, ClientError> {
    client.get_text("/v1/git/allowed_signers").await
}
