//! Running git: all of its pipes at once, bounded in time and output.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::command_error::CommandError;

/// How long git may take and how much it may say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// From its start to its end.
    pub(crate) within: Duration,
    /// On its standard output, in bytes.
    pub(crate) bytes: u64,
    /// Of its complaints, in bytes: the rest is not read.
    pub(crate) complaint_bytes: u64,
}

/// How a command of git ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: Vec<u8>,
    /// What it complained of.
    pub(crate) stderr: Vec<u8>,
}

/// Why git did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// It cannot be started or spoken with.
    #[error("cannot run git: {0}")]
    NotRun(#[from] std::io::Error),
    /// It took longer than it may.
    #[error("git took longer than {0} s")]
    TooLate(u64),
    /// It said more than it may.
    #[error("git's answer is longer than {0} bytes")]
    TooLong(u64),
}

impl Ended {
    /// Whether it went well.
    pub(crate) fn success(&self) -> bool {
        self.code == Some(0)
    }
}

impl From<Unanswered> for CommandError {
    fn from(error: Unanswered) -> Self {
        Self::failed(error.to_string())
    }
}

/// Runs a command of git that the caller has set up but for its pipes, and gives it `input`.
///
/// # Errors
/// It cannot be run, takes too long, or says too much; it is ended then.
pub(crate) async fn run(mut command: Command, input: &[u8], bounds: Bounds) -> Result<Ended, Unanswered> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = tokio::time::timeout(bounds.within, spoken(command, input, bounds)).await;
    ended.unwrap_or(Err(Unanswered::TooLate(bounds.within.as_secs())))
}

/// Writes, reads and waits, all at once: whoever waits for the other first would wait for ever.
async fn spoken(mut command: Command, input: &[u8], bounds: Bounds) -> Result<Ended, Unanswered> {
    let mut child = command.spawn()?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let (Some(mut into), Some(out), Some(err)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        let (mut out, mut err) = (out.take(bounds.bytes + 1), err.take(bounds.complaint_bytes));
        let write = async move {
            // A git that has heard enough closes its end: what it says then tells more.
            let _ = into.write_all(input).await;
            drop(into);
            Ok(())
        };
        tokio::try_join!(write, out.read_to_end(&mut stdout), err.read_to_end(&mut stderr))?;
    }
    if stdout.len() as u64 > bounds.bytes {
        return Err(Unanswered::TooLong(bounds.bytes));
    }
    let status = child.wait().await?;
    Ok(Ended { code: status.code(), stdout, stderr })
}
