//! `writ with-lock`: run a command while holding a lock, and end it when the lock is lost.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::lock::{Way, ask};
use crate::api::read;
use crate::cli::WithLock;
use crate::command_error::{CommandError, Exit};
use crate::inside::LockAsk;
use crate::limits::{LOCK_CHILD_GRACE, LOCK_LOOK_EVERY, LOCK_UNSURE_MAX};
use crate::run::not_started;
use crate::ticket::Ticket;

/// The token, for gates that compare it.
const TOKEN_VARIABLE: &str = "WRIT_LOCK_TOKEN";
/// The ticket.
const TICKET_VARIABLE: &str = "WRIT_LOCK_TICKET";

/// Acquires, runs, releases.
pub(super) async fn with_lock(arguments: WithLock) -> Result<Exit, CommandError> {
    let way = Way::find()?;
    let ticket: Ticket = read(ask(&way, &arguments.asked, false).await?)?;
    let Some(token) = ticket.token else {
        return Err(CommandError::new(Exit::Refused, format!("ticket {} is {}", ticket.ticket, ticket.state)));
    };
    let held = Held { way, ticket: ticket.ticket, token };
    let outcome = held.run(&arguments.command).await;
    held.release().await;
    outcome
}

/// A lock that is held while a command runs.
struct Held {
    way: Way,
    ticket: String,
    token: u64,
}

impl Held {
    async fn run(&self, command: &[std::ffi::OsString]) -> Result<Exit, CommandError> {
        let mut child = self.spawn(command)?;
        let mut told = signal(SignalKind::terminate())
            .map_err(|error| CommandError::failed("cannot listen for signals").because(&error))?;
        // The terminal sends its own signals to the command as well, which decides what they mean.
        let mut interrupted = signal(SignalKind::interrupt())
            .map_err(|error| CommandError::failed("cannot listen for signals").because(&error))?;
        let lost = self.lost();
        tokio::pin!(lost);
        loop {
            tokio::select! {
                ended = child.wait() => return Ok(exit_of(ended)),
                _ = told.recv() => tell(&child, Signal::SIGTERM),
                _ = interrupted.recv() => {}
                why = &mut lost => {
                    eprintln!("writ: {why}: the command is told to end");
                    end(&mut child).await;
                    return Err(CommandError::new(Exit::Refused, format!("{why}, so the command was ended")));
                }
            }
        }
    }

    fn spawn(&self, command: &[std::ffi::OsString]) -> Result<Child, CommandError> {
        let (program, arguments) = command.split_first().ok_or_else(|| CommandError::usage("no command given"))?;
        let spawned = Command::new(program)
            .args(arguments)
            .env(TICKET_VARIABLE, &self.ticket)
            .env(TOKEN_VARIABLE, self.token.to_string())
            .stdin(Stdio::inherit())
            .kill_on_drop(true)
            .spawn();
        spawned.map_err(|error| not_started(program, &error))
    }

    /// Waits until the lock is lost, or nobody has been able to say that it is not for too long; says which.
    async fn lost(&self) -> String {
        let mut unsure = std::time::Duration::ZERO;
        loop {
            tokio::time::sleep(LOCK_LOOK_EVERY).await;
            let ask = LockAsk::Show { ticket: self.ticket.clone(), wait_seconds: 0 };
            match self.way.ask::<Ticket>(ask).await {
                Ok(ticket) if ticket.token == Some(self.token) => unsure = std::time::Duration::ZERO,
                Ok(_) => return format!("the lock {} was lost", self.ticket),
                Err(error) if error.exit() == Exit::Unreachable => unsure += LOCK_LOOK_EVERY,
                Err(error) => return format!("the lock {} was lost ({error})", self.ticket),
            }
            if unsure >= LOCK_UNSURE_MAX {
                return format!("nobody could say for {} s whether the lock is held still", unsure.as_secs());
            }
        }
    }

    async fn release(&self) {
        let ask = LockAsk::Release { ticket: self.ticket.clone(), token: Some(self.token) };
        if let Err(error) = self.way.ask::<Value>(ask).await {
            eprintln!("writ: the lock {} was not let go: {error}", self.ticket);
        }
    }
}

fn exit_of(ended: std::io::Result<std::process::ExitStatus>) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    let Ok(status) = ended else { return Exit::Failed };
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Exit::Child(code.and_then(|code| u8::try_from(code & 0xff).ok()).unwrap_or(u8::MAX))
}

fn tell(child: &Child, signal: Signal) {
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
        // It may just have ended.
        let _ = kill(Pid::from_raw(id), signal);
    }
}

/// Tells it to end, and ends it when it does not.
async fn end(child: &mut Child) {
    tell(child, Signal::SIGTERM);
    if tokio::time::timeout(LOCK_CHILD_GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
