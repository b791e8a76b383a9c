//! One module per command; each asks the API and prints.

mod admin;
mod audit;
mod cost;
mod developer;
mod export;
mod git;
mod issuer;
mod keys;
mod log;
mod login;
mod project;
mod record;
mod revoke;
mod serve;
mod sessions;
mod simulator;
mod team;
mod token;
mod who;
mod whoami;
mod witness;

use crate::cli::Command;
use crate::command_error::{CommandError, Exit};
use crate::{demo, reference, run};

/// Runs a command.
///
/// # Errors
/// What the human should read, with the exit code in it.
pub(crate) async fn dispatch(command: Command) -> Result<Exit, CommandError> {
    match command {
        Command::Run(arguments) => run::run(arguments).await,
        Command::Token(arguments) => token::token(arguments).await,
        Command::Record(arguments) => record::record(&arguments),
        Command::Git(command) => git::git(command).await,
        Command::Login(arguments) => login::login(arguments).await,
        Command::Logout => login::logout().await,
        Command::Whoami => whoami::whoami().await,
        Command::Sessions(arguments) => sessions::list(arguments).await,
        Command::Session(arguments) => sessions::show(arguments).await,
        Command::Who(arguments) => who::who(arguments).await,
        Command::Cost(arguments) => cost::cost(arguments).await,
        Command::Log(command) => log::log(command).await,
        Command::Export(command) => export::export(command).await,
        Command::Audit(command) => audit::audit(command).await,
        Command::Revoke(arguments) => revoke::revoke(arguments).await,
        Command::Developer(command) => developer::developer(command).await,
        Command::Team(command) => team::team(command).await,
        Command::Project(command) => project::project(command).await,
        Command::Admin(command) => admin::admin(command).await,
        Command::Issuer(command) => issuer::issuer(command).await,
        Command::Keys(command) => keys::keys(command).await,
        Command::Serve(arguments) => serve::serve(arguments).await,
        Command::Witness(arguments) => witness::witness(*arguments).await,
        Command::CheckConfig(arguments) => serve::check_config(&arguments),
        Command::Demo(arguments) => demo::demo(arguments).await,
        Command::DemoAgent(arguments) => demo::agent::run(arguments).await,
        Command::Simulator(arguments) => simulator::simulator(arguments).await,
        Command::Reference(page) => reference::print(page),
    }
}
