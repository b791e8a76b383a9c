//! From inside a session to its launcher: one line of JSON there, one back, over the launcher's socket.
//!
//! The launcher speaks to the control plane with the session's bearer, so that hooks and commands need none. What is asked
//! here is asked in the session's name: the launcher passes on these few requests and no other.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Problem;
use crate::command_error::{CommandError, Exit};
use crate::limits::{INSIDE_LINE_BYTES_MAX, INSIDE_TIMEOUT};
use crate::run::session::OpenSession;

/// The variable that names the launcher's socket; set inside a session only.
pub(crate) const SOCKET_VARIABLE: &str = "WRIT_SOCKET";

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
}

/// The launcher's answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Done; what the control plane answered, if it was asked.
    Done(Value),
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

    /// Asks and waits for the answer, [`INSIDE_TIMEOUT`] at most.
    ///
    /// # Errors
    /// The launcher is gone, refused or did not understand.
    pub(crate) fn ask(&self, ask: &Ask) -> Result<Value, CommandError> {
        let gone = |error: &dyn std::error::Error| {
            CommandError::new(Exit::Unreachable, "cannot reach the launcher of this session").because(error)
        };
        let answer = self.exchange(ask, INSIDE_TIMEOUT).map_err(|error| gone(&error))?;
        match serde_json::from_str(&answer).map_err(|error| gone(&error))? {
            Answer::Done(value) => Ok(value),
            Answer::Refused(problem) => Err(crate::client::ClientError::Refused(Box::new(problem)).into()),
            Answer::Failed(text) => Err(CommandError::failed(text)),
        }
    }

    fn exchange(&self, ask: &Ask, deadline: Duration) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(&self.0)?;
        stream.set_read_timeout(Some(deadline))?;
        stream.set_write_timeout(Some(deadline))?;
        let mut line = serde_json::to_vec(ask)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream.take(INSIDE_LINE_BYTES_MAX)).read_line(&mut answer)?;
        Ok(answer)
    }
}
