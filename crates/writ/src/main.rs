//! The one binary of writ: the control plane (`serve`), the launcher (`run`) and the commands of a developer's day.
//!
//! Knows no SQL and no law: it talks to the control plane through its HTTP API, except for `serve`, which is it.

mod api;
mod cli;
mod client;
mod command_error;
mod commands;
mod config;
mod credentials;
mod demo;
mod duration;
mod git;
mod git_proxy;
mod git_receive;
mod hook;
mod inside;
mod limits;
mod logs;
mod memory;
mod output;
mod password;
mod push;
mod reference;
mod run;
mod ticket;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Command};
use crate::command_error::{CommandError, Exit};

fn main() -> ExitCode {
    // Before every use of a tool: not even the command line is looked at as a whole.
    if let Some(code) = hook::fast(std::env::args_os()) {
        return code;
    }
    let matches = match cli::grouped(Cli::command()).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => ended(start(cli.command)),
        Err(error) => usage(&error),
    }
}

/// Serving uses all cores; every other command waits for one answer at a time. What tools call many times a minute starts
/// nothing at all.
fn start(command: Command) -> Result<Exit, CommandError> {
    let command = match commands::without_runtime(command) {
        Ok(done) => return done,
        Err(command) => *command,
    };
    let mut builder = match command {
        Command::Serve(_) | Command::GitProxy(_) | Command::Witness(_) | Command::Simulator(_) => {
            tokio::runtime::Builder::new_multi_thread()
        }
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| CommandError::failed("cannot start the async runtime").because(&error))?;
    runtime.block_on(commands::dispatch(command))
}

fn ended(result: Result<Exit, CommandError>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            error.report();
            error.exit().into()
        }
    }
}

/// Help and version are answers, not errors; mistakes in `writ run` are the launcher's own failures.
fn usage(error: &clap::Error) -> ExitCode {
    // Nothing is left to do when even this cannot be written.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Done.into();
    }
    let is_run = std::env::args_os().nth(1).is_some_and(|name| name == "run");
    if is_run { Exit::LauncherFailed.into() } else { Exit::Usage.into() }
}
