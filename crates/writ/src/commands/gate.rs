//! `writ git-receive` and `writ git-proxy`.

use crate::cli::{GitProxy, GitReceiveCommand};
use crate::command_error::{CommandError, Exit};
use crate::{git_proxy, git_receive};

/// Runs one of the commands about a hook.
pub(super) async fn receive(command: GitReceiveCommand) -> Result<Exit, CommandError> {
    match command {
        GitReceiveCommand::Install(arguments) => git_receive::install(arguments).await,
        GitReceiveCommand::PreReceive => git_receive::pre_receive().await,
        GitReceiveCommand::PostReceive => git_receive::post_receive().await,
    }
}

/// Runs the proxy until SIGTERM or SIGINT.
pub(super) async fn proxy(arguments: GitProxy) -> Result<Exit, CommandError> {
    git_proxy::run(arguments, super::serve::shutdown(false)?).await
}
