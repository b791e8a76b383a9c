//! From inside a session to its launcher: one line of JSON there, one back, over the launcher's socket.
//!
//! The launcher speaks to the control plane with the session's bearer, so that hooks and commands need none. What is asked
//! here is asked in the session's name: the launcher passes on these few requests and no other.

mod credential;
mod grant;
mod lock;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

pub(crate) use credential::{Credential, CredentialAsk, SecretText};
pub(crate) use grant::{Grant, Grants};
pub(crate) use lock::{LockAsk, LockList};

use crate::client::Problem;
use crate::command_error::{CommandError, Exit};
use crate::limits::{CREDENTIAL_ASK_TIMEOUT, INSIDE_LINE_BYTES_MAX, INSIDE_TIMEOUT, LOCK_ASK_TIMEOUT};
use crate::run::session::OpenSession;

/// The variable that names the launcher's socket; set inside a session only.
pub(crate) const SOCKET_VARIABLE: &str = "WRIT_SOCKET";

/// The variable that names the session; set inside a session only.
pub(crate) const SESSION_VARIABLE: &str = "WRIT_SESSION_ID";

/// What may be asked from inside.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Record artifacts of this session.
    Record {
        /// What kind of thing.
        kind: String,
        /// Its names.
        values: Vec<String>,
        /// Whether to answer only when it is durable; else the launcher sees to it later.
        wait: bool,
    },
    /// Open a child of this session.
    Open(OpenSession),
    /// Tell what is granted to this session.
    Grants,
    /// Give the session's own bearer, for model calls.
    Bearer,
    /// Give a credential that is granted to this session: one that the launcher has, or a new one.
    Credential(CredentialAsk),
    /// Ask about locks.
    Lock(LockAsk),
}

/// The launcher's answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer<T = Value> {
    /// Done; what the control plane answered, if it was asked.
    Done(T),
    /// Refused by the control plane.
    Refused(Problem),
    /// Not understood, or nobody there to pass it on to.
    Failed(String),
}

/// The way to this session's launcher.
#[derive(Debug, Clone)]
pub(crate) struct Inside(PathBuf);

// === impl Inside ===

impl Inside {
    /// The launcher of the session that this process runs in, if it runs in one.
    pub(crate) fn find() -> Option<Self> {
        std::env::var_os(SOCKET_VARIABLE).filter(|path| !path.is_empty()).map(|path| Self(path.into()))
    }

    /// The launcher that listens there.
    pub(crate) fn at(socket: PathBuf) -> Self {
        Self(socket)
    }

    /// Asks and waits for the answer, [`INSIDE_TIMEOUT`] at most.
    ///
    /// # Errors
    /// The launcher is gone, refused or did not understand.
    pub(crate) fn ask(&self, ask: &Ask) -> Result<Value, CommandError> {
        let answer = self.exchange(ask, INSIDE_TIMEOUT).map_err(|error| self.gone(&error))?;
        self.read(&answer)
    }

    /// Asks about locks and waits for the answer, [`LOCK_ASK_TIMEOUT`] at most.
    ///
    /// # Errors
    /// As for [`Inside::ask`].
    pub(crate) fn lock(&self, ask: LockAsk) -> Result<Value, CommandError> {
        let answer = self.exchange(&Ask::Lock(ask), LOCK_ASK_TIMEOUT).map_err(|error| self.gone(&error))?;
        self.read(&answer)
    }

    /// Asks for a credential and waits for it, [`CREDENTIAL_ASK_TIMEOUT`] at most.
    ///
    /// # Errors
    /// The launcher is gone, there is no credential, or the answer is of another version.
    pub(crate) fn credential(&self, ask: CredentialAsk) -> Result<Credential, CommandError> {
        let answer = self.exchange(&Ask::Credential(ask), CREDENTIAL_ASK_TIMEOUT).map_err(|error| self.gone(&error))?;
        self.read(&answer)
    }

    /// The same, as it came.
    ///
    /// # Errors
    /// As for [`Inside::credential`].
    pub(crate) fn credential_text(&self, ask: CredentialAsk) -> Result<Zeroizing<String>, CommandError> {
        let answer = self.exchange(&Ask::Credential(ask), CREDENTIAL_ASK_TIMEOUT).map_err(|error| self.gone(&error))?;
        let raw: Box<serde_json::value::RawValue> = self.read(&answer)?;
        Ok(Zeroizing::new(format!("{}\n", raw.get())))
    }

    /// Asks for the session's own bearer.
    ///
    /// # Errors
    /// The launcher is gone, or of another version.
    pub(crate) fn bearer(&self) -> Result<SecretText, CommandError> {
        let answer = self.exchange(&Ask::Bearer, INSIDE_TIMEOUT).map_err(|error| self.gone(&error))?;
        self.read(&answer)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, answer: &str) -> Result<T, CommandError> {
        if answer.is_empty() {
            return Err(self.gone(&std::io::Error::other("it left without an answer")));
        }
        let strange = |error: serde_json::Error| {
            // Its text may quote what was read, a secret perhaps: only the place is told.
            CommandError::failed(format!(
                "the launcher of this session is of another version: its answer is not understood at column {}",
                error.column()
            ))
        };
        match serde_json::from_str(answer).map_err(strange)? {
            Answer::Done(value) => Ok(value),
            Answer::Refused(problem) => Err(crate::client::ClientError::Refused(Box::new(problem)).into()),
            Answer::Failed(text) => Err(CommandError::failed(text)),
        }
    }

    /// A socket that is gone, or that nobody listens at, is one of a session that is over.
    fn gone(&self, error: &std::io::Error) -> CommandError {
        use std::io::ErrorKind::{ConnectionRefused, NotFound};
        let session = std::env::var(SESSION_VARIABLE).unwrap_or_default();
        if !session.is_empty() && matches!(error.kind(), NotFound | ConnectionRefused) {
            return CommandError::new(Exit::Unreachable, format!("session {session} is over: its launcher is gone"));
        }
        CommandError::new(Exit::Unreachable, "cannot reach the launcher of this session").because(error)
    }

    fn exchange(&self, ask: &Ask, deadline: Duration) -> std::io::Result<Zeroizing<String>> {
        let mut stream = UnixStream::connect(&self.0)?;
        stream.set_read_timeout(Some(deadline))?;
        stream.set_write_timeout(Some(deadline))?;
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = Zeroizing::new(String::new());
        BufReader::new(stream.take(INSIDE_LINE_BYTES_MAX)).read_line(&mut answer)?;
        Ok(answer)
    }
}
