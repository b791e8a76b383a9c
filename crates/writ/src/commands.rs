//! One module per command; each asks the API and prints.

mod admin;
mod audit;
mod broker;
mod cost;
mod credential;
mod developer;
mod export;
mod gate;
mod git;
mod grant;
mod hook;
mod issuer;
mod keys;
mod lock;
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
mod with_lock;
mod witness;
mod workspace;

pub(crate) use credential::{GCP_TOKEN_TYPE, RegistryGrant, RegistryMap};
pub(crate) use lock::put as put_lock_ask;

use crate::cli::{Command, CredentialCommand};
use crate::command_error::{CommandError, Exit};
use crate::{demo, reference, run};

/// Runs a command that only speaks with the launcher of the session around it; gives any other back.
pub(crate) fn without_runtime(command: Command) -> Result<Result<Exit, CommandError>, Box<Command>> {
    match command {
        Command::Credential(CredentialCommand::Granted { json }) => Ok(credential::granted(json)),
        Command::Credential(CredentialCommand::Get(arguments)) => Ok(credential::get(&arguments)),
        Command::Credential(CredentialCommand::Exec(arguments)) => Ok(credential::exec(&arguments)),
        Command::CredentialHelper(helper) => Ok(credential::helper(&helper)),
        Command::Hook(command) => Ok(hook::hook(command)),
        Command::InsideClaude(arguments) => Ok(run::inside_claude(&arguments)),
        other => Err(Box::new(other)),
    }
}

/// Runs a command.
///
/// # Errors
/// What the human should read, with the exit code in it.
pub(crate) async fn dispatch(command: Command) -> Result<Exit, CommandError> {
    match command {
        Command::Run(arguments) => run::run(arguments).await,
        Command::Workspace(command) => workspace::workspace(command).await,
        Command::Token(arguments) => token::token(arguments).await,
        Command::Record(arguments) => record::record(&arguments),
        // See `without_runtime`.
        Command::Credential(CredentialCommand::Granted { json }) => credential::granted(json),
        Command::Credential(CredentialCommand::Get(arguments)) => credential::get(&arguments),
        Command::Credential(CredentialCommand::Exec(arguments)) => credential::exec(&arguments),
        Command::Credential(CredentialCommand::List(arguments)) => credential::list(arguments).await,
        Command::Credential(CredentialCommand::Revoke { id, reason }) => credential::revoke(&id, &reason).await,
        Command::CredentialHelper(helper) => credential::helper(&helper),
        Command::InsideClaude(arguments) => run::inside_claude(&arguments),
        Command::Lock(command) => lock::lock(command).await,
        Command::WithLock(arguments) => with_lock::with_lock(arguments).await,
        Command::Git(command) => git::git(command).await,
        Command::Hook(command) => hook::hook(command),
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
        Command::Broker(command) => broker::broker(command).await,
        Command::Grant(command) => grant::grant(command).await,
        Command::Admin(command) => admin::admin(command).await,
        Command::Issuer(command) => issuer::issuer(command).await,
        Command::Keys(command) => keys::keys(command).await,
        Command::Serve(arguments) => serve::serve(arguments).await,
        Command::GitReceive(command) => gate::receive(command).await,
        Command::GitProxy(arguments) => gate::proxy(*arguments).await,
        Command::Witness(arguments) => witness::witness(*arguments).await,
        Command::CheckConfig(arguments) => serve::check_config(&arguments),
        Command::Demo(arguments) => demo::demo(arguments).await,
        Command::DemoAgent(arguments) => demo::agent::run(arguments).await,
        Command::Simulator(arguments) => simulator::simulator(arguments).await,
        Command::Reference(page) => reference::print(page),
    }
}
