//! `writ witness`.

use std::path::{Path, PathBuf};

use control::TlsFiles;
use control::seam::Clock;
use control::witness::{self, WitnessSettings};
use ledger::witness::KnownLogs;
use ledger::{Algorithm, TrustPolicy, VerifierKey};

use crate::cli::{Witness, WitnessCommand, WitnessKey};
use crate::command_error::{CommandError, Exit};
use crate::config::{LogFormat, LogLevel};
use crate::logs;
use crate::output::print;

/// Runs a witness until SIGTERM or SIGINT, or prints the key of one.
pub(super) async fn witness(arguments: Witness) -> Result<Exit, CommandError> {
    if let Some(WitnessCommand::Key(WitnessKey { state })) = arguments.command {
        let key = witness::key_in(&state).map_err(|error| failed(&error))?;
        print(&format!("{key}\n"))?;
        return Ok(Exit::Done);
    }
    // clap asks for it.
    let state = arguments.state.ok_or_else(|| CommandError::usage("`--state` is missing"))?;
    let logs = logs_of(&arguments.log, arguments.trust.as_deref())?;
    let tls = tls(arguments.tls_certificate, arguments.tls_key);
    logs::start(LogFormat::Text, LogLevel::Info)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let settings = WitnessSettings { listen: arguments.listen, state, name: arguments.name, logs, tls };
    let shutdown = super::serve::shutdown(false)?;
    let witness = witness::Witness::start(settings, Clock::System).await.map_err(|error| failed(&error))?;
    let url = arguments.url.unwrap_or_else(|| format!("{scheme}://{}", witness.local_addr()));
    print(&format!("{}\n{}\n", witness.key(), witness::policy_line(witness.key(), &url)))?;
    eprintln!("witness listens on {scheme}://{}", witness.local_addr());
    witness.run_until(shutdown).await;
    Ok(Exit::Done)
}

fn failed(error: &witness::WitnessError) -> CommandError {
    CommandError::failed("the witness").because(error)
}

/// The logs that were named, one by one or in a policy. Each key signs for the origin that is its name.
fn logs_of(named: &[VerifierKey], policy: Option<&Path>) -> Result<KnownLogs, CommandError> {
    let mut keys = Vec::new();
    for key in named {
        let key = key.clone().expect_for(Algorithm::Ed25519);
        keys.push(key.map_err(|error| CommandError::usage("--log").because(&error))?);
    }
    if let Some(path) = policy {
        let wrong = || CommandError::usage(format!("--trust: `{}`", path.display()));
        let bytes = std::fs::read(path).map_err(|error| wrong().because(&error))?;
        let policy = TrustPolicy::parse(&bytes).map_err(|error| wrong().because(&error))?;
        keys.extend(policy.logs().iter().map(|log| log.key.clone()));
    }
    if keys.is_empty() {
        return Err(CommandError::usage("no log is named").hinted("give the key of one with --log, or a trust policy"));
    }
    Ok(keys.into_iter().collect())
}

fn tls(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Option<TlsFiles> {
    Some(TlsFiles { certificate: certificate?, key: key? })
}
