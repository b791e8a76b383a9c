//! One run of an operator's command.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::BufMut;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use zeroize::Zeroizing;

use crate::broker::Secrets;
use crate::limits::{PLUGIN_ANSWER_BYTES_MAX, PLUGIN_DRAIN_MAX};

/// What is run.
pub(super) struct Program {
    /// Its absolute path and its arguments; at least one.
    pub(super) words: Vec<String>,
    /// Where it runs.
    pub(super) folder: PathBuf,
    /// Variables that it inherits.
    pub(super) inherited: Vec<String>,
    /// Variables that hold its secrets.
    pub(super) secrets: Secrets,
}

/// How a run ended.
pub(super) enum Done {
    /// With this code.
    Exited {
        code: i32,
        /// Its standard output.
        answer: Zeroizing<Vec<u8>>,
        /// Bytes of its standard error, which is dropped: a secret may be in it.
        error_bytes: u64,
    },
    /// A signal ended it.
    Died { signal: i32 },
}

/// Why a run did not end by itself.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The system did not start it.
    NotStarted(String),
    /// It took too long, and was killed.
    TooLong,
    /// It printed too much, and was killed.
    TooMuch,
    /// The system did not say how it ended.
    Lost(String),
}

/// The process group of a run: whatever is left of it is killed when this is dropped, whether the run ended, took too long
/// or nobody waits for it any more.
struct Group(Option<Pid>);

/// Runs it once with this input. When this returns or is dropped, nothing of its process group is left.
pub(super) async fn run(program: &Program, input: &[u8], within: Duration) -> Result<Done, Trouble> {
    let mut child = start(program)?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw));
    let ended = tokio::time::timeout(within, converse(&mut child, &group, input)).await;
    ended.unwrap_or(Err(Trouble::TooLong))
}

fn start(program: &Program) -> Result<Child, Trouble> {
    let Some((path, arguments)) = program.words.split_first() else {
        return Err(Trouble::NotStarted("`command` is empty".to_owned()));
    };
    let mut command = Command::new(path);
    command.args(arguments).env_clear().current_dir(&program.folder).process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in &program.inherited {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    for (name, secret) in &program.secrets {
        command.env(name, secret.as_str());
    }
    command.spawn().map_err(|error| Trouble::NotStarted(not_started(&error)))
}

fn not_started(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such program, or no such `folder`".to_owned(),
        io::ErrorKind::PermissionDenied => "writ's user may not execute it, or not enter `folder`".to_owned(),
        _ => error.to_string(),
    }
}

async fn converse(child: &mut Child, group: &Group, input: &[u8]) -> Result<Done, Trouble> {
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Trouble::Lost("it has no standard streams".to_owned()));
    };
    // Room for all of it from the start, so that no copy stays behind when it grows.
    let mut answer = Zeroizing::new(Vec::with_capacity(PLUGIN_ANSWER_BYTES_MAX + 1));
    let mut error_bytes = 0;
    let status = {
        let told = tell(stdin, input);
        let (heard, counted) = (hear(stdout, &mut answer), count(stderr, &mut error_bytes));
        let streams = async { tokio::try_join!(told, heard, counted) };
        tokio::pin!(streams);
        tokio::select! {
            biased;
            heard = &mut streams => {
                heard?;
                child.wait().await
            }
            status = child.wait() => {
                // What it started and left behind may hold the streams open for ever.
                group.kill();
                if let Ok(heard) = tokio::time::timeout(PLUGIN_DRAIN_MAX, &mut streams).await {
                    heard?;
                }
                status
            }
        }
    };
    done(status.map_err(|error| Trouble::Lost(error.to_string()))?, answer, error_bytes)
}

fn done(status: ExitStatus, answer: Zeroizing<Vec<u8>>, error_bytes: u64) -> Result<Done, Trouble> {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ok(Done::Exited { code, answer, error_bytes }),
        (None, Some(signal)) => Ok(Done::Died { signal }),
        (None, None) => Err(Trouble::Lost("it ended in no way that is known".to_owned())),
    }
}

/// It need not listen: its answer counts.
async fn tell(mut stdin: ChildStdin, input: &[u8]) -> Result<(), Trouble> {
    let _ = stdin.write_all(input).await;
    Ok(())
}

async fn hear(mut stdout: impl AsyncRead + Unpin, answer: &mut Vec<u8>) -> Result<(), Trouble> {
    loop {
        let room = PLUGIN_ANSWER_BYTES_MAX + 1 - answer.len();
        if room == 0 {
            return Err(Trouble::TooMuch);
        }
        match stdout.read_buf(&mut (&mut *answer).limit(room)).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

async fn count(mut stderr: impl AsyncRead + Unpin, bytes: &mut u64) -> Result<(), Trouble> {
    let mut dropped = Zeroizing::new([0_u8; 4096]);
    while let Ok(read @ 1..) = stderr.read(&mut *dropped).await {
        *bytes = bytes.saturating_add(read as u64);
    }
    Ok(())
}

// === impl Group ===

impl Group {
    /// Ends all of it. A group keeps its number for as long as it has a member, so none of somebody else's is meant while
    /// one is left; when none is, there is nobody to hear it.
    fn kill(&self) {
        if let Some(group) = self.0 {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
