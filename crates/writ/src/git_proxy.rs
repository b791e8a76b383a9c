//! x
use crate::cli::GitProxy;
use crate::command_error::{CommandError, Exit};
pub(crate) async fn run(_a: GitProxy, s: impl Future<Output = ()>) -> Result<Exit, CommandError> { s.await; Ok(Exit::Done) }
