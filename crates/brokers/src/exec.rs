//! The broker for an operator's command: it is told on its standard input what to make or to end, and answers on its
//! standard output (docs/brokers/exec.md).
//!
//! The command is somebody else's program with somebody else's mistakes: it may hang, crash, flood, or print a secret to
//! its standard error. So it runs for a bounded time in a process group of its own, its answer is bounded, and of its
//! standard error nothing but the length is known.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::Name;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::broker::{Broker, BrokerError, Chance, Secrets, Tools};
use crate::limits;
use crate::open::SettingsError;
use crate::plugin::{Carrier, Plugin, TargetSettings, Told, is_variable, time_limit};

mod process;

use process::{Done, Program, Trouble};

/// The exit code of a failure that may pass (`EX_TEMPFAIL` of BSD's sysexits.h).
const MAY_PASS: i32 = 75;

/// Settings of this kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Program and arguments; the program by its absolute path. No shell reads them.
    command: Vec<String>,
    /// Environment variables that it inherits from writ, by name. Without this it has none but its secrets.
    #[serde(default)]
    env: Vec<String>,
    /// The folder it runs in (`/`).
    folder: Option<PathBuf>,
    /// Which environment variable each secret is given in: `{"api_key": "ACME_API_KEY"}`.
    #[serde(default)]
    secret_env: BTreeMap<String, String>,
    /// How long it may take, in seconds (10; at most 60).
    timeout_seconds: Option<u64>,
    /// What it makes credentials for.
    targets: BTreeMap<Name, TargetSettings>,
}

/// The operator's command.
struct Command {
    name: String,
    program: Program,
    within: Duration,
}

/// Reads settings and secrets.
pub(crate) fn open(settings: &str, secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    let settings: Settings = serde_json::from_str(settings)?;
    check_command(&settings)?;
    let folder = settings.folder.unwrap_or_else(|| PathBuf::from("/"));
    if !folder.is_absolute() {
        return Err(SettingsError::new("`folder` must be an absolute path"));
    }
    let secrets = assign(&settings.secret_env, secrets)?;
    let inherited = inherit(&settings.env, &settings.secret_env)?;
    let command = Command {
        name: format!("the command `{}`", settings.command[0]),
        program: Program { words: settings.command, folder, inherited, secrets },
        within: time_limit(settings.timeout_seconds)?,
    };
    Ok(Arc::new(Plugin::new(command, settings.targets)?))
}

fn check_command(settings: &Settings) -> Result<(), SettingsError> {
    let words = &settings.command;
    let Some(program) = words.first().filter(|program| Path::new(program).is_absolute()) else {
        return Err(SettingsError::new(
            "`command` is a list that starts with the absolute path of a program: [\"/usr/local/lib/writ/acme\", \"--prod\"]",
        ));
    };
    if words.len() > limits::PLUGIN_WORDS_MAX || words.iter().any(|word| word.contains('\0')) {
        return Err(SettingsError::new(format!(
            "`command` has at most {} words, none with a zero byte",
            limits::PLUGIN_WORDS_MAX
        )));
    }
    if program.chars().any(char::is_control) {
        return Err(SettingsError::new("`command` has a control character in its program's path"));
    }
    Ok(())
}

/// Every secret goes into one variable, and every variable has its secret.
fn assign(variables: &BTreeMap<String, String>, secrets: Secrets) -> Result<Secrets, SettingsError> {
    if let Some(name) = secrets.keys().find(|name| !variables.contains_key(*name)) {
        return Err(SettingsError::new(format!("the secret `{name}` goes nowhere: name its variable in `secret_env`")));
    }
    let mut assigned = Secrets::new();
    for (name, variable) in variables {
        if !is_variable(variable) {
            return Err(SettingsError::new(format!("`secret_env.{name}` is not the name of an environment variable")));
        }
        let missing = || SettingsError::new(format!("`secret_env` names the secret `{name}`, which is not given"));
        let secret = secrets.get(name).ok_or_else(missing)?;
        if secret.contains('\0') {
            return Err(SettingsError::new(format!("the secret `{name}` has a zero byte, which no variable can hold")));
        }
        if assigned.insert(variable.clone(), secret.clone()).is_some() {
            return Err(SettingsError::new(format!("`secret_env` gives two secrets in `{variable}`")));
        }
    }
    Ok(assigned)
}

fn inherit(names: &[String], taken: &BTreeMap<String, String>) -> Result<Vec<String>, SettingsError> {
    if names.len() > limits::PLUGIN_VARIABLES_MAX {
        return Err(SettingsError::new(format!("`env` has at most {} names", limits::PLUGIN_VARIABLES_MAX)));
    }
    for name in names {
        if !is_variable(name) {
            return Err(SettingsError::new(format!("`env` has `{name}`, which is not the name of a variable")));
        }
        if taken.values().any(|variable| variable == name) {
            return Err(SettingsError::new(format!("`{name}` is in `env` and in `secret_env`")));
        }
    }
    Ok(names.to_vec())
}

// === impl Command ===

impl Carrier for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn shows(&self) -> &'static str {
        "what the operator's command makes of it: it is told session, developer and project"
    }

    fn within(&self) -> Duration {
        self.within
    }

    async fn tell(&self, told: Told<'_>, _: &Tools, _: Chance) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        let done = process::run(&self.program, &told.json, self.within).await;
        let who = format!("{}, asked for `{}`,", self.name, told.order.target);
        let error = match done {
            Ok(Done::Exited { code: 0, answer, .. }) => return Ok(answer),
            Ok(Done::Exited { code: MAY_PASS, .. }) => {
                BrokerError::away(format!("{who} could not do it for now (exit code {MAY_PASS}): try again"))
                    .perhaps_minted()
            }
            Ok(Done::Exited { code, error_bytes, .. }) => BrokerError::refused(format!(
                "{who} refused with exit code {code}; it wrote {error_bytes} bytes to its standard error, which writ does not keep: run it by hand with the same input, or let it write a log of its own"
            )),
            Ok(Done::Died { signal }) => {
                BrokerError::away(format!("{who} died of signal {signal}: run it by hand with the same input"))
                    .perhaps_minted()
            }
            Err(Trouble::NotStarted(what)) => BrokerError::operator(format!("{who} cannot be started: {what}")),
            Err(Trouble::TooLong) => {
                let seconds = self.within.as_secs();
                BrokerError::away(format!(
                    "{who} was killed because it took more than {seconds} s: find out what it waits for, or raise `timeout_seconds`"
                ))
                .perhaps_minted()
            }
            Err(Trouble::TooMuch) => BrokerError::operator(format!(
                "{who} was killed because it printed more than {} bytes: it answers one JSON object",
                limits::PLUGIN_ANSWER_BYTES_MAX
            ))
            .perhaps_minted(),
            Err(Trouble::Lost(what)) => BrokerError::away(format!("{who} was lost sight of: {what}")).perhaps_minted(),
        };
        Err(error)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("words", &self.program.words).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
