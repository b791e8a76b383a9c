//! Where it is remembered, in the folder `log` of the configuration home: for each control plane its log's key, and for
//! each key the last checkpoint. Two servers with one key are one log, and what one showed binds the other.
//!
//! Commands may run side by side: they take turns to write, and the one that saw less never overwrites the other.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;

use domain::{Digest, Time};
use ledger::fork::{self, Alarm};
use ledger::{SignedCheckpoint, VerifierKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::client::Address;
use crate::command_error::CommandError;
use crate::credentials::Home;
use crate::limits::{FILE_BYTES_MAX, MEMORY_LOCK_PAUSE, MEMORY_LOCK_TRIES};

/// What is remembered of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// The key it signs with.
    pub(crate) key: VerifierKey,
    /// The last checkpoint; none when the key was pinned by hand and the log not seen yet.
    pub(crate) checkpoint: Option<SignedCheckpoint>,
    /// When that was written down.
    pub(crate) at: Time,
}

/// The file of a control plane.
#[derive(Serialize, Deserialize)]
struct Pin {
    server: String,
    key: String,
    at: Time,
}

/// The file of a log.
#[derive(Serialize, Deserialize)]
struct Last {
    key: String,
    checkpoint: String,
    at: Time,
}

fn name(of: &str, ending: &str) -> String {
    format!("log/{}.{ending}", &Digest::of(of.as_bytes()).to_string()[..32])
}

/// What is remembered of a server's log.
///
/// # Errors
/// A file cannot be read, or is not what this command writes: nothing is trusted on its word then.
pub(super) fn read(home: &Home, server: &Address) -> Result<Option<Remembered>, CommandError> {
    let name = name(server.as_str(), "json");
    let Some(Pin { key, at, .. }) = parse(home, &name)? else { return Ok(None) };
    let key = key.parse().map_err(|error: ledger::KeyError| damaged(home, &name, &error))?;
    let known = of_log(home, &key)?;
    Ok(Some(known.unwrap_or(Remembered { key, checkpoint: None, at })))
}

/// What is remembered of the log with a key, whichever server showed it.
///
/// # Errors
/// See [`read`].
pub(super) fn of_log(home: &Home, key: &VerifierKey) -> Result<Option<Remembered>, CommandError> {
    let name = name(&key.to_string(), "json");
    let Some(Last { checkpoint, at, .. }) = parse(home, &name)? else { return Ok(None) };
    let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(|error| damaged(home, &name, &error))?;
    Ok(Some(Remembered { key: key.clone(), checkpoint: Some(checkpoint), at }))
}

fn parse<T: DeserializeOwned>(home: &Home, name: &str) -> Result<Option<T>, CommandError> {
    let file = match File::open(home.path(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(damaged(home, name, &error)),
        Ok(file) => file,
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| damaged(home, name, &error))?;
    serde_json::from_str(&text).map(Some).map_err(|error| damaged(home, name, &error))
}

fn damaged(home: &Home, name: &str, error: &dyn std::error::Error) -> CommandError {
    CommandError::failed(format!("what is remembered of the log is damaged: `{}`", home.path(name).display()))
        .because(error)
        .hinted("find out why; then remove that file, and the log is trusted anew")
}

/// Pins a key for a server, whatever is there.
pub(super) fn pin(home: &Home, server: &Address, key: &VerifierKey, at: Time) -> Result<(), CommandError> {
    let pin = Pin { server: server.as_str().to_owned(), key: key.to_string(), at };
    home.write(&name(server.as_str(), "json"), &pin)
}

/// Remembers a checkpoint in one step, unless another command remembered more meanwhile.
///
/// # Errors
/// Outside: the file cannot be read or written. Inside: another command was shown another log of the same size.
pub(super) async fn advance(
    home: &Home,
    key: &VerifierKey,
    fresh: &SignedCheckpoint,
    at: Time,
) -> Result<Result<(), Alarm>, CommandError> {
    // Without a turn nothing is written: what is remembered stays true, and the next command remembers more.
    let Some(_turn) = turn(home, key).await? else { return Ok(Ok(())) };
    let current = of_log(home, key)?.and_then(|known| known.checkpoint);
    match current {
        Some(current) if current.size() > fresh.size() => Ok(Ok(())),
        Some(current) if current.size() == fresh.size() => {
            Ok(fork::remember(Some(&current), fresh, None, key).map(drop))
        }
        _ => {
            let last = Last { key: key.to_string(), checkpoint: fresh.to_string(), at };
            home.write(&name(&key.to_string(), "json"), &last).map(Ok)
        }
    }
}

/// Forgets a server's key and the log with it; returns whether there was anything. Works on damaged files, too.
pub(super) fn forget(home: &Home, server: &Address) -> Result<bool, CommandError> {
    let pin = name(server.as_str(), "json");
    let was_there = home.path(&pin).exists();
    if let Ok(Some(Pin { key, .. })) = parse(home, &pin) {
        home.remove(&name(&key, "json"))?;
    }
    home.remove(&pin).map(|()| was_there)
}

/// The right to write, which the operating system takes back when the process ends. None when others hold it too long.
async fn turn(home: &Home, key: &VerifierKey) -> Result<Option<File>, CommandError> {
    let path = home.path(&name(&key.to_string(), "lock"));
    let failed = |error: &dyn std::error::Error| {
        CommandError::failed(format!("cannot lock `{}`", path.display())).because(error)
    };
    home.make_folder_of(&path).map_err(|error| failed(&error))?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(|error| failed(&error))?;
    for _ in 0..MEMORY_LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => tokio::time::sleep(MEMORY_LOCK_PAUSE).await,
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(&error)),
        }
    }
    Ok(None)
}
