//! The locks that a session holds, with the fencing tokens that gates ask for.

use super::wire::Head;
use crate::command_error::{CommandError, Exit};
use crate::output::print;

/// Prints them, one JSON object per line: `ticket`, `token`, `resource`, `mode`.
///
/// # Errors
/// There is no session around, or the launcher is gone.
pub(crate) fn show() -> Result<Exit, CommandError> {
    let answer = super::ask(&Head { tokens: true, ..Head::default() })?;
    print(&answer.out)?;
    Ok(Exit::Done)
}
