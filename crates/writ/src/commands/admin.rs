//! `writ admin`.

use std::io::{BufRead, IsTerminal, Read};

use serde_json::json;

use crate::api::Developer;
use crate::cli::{AdminCommand, Erase};
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::limits::CONSENT_BYTES_MAX;
use crate::output::clean;

/// Does what cannot be undone.
pub(super) async fn admin(command: AdminCommand) -> Result<Exit, CommandError> {
    match command {
        AdminCommand::Erase(arguments) => erase(arguments).await,
    }
}

async fn erase(arguments: Erase) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    if !arguments.yes && !is_meant(&arguments.person)? {
        eprintln!("nothing was erased");
        return Ok(Exit::Failed);
    }
    let path = format!("/v1/developers/{}/erase", escape(&arguments.person));
    let erased: Developer = client.post(&path, &json!({})).await?;
    eprintln!("{} is now {}", clean(&arguments.person), clean(&erased.login));
    eprintln!("destroyed: their names, e-mail address and password, the key they were sealed with, sign-ins, sessions");
    eprintln!("stays:     entries under the pseudonym {}, and all that is proved by them", erased.id);
    eprintln!("yours:     let backups of `keys_dir` expire: with one of them, an old copy of the database can be read");
    Ok(Exit::Done)
}

/// Asks on a terminal; without one, `--yes` must say so.
fn is_meant(person: &str) -> Result<bool, CommandError> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(CommandError::usage("erasing cannot be undone, and there is no terminal to ask on")
            .hinted("say so with `--yes`"));
    }
    eprint!("erase {} for good? Their names and e-mail address cannot be brought back. [y/N] ", clean(person));
    let mut answer = String::new();
    let read = input.lock().take(CONSENT_BYTES_MAX).read_line(&mut answer);
    read.map_err(|error| CommandError::usage("cannot read the answer").because(&error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
