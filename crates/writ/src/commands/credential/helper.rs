//! The answers to tools.

mod git;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{ask, launcher, now, printed, shapes};
use crate::cli::{Helper, HelperTarget};
use crate::command_error::{CommandError, Exit};
use crate::inside::{Credential, CredentialAsk};
use crate::limits::FILE_BYTES_MAX;

/// Answers a tool in its own way.
pub(super) fn answer(helper: &Helper) -> Result<Exit, CommandError> {
    match helper {
        Helper::Model { socket } => {
            let bearer = launcher(socket.as_deref())?.bearer()?;
            printed(&Zeroizing::new(format!("{}\n", bearer.as_str())))
        }
        Helper::Aws(target) => printed(&shapes::aws(&get(target)?, now())?),
        Helper::Kubectl(target) => {
            let asked = std::env::var("KUBERNETES_EXEC_INFO").ok();
            printed(&shapes::kubectl(&get(target)?, now(), asked.as_deref())?)
        }
        Helper::Gcp(target) => gcp(target),
        Helper::Azure(target) => printed(&shapes::token(&get(target)?)?),
        Helper::Git(arguments) => git::answer(arguments),
        Helper::Docker { map, socket, operation } => docker(map, socket.as_deref(), operation),
    }
}

fn get(target: &HelperTarget) -> Result<Credential, CommandError> {
    launcher(target.socket.as_deref())?.credential(ask(&target.wanted))
}

/// A failure is an answer too: clients show its message, and nothing of a program that just fails.
fn gcp(target: &HelperTarget) -> Result<Exit, CommandError> {
    let token_type = std::env::var("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE").ok();
    let told = get(target).and_then(|credential| shapes::gcp(&credential, now(), token_type.as_deref()));
    match told {
        Ok(answer) => printed(&answer),
        Err(error) => printed(&shapes::gcp_failed(&error)),
    }
}

/// Which grant has which registry: by host, with its port where it has one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RegistryMap(pub(crate) BTreeMap<String, RegistryGrant>);

/// A grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RegistryGrant {
    pub(crate) broker: String,
    pub(crate) target: String,
}

/// The protocol of docker-credential-helpers: the operation is an argument, the registry is on standard input.
fn docker(map: &Path, socket: Option<&Path>, operation: &str) -> Result<Exit, CommandError> {
    let mut said = Zeroizing::new(String::new());
    let strange =
        |error: std::io::Error| CommandError::failed("cannot read which registry is asked for").because(&error);
    std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut said).map_err(strange)?;
    match operation {
        "get" => docker_get(map, socket, said.trim()),
        // Credentials are neither brought nor taken away by clients.
        "store" | "erase" => Ok(Exit::Done),
        "list" => printed("{}\n"),
        other => Err(CommandError::usage(format!("`{other}` is no operation of a credential helper"))),
    }
}

fn docker_get(map: &Path, socket: Option<&Path>, server: &str) -> Result<Exit, CommandError> {
    let strange =
        |error: &dyn std::error::Error| CommandError::failed("cannot read the session's registries").because(error);
    let text = std::fs::read_to_string(map).map_err(|error| strange(&error))?;
    let map: RegistryMap = serde_json::from_str(&text).map_err(|error| strange(&error))?;
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let Some(grant) = map.0.get(host) else {
        // Clients know these words, and go on without a credential.
        print_not_found()?;
        return Ok(Exit::Failed);
    };
    let credential = launcher(socket)?.credential(CredentialAsk::whole(&grant.broker, &grant.target))?;
    printed(&shapes::docker(&credential, server)?)
}

fn print_not_found() -> Result<(), CommandError> {
    crate::output::print("credentials not found in native keychain\n")
}
