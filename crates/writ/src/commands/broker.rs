//! `writ broker`.

mod krl;

use crate::cli::BrokerCommand;
use crate::command_error::{CommandError, Exit};

/// Runs a command about brokers.
pub(crate) async fn broker(command: BrokerCommand) -> Result<Exit, CommandError> {
    match command {
        BrokerCommand::Krl(arguments) => krl::krl(arguments).await,
    }
}
