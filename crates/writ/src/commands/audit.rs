//! `writ audit`.

mod search;
mod trust;

use crate::cli::AuditCommand;
use crate::command_error::{CommandError, Exit};

/// Does what an auditor asks.
pub(super) async fn audit(command: AuditCommand) -> Result<Exit, CommandError> {
    match command {
        AuditCommand::Search(arguments) => search::search(arguments).await,
        AuditCommand::Trust(arguments) => trust::trust(arguments).await,
    }
}
