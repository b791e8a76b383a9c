//! `writ audit`.

mod export;
mod fsck;
mod local_fsck;
mod search;
mod trust;
mod verify;
mod whom;

use crate::cli::AuditCommand;
use crate::command_error::{CommandError, Exit};

/// Does what an auditor asks.
pub(super) async fn audit(command: AuditCommand) -> Result<Exit, CommandError> {
    match command {
        AuditCommand::Search(arguments) => search::search(arguments).await,
        AuditCommand::Trust(arguments) => trust::trust(arguments).await,
        AuditCommand::Export(arguments) => export::export(arguments).await,
        AuditCommand::Verify(arguments) => verify::verify(&arguments),
        AuditCommand::Fsck(arguments) if arguments.config.is_some() || arguments.database.is_some() => {
            local_fsck::fsck(arguments).await
        }
        AuditCommand::Fsck(arguments) => fsck::fsck(&arguments).await,
    }
}
