//! What is said and kept when a log contradicts what it showed before.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use control::seam::Clock;
use ledger::fork::Alarm;
use ledger::{TrustError, VerifierKey};

use super::Remembered;
use super::shown::Shown;
use crate::client::Address;
use crate::command_error::CommandError;
use crate::credentials::Home;
use crate::limits::EVIDENCE_FILES_MAX;
use crate::output::{clean, moment};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It is not the log that was shown before.
    Log(Alarm),
    /// It signs with another key than this one.
    KeyChanged(Box<VerifierKey>),
    /// The policy in this file names other logs.
    OtherLog(PathBuf),
    /// The policy in this file is not content.
    Policy(PathBuf, TrustError),
}

const REINSTALLED: &str = "only if the server was re-installed or restored on purpose: writ audit trust --forget";

/// Prints and keeps the evidence, and returns the error to end with.
pub(super) fn raise(
    home: &Home,
    server: &Address,
    known: Option<&Remembered>,
    shown: &Shown,
    found: Found,
) -> CommandError {
    let what = match &found {
        Found::Log(alarm) => alarm.to_string(),
        Found::KeyChanged(old) => format!("the log signs with `{}`, and the key pinned here is `{old}`", shown.key),
        Found::OtherLog(path) => {
            format!("the log's key `{}` is not in the trust policy `{}`", shown.key, path.display())
        }
        Found::Policy(path, error) => format!("the trust policy `{}` does not accept the log: {error}", path.display()),
    };
    let error = CommandError::failed(format!("{server}: {}", clean(&what)));
    match found {
        Found::OtherLog(_) => return error.hinted("compare the key with the one its administrator published"),
        // Nobody has contradicted himself: witnesses may be away.
        Found::Policy(_, TrustError::Quorum { .. }) => {
            return error.hinted(
                "cosignatures older than a day do not count; are the witnesses, and the clock here, in order?",
            );
        }
        _ => {}
    }
    let text = evidence(server, known, shown, &what);
    // Names in it are strangers' words, and this is a terminal; the file has them as they are.
    let lines: String = text.lines().map(|line| format!("  {}\n", clean(line))).collect();
    eprintln!("EVIDENCE, both signed statements of the log:\n\n{lines}");
    let error = match keep(home, &text) {
        Ok(path) => error.hinted(format!("the evidence was kept in {}", path.display())),
        Err(problem) => error.hinted(format!("the evidence above could not be kept ({problem}): copy it now")),
    };
    error.hinted("nothing was changed here; show it to whoever audits this log before you go on").hinted(REINSTALLED)
}

fn evidence(server: &Address, known: Option<&Remembered>, shown: &Shown, what: &str) -> String {
    let mut text = format!("server {server}\nnow {}\nwhat {what}\n", moment(Clock::System.now()));
    // INVARIANT: writing to a String cannot fail.
    if let Some(known) = known {
        let _ = write!(text, "\nknown before, since {}, key {}:\n\n", moment(known.at), known.key);
        let _ = match &known.checkpoint {
            Some(checkpoint) => write!(text, "{checkpoint}"),
            None => writeln!(text, "(no checkpoint)"),
        };
    }
    let _ = write!(text, "\nshown now, key {}:\n\n{}", shown.key, shown.checkpoint);
    if let Some(proof) = &shown.proof {
        let _ = write!(text, "\nthe consistency proof that the log gave:\n\n");
        for hash in proof {
            let _ = writeln!(text, "{}", STANDARD.encode(hash.as_bytes()));
        }
    }
    text
}

/// A new file in `evidence/`, named after the time.
fn keep(home: &Home, text: &str) -> std::io::Result<PathBuf> {
    let folder = home.path("evidence");
    let stem = moment(Clock::System.now()).replace(':', "-");
    for number in 0..EVIDENCE_FILES_MAX {
        let ending = if number == 0 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("{stem}{ending}.txt"));
        home.make_folder_of(&path)?;
        if std::fs::read_dir(&folder)?.count() >= EVIDENCE_FILES_MAX {
            return Err(std::io::Error::other(format!("`{}` is full", folder.display())));
        }
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                return Ok(path);
            }
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}
