//! `writ credential get` and `exec`, and the helpers that tools call: they ask the launcher of the session around them and
//! start nothing else, so that a tool may call them as often as it likes.

mod exec;
mod helper;
mod list;
mod shapes;
mod variables;

use std::io::Read;
use std::path::Path;

pub(crate) use helper::{RegistryGrant, RegistryMap};
pub(crate) use list::{list, revoke};
pub(crate) use shapes::GCP_TOKEN_TYPE;

use crate::cli::{CredentialExec, CredentialFormat, CredentialGet, Helper, Wanted};
use crate::command_error::{CommandError, Exit};
use crate::inside::{Ask, Credential, CredentialAsk, Grants, Inside};
use crate::limits::PUBLIC_KEY_BYTES_MAX;
use crate::output::{Cell, Table, print, print_json_lines};

/// Prints what is granted.
pub(crate) fn granted(json: bool) -> Result<Exit, CommandError> {
    let answer = launcher(None)?.ask(&Ask::Grants)?;
    if json {
        print_json_lines(answer["grants"].as_array().into_iter().flatten())?;
        return Ok(Exit::Done);
    }
    let strange = |error| CommandError::failed("the control plane is of another version").because(&error);
    let Grants { grants } = serde_json::from_value(answer).map_err(|error: serde_json::Error| strange(error))?;
    if grants.is_empty() {
        return printed("no credentials are granted to this session\n");
    }
    let mut table = Table::new(["NAME", "KIND", "SCOPE", "AT MOST", "DELIVERED AS"]);
    for grant in &grants {
        let scope: Vec<_> = grant.scope.iter().map(|(name, values)| format!("{name}={}", values.join(","))).collect();
        let scope = if scope.is_empty() { "the target's own".to_owned() } else { scope.join(" ") };
        let life = grant.max_lifetime_seconds.map(|seconds| domain::Span::from_secs(seconds).to_string());
        let mechanisms: Vec<_> =
            grant.delivery.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let cells = [grant.name(), grant.kind.clone(), scope, life.unwrap_or_default(), mechanisms.join(" ")];
        table.row(cells.map(Cell::text));
    }
    printed(&table.render())
}

/// Prints a credential.
pub(crate) fn get(arguments: &CredentialGet) -> Result<Exit, CommandError> {
    if let Some(url) = injected(&arguments.wanted) {
        return printed(&format!("{url}\n"));
    }
    let public_key = arguments.public_key.as_deref().map(public_key).transpose()?;
    let ask = CredentialAsk { fresh: arguments.fresh, public_key, ..ask(&arguments.wanted) };
    let launcher = launcher(None)?;
    if arguments.format == CredentialFormat::Json {
        return printed(&launcher.credential_text(ask)?);
    }
    let credential = launcher.credential(ask)?;
    let text = match arguments.format {
        CredentialFormat::Env => variables::lines(&credential),
        CredentialFormat::Aws => shapes::aws(&credential, now())?,
        CredentialFormat::Pgpass => shapes::pgpass(&credential)?,
        CredentialFormat::Token | CredentialFormat::Json => shapes::token(&credential)?,
    };
    printed(&text)
}

/// Runs a command with a credential.
pub(crate) fn exec(arguments: &CredentialExec) -> Result<Exit, CommandError> {
    let credential = launcher(None)?.credential(ask(&arguments.wanted))?;
    exec::exec(&arguments.command, &variables::of(&credential))
}

/// Answers a tool.
pub(crate) fn helper(helper: &Helper) -> Result<Exit, CommandError> {
    helper::answer(helper)
}

/// Where to send requests that get their secret on the way: all there is of a credential that is injected.
fn injected(wanted: &Wanted) -> Option<String> {
    std::env::var(crate::run::injected_variable(&wanted.name.broker, &wanted.name.target)).ok()
}

/// The launcher that listens there, or that of the session around this process.
fn launcher(socket: Option<&Path>) -> Result<Inside, CommandError> {
    let found = socket.map(|socket| Inside::at(socket.to_owned())).or_else(Inside::find);
    found.ok_or_else(|| {
        CommandError::usage("this is not inside a session, and only sessions have credentials")
            .hinted("start the program under `writ run`")
    })
}

fn ask(wanted: &Wanted) -> CredentialAsk {
    let mut ask = CredentialAsk::whole(&wanted.name.broker, &wanted.name.target);
    for (dimension, values) in &wanted.scope {
        ask.scope.entry(dimension.clone()).or_default().extend(values.iter().cloned());
    }
    ask.lifetime_seconds = wanted.lifetime.map(domain::Span::as_secs);
    ask
}

/// The line of a public key file. What else is in such a file goes nowhere: it may be the wrong file.
fn public_key(path: &Path) -> Result<String, CommandError> {
    let wrong = |error: &dyn std::error::Error| {
        CommandError::usage(format!("cannot use `{}` as a public key", path.display())).because(error)
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| wrong(&error))?;
    file.take(PUBLIC_KEY_BYTES_MAX).read_to_string(&mut text).map_err(|error| wrong(&error))?;
    let key: brokers::ssh::SshPublicKey = text.parse().map_err(|error| wrong(&error))?;
    Ok(key.to_string())
}

/// This machine's time: what tools compare an expiry with.
fn now() -> domain::Time {
    control::seam::Clock::System.now()
}

fn printed(text: &str) -> Result<Exit, CommandError> {
    print(text)?;
    Ok(Exit::Done)
}

/// A field of the secret that this shape cannot do without.
fn field<'a>(credential: &'a Credential, name: &str) -> Result<&'a str, CommandError> {
    credential.field(name).ok_or_else(|| {
        CommandError::failed(format!(
            "a credential of {}/{} has no `{name}`: it is of kind {}",
            credential.broker, credential.target, credential.kind
        ))
    })
}
