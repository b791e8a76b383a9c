//! Where it is remembered: one file for each control plane, `log/<hex of its address>.json` in the configuration home.
//!
//! Commands may run side by side: they take turns to write, and the one that saw less never overwrites the other.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;

use domain::{Digest, Time};
use ledger::fork::{self, Alarm};
use ledger::{SignedCheckpoint, VerifierKey};
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

/// The file.
#[derive(Serialize, Deserialize)]
struct Content {
    server: String,
    key: String,
    #[serde(default)]
    checkpoint: Option<String>,
    at: Time,
}

impl Remembered {
    pub(super) fn new(key: VerifierKey, checkpoint: Option<SignedCheckpoint>, at: Time) -> Self {
        Self { key, checkpoint, at }
    }
}

fn name(server: &Address, ending: &str) -> String {
    let digest = Digest::of(server.as_str().as_bytes()).to_string();
    format!("log/{}.{ending}", &digest[..32])
}

/// What is remembered of a server's log.
///
/// # Errors
/// The file cannot be read, or is not what this command writes: nothing is trusted on its word then.
pub(super) fn read(home: &Home, server: &Address) -> Result<Option<Remembered>, CommandError> {
    let path = home.path(&name(server, "json"));
    let damaged = |error: &dyn std::error::Error| {
        CommandError::failed(format!("what is remembered of the log is damaged: `{}`", path.display()))
            .because(error)
            .hinted("find out why; then forget it with: writ audit trust --forget")
    };
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(damaged(&error)),
        Ok(file) => file,
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| damaged(&error))?;
    let Content { key, checkpoint, at, .. } = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
    let key = key.parse().map_err(|error: ledger::KeyError| damaged(&error))?;
    let checkpoint = checkpoint.map(|note| SignedCheckpoint::parse(note.as_bytes())).transpose();
    Ok(Some(Remembered { key, checkpoint: checkpoint.map_err(|error| damaged(&error))?, at }))
}

/// Writes it in one step, whatever is there.
pub(super) async fn write(home: &Home, server: &Address, fresh: &Remembered) -> Result<(), CommandError> {
    let _turn = turn(home, server).await?;
    put(home, server, fresh)
}

/// Writes it in one step, unless another command remembered more meanwhile.
///
/// # Errors
/// Outside: the file cannot be read or written. Inside: another command was shown another log of the same size.
pub(super) async fn advance(
    home: &Home,
    server: &Address,
    fresh: &Remembered,
) -> Result<Result<(), Alarm>, CommandError> {
    // Without a turn nothing is written: what is remembered stays true, and the next command remembers more.
    let Some(_turn) = turn(home, server).await? else { return Ok(Ok(())) };
    let current = read(home, server)?;
    let sizes = |remembered: &Remembered| remembered.checkpoint.as_ref().map(SignedCheckpoint::size);
    if let Some(current) = current.filter(|current| sizes(current) >= sizes(fresh)) {
        let both = (&current.checkpoint, &fresh.checkpoint);
        return Ok(match both {
            (Some(old), Some(new)) if old.size() == new.size() => {
                fork::remember(Some(old), new, None, &fresh.key).map(drop)
            }
            _ => Ok(()),
        });
    }
    put(home, server, fresh).map(Ok)
}

/// Forgets; returns whether there was anything.
pub(super) fn forget(home: &Home, server: &Address) -> Result<bool, CommandError> {
    let name = name(server, "json");
    let was_there = home.path(&name).exists();
    home.remove(&name).map(|()| was_there)
}

fn put(home: &Home, server: &Address, fresh: &Remembered) -> Result<(), CommandError> {
    let content = Content {
        server: server.as_str().to_owned(),
        key: fresh.key.to_string(),
        checkpoint: fresh.checkpoint.as_ref().map(ToString::to_string),
        at: fresh.at,
    };
    home.write(&name(server, "json"), &content)
}

/// The right to write, which the operating system takes back when the process ends. None when others hold it too long.
async fn turn(home: &Home, server: &Address) -> Result<Option<File>, CommandError> {
    let path = home.path(&name(server, "lock"));
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
