//! `writ record`: what this session made elsewhere.

use crate::cli::Record;
use crate::command_error::{CommandError, Exit};
use crate::inside::{Ask, Inside};

/// Records through the launcher of the session that this runs in.
pub(crate) fn record(arguments: &Record) -> Result<Exit, CommandError> {
    let inside = Inside::find().ok_or_else(|| {
        CommandError::usage("not inside a session").hinted("this works under `writ run`, which speaks for the session")
    })?;
    let wait = !arguments.later;
    inside.ask(&Ask::Record { kind: arguments.kind.clone(), values: arguments.values.clone(), wait })?;
    Ok(Exit::Done)
}
