//! `writ simulator`: the stand-in model service as a process of its own.

use crate::cli::Simulator;
use crate::command_error::{CommandError, Exit};
use crate::output::print;

/// Runs the stand-in until it is told to stop.
pub(super) async fn simulator(arguments: Simulator) -> Result<Exit, CommandError> {
    let faults = simulator::Faults { headers_delay_ms: arguments.delay_ms, ..simulator::Faults::default() };
    let config = simulator::Config {
        host: arguments.listen.ip(),
        port: arguments.listen.port(),
        record: false,
        faults,
        ..simulator::Config::default()
    };
    let shutdown = super::serve::shutdown(arguments.until_stdin_ends)?;
    let running = simulator::Simulator::start(config)
        .await
        .map_err(|error| CommandError::failed(format!("cannot listen on `{}`", arguments.listen)).because(&error))?;
    eprintln!("this is a stand-in: no model runs here, every answer is scripted (header `x-stand-in`)");
    print(&format!("{}\n", running.url()))?;
    shutdown.await;
    running.stop().await;
    Ok(Exit::Done)
}
