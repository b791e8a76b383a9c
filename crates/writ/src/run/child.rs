//! The agent's process: the leader of a process group of its own.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tokio::sync::mpsc;

use super::environment::Environment;
use crate::command_error::{CommandError, Exit};

/// Changes waiting to be seen; a process can only change again after it was continued.
const QUEUE: usize = 4;

/// A running command.
#[derive(Debug)]
pub(super) struct Child {
    group: Pid,
    changes: mpsc::Receiver<Change>,
}

/// What happened to the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It ended by itself with this code.
    Exited(u8),
    /// A signal ended it.
    Killed(Signal),
    /// It stopped (Ctrl-Z, or a background process that touched the terminal).
    Stopped(Signal),
    /// The system knows nothing about it any more.
    Lost,
}

impl Child {
    /// Starts the command with exactly this environment, in `folder` if there is one, else in the launcher's own.
    ///
    /// # Errors
    /// Not found (127) or not executable (126), as `env` and `timeout` do.
    pub(super) fn spawn(
        command: &[OsString],
        environment: Environment,
        folder: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let (program, arguments) = command.split_first().ok_or_else(|| CommandError::usage("no command given"))?;
        let spawned = Command::new(program)
            .args(arguments)
            .current_dir(folder.unwrap_or(Path::new(".")))
            .env_clear()
            .envs(environment.into_variables())
            .process_group(0)
            .spawn()
            .map_err(|error| not_started(program, &error))?;
        let group = i32::try_from(spawned.id())
            .map(Pid::from_raw)
            .map_err(|error| CommandError::failed("the system gave a process id that is none").because(&error))?;
        Ok(Self { group, changes: watch(group)? })
    }

    /// Its process group, named after its leader.
    pub(super) fn group(&self) -> Pid {
        self.group
    }

    /// The next change.
    pub(super) async fn change(&mut self) -> Change {
        self.changes.recv().await.unwrap_or(Change::Lost)
    }

    /// Whether it was continued since it stopped last. A stop may be told late: whoever was stopped with it hears of it only
    /// when it goes on itself.
    #[cfg(target_os = "linux")]
    pub(super) fn has_gone_on(&self) -> bool {
        use nix::sys::wait::{Id, waitid};
        // Without WEXITED: its end is for the one who waits for it.
        let flags = WaitPidFlag::WCONTINUED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        matches!(waitid(Id::Pid(self.group), flags), Ok(WaitStatus::Continued(_)))
    }

    /// Not known on this system.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn has_gone_on(&self) -> bool {
        false
    }

    /// Sends a signal to all its processes; nothing happens when there are none left.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = killpg(self.group, signal);
    }

    /// Whether any process of the group is left.
    pub(super) fn has_processes(&self) -> bool {
        killpg(self.group, None) != Err(Errno::ESRCH)
    }
}

/// Whether there is such a program: a typing mistake should not open a session.
///
/// # Errors
/// Not found (127).
pub(super) fn look_up(program: &OsStr, path: Option<&OsStr>) -> Result<(), CommandError> {
    let has_folder = Path::new(program).components().count() > 1 || program.as_encoded_bytes().contains(&b'/');
    let exists = if has_folder {
        Path::new(program).exists()
    } else {
        path.is_none_or(|path| std::env::split_paths(path).any(|folder| folder.join(program).is_file()))
    };
    if exists { Ok(()) } else { Err(not_found(program)) }
}

fn not_found(program: &OsStr) -> CommandError {
    CommandError::new(Exit::NotFound, format!("`{}` was not found", program.to_string_lossy()))
}

/// Why a program was not started.
pub(crate) fn not_started(program: &OsStr, error: &std::io::Error) -> CommandError {
    let name = program.to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => not_found(program),
        _ => CommandError::new(Exit::NotExecutable, format!("cannot execute `{name}`")).because(error),
    }
}

/// Waits in a thread: stops are only reported to a wait that asks for them, which no library on the way does.
fn watch(child: Pid) -> Result<mpsc::Receiver<Change>, CommandError> {
    let (tell, changes) = mpsc::channel(QUEUE);
    let wait = move || {
        loop {
            let change = match waitpid(child, Some(WaitPidFlag::WUNTRACED)) {
                Ok(WaitStatus::Exited(_, code)) => Change::Exited(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
                Ok(WaitStatus::Signaled(_, signal, _)) => Change::Killed(signal),
                Ok(WaitStatus::Stopped(_, signal)) => Change::Stopped(signal),
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(_) => Change::Lost,
            };
            let is_last = !matches!(change, Change::Stopped(_));
            if tell.blocking_send(change).is_err() || is_last {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("writ-wait".to_owned()).spawn(wait);
    thread.map(|_| changes).map_err(|error| CommandError::failed("cannot start a thread").because(&error))
}

#[cfg(test)]
mod tests;
