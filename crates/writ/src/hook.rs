//! `writ hook EVENT`: what Claude Code calls before and after what it does. A tiny process that carries the client's JSON to
//! the launcher of its session and the answer back, within a deadline of its own.
//!
//! It starts no runtime, reads no configuration and does not look into the JSON. What it does when the launcher does not
//! answer depends on the event: what changes something is blocked, the rest goes on (`docs/hooks.md`).

pub(crate) mod event;
pub(crate) mod intent;
mod outside;
pub(crate) mod settings;
pub(crate) mod tokens;
pub(crate) mod wire;

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::command_error::{CommandError, Exit};
use crate::inside::{SESSION_VARIABLE, SOCKET_VARIABLE};
use crate::limits::{HOOK_ANSWER_BYTES_MAX, HOOK_BYTES_MAX, HOOK_DEADLINE};
pub(crate) use event::Event;
use wire::{Answer, Head};

/// Exit code that makes the client block what it was about to do, with the text on standard error as the reason.
pub(crate) const BLOCKED: u8 = 2;
/// Exit code that the client shows and otherwise ignores.
const FAILED: u8 = 1;

/// The variable that names the file for `export` lines, which the client sets for some events.
const ENV_FILE_VARIABLE: &str = "CLAUDE_ENV_FILE";

/// Refuses what happens outside of a session.
const REQUIRED: &str = "--require-session";

/// Answers the client if the arguments (the program's name first) are those of a hook: nothing else is set up before.
pub(crate) fn fast(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    arguments.next()?;
    if arguments.next()? != "hook" {
        return None;
    }
    let event = Event::parse(arguments.next()?.to_str()?)?;
    let is_required = match arguments.next() {
        None => false,
        Some(word) if word == REQUIRED => true,
        Some(_) => return None,
    };
    Some(run(event, is_required))
}

/// Carries one event there and its answer back.
pub(crate) fn run(event: Event, is_required: bool) -> ExitCode {
    let Some(socket) = socket(std::env::var_os(SOCKET_VARIABLE).as_deref()) else {
        return outside::answer(event, is_required, std::io::stdin().lock());
    };
    let env_file = std::env::var_os(ENV_FILE_VARIABLE).map(PathBuf::from);
    let (tell, told) = sync_channel(1);
    let carrying = std::thread::Builder::new().spawn({
        move || {
            let head = Head { event: Some(event), ..Head::default() };
            let answer = exchange(&socket, &head, std::io::stdin().lock(), event.deadline())
                .and_then(|answer| answer.export(env_file.as_deref()));
            // Nobody waits for it past the deadline.
            let _ = tell.send(answer);
        }
    });
    if let Err(error) = carrying {
        return failed(event, &format!("cannot start a thread: {error}"));
    }
    // The thread may hang in any of its reads: it ends with the process.
    match told.recv_timeout(event.deadline()) {
        Ok(Ok(answer)) => print(&answer),
        Ok(Err(error)) => failed(event, &reason(&error)),
        Err(RecvTimeoutError::Timeout) => {
            let seconds = event.deadline().as_secs();
            failed(event, &format!("the launcher of this session did not answer within {seconds} s"))
        }
        Err(RecvTimeoutError::Disconnected) => failed(event, "the hook broke off"),
    }
}

/// The launcher's socket for hooks lies beside its other one.
fn socket(door: Option<&OsStr>) -> Option<PathBuf> {
    door.filter(|path| !path.is_empty()).map(|path| Path::new(path).with_file_name(wire::SOCKET))
}

fn exchange(socket: &Path, head: &Head, input: impl Read, within: Duration) -> std::io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(within))?;
    stream.set_write_timeout(Some(within))?;
    let mut message = serde_json::to_vec(head)?;
    message.push(b'\n');
    input.take(HOOK_BYTES_MAX).read_to_end(&mut message)?;
    stream.write_all(&message)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.take(HOOK_ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    if answer.is_empty() {
        return Err(std::io::Error::other("it left without an answer"));
    }
    Ok(serde_json::from_slice(&answer)?)
}

/// Asks the launcher of the session around this process for something that is no event.
fn ask(head: &Head) -> Result<Answer, CommandError> {
    let socket = socket(std::env::var_os(SOCKET_VARIABLE).as_deref())
        .ok_or_else(|| CommandError::usage("this is not inside a session").hinted("start the agent with `writ run`"))?;
    let answer = exchange(&socket, head, std::io::empty(), HOOK_DEADLINE)
        .map_err(|error| CommandError::new(Exit::Unreachable, reason(&error)))?;
    if answer.exit == 0 { Ok(answer) } else { Err(CommandError::failed(answer.err.trim_end())) }
}

fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    let session = std::env::var(SESSION_VARIABLE).unwrap_or_default();
    if matches!(error.kind(), NotFound | ConnectionRefused) {
        return format!("session {session} is over: its launcher is gone; start again with `writ run`");
    }
    format!("cannot reach the launcher of this session: {error}")
}

/// What guards an action blocks it: an agent whose launcher is gone is not to go on unseen.
fn failed(event: Event, reason: &str) -> ExitCode {
    eprintln!("writ: {reason}");
    if event.guards() { BLOCKED.into() } else { FAILED.into() }
}

fn print(answer: &Answer) -> ExitCode {
    // A client that left needs no answer.
    let _ = std::io::stdout().lock().write_all(answer.out.as_bytes());
    let _ = std::io::stderr().lock().write_all(answer.err.as_bytes());
    answer.exit.into()
}

#[cfg(test)]
mod tests;
