//! Becoming a command that has a credential in its environment.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::variables::Variables;
use crate::command_error::{CommandError, Exit};
use crate::run::not_started;

/// Takes the place of this process; returns only when that does not work.
pub(super) fn exec(command: &[OsString], variables: &Variables) -> Result<Exit, CommandError> {
    let (program, arguments) = command.split_first().ok_or_else(|| CommandError::usage("no command given"))?;
    let named = variables.iter().map(|(name, value)| (name, value.as_str()));
    let error = Command::new(program).args(arguments).envs(named).exec();
    Err(not_started(program, &error))
}
