//! Who belongs to a session: the processes that descend from its launcher. Asked of the system for each connection, so that
//! no token is needed inside a session, and none can be carried out of it.
//!
//! The launcher adopts descendants whose parents end ([`super::orphans`]), so that a process that went to the background
//! stays one of the session's. Processes of a session that was opened inside this one belong to that one.
//! Where the system has no `/proc`, or does not say who is at the other end, the same user is all that is asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use nix::unistd::Pid;

use super::process::Process;
use crate::limits::{ANCESTORS_MAX, INNER_LAUNCHERS_MAX};

/// The processes of one session. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Family(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    session: String,
    /// None where the system does not tell.
    launcher: Option<Process>,
    /// Launchers of sessions inside this one: they belong to this session, what descends from them does not.
    inner: Mutex<Vec<Process>>,
}

/// Who is not one of the session's processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stranger {
    session: String,
}

// === impl Family ===

impl Family {
    /// The descendants of this process, which launches a session.
    pub(super) fn of(session: &str) -> Self {
        Self::below(session, Process::this())
    }

    fn below(session: &str, launcher: Option<Process>) -> Self {
        Self(Arc::new(Inner { session: session.to_owned(), launcher, inner: Mutex::default() }))
    }

    /// Checks that the process at the other end of a connection belongs to the session.
    ///
    /// # Errors
    /// It does not, or it is gone already.
    pub(super) fn admit(&self, peer: Option<Pid>) -> Result<(), Stranger> {
        let Some(launcher) = &self.0.launcher else { return Ok(()) };
        // Zero is a process that this one cannot see: in another container.
        let descends = peer.filter(|pid| pid.as_raw() > 0).is_some_and(|pid| self.descends(pid, launcher));
        if descends { Ok(()) } else { Err(Stranger { session: self.0.session.clone() }) }
    }

    /// Notes that a process of the session opened one of its own: it is that session's launcher.
    pub(super) fn launches(&self, peer: Option<Pid>) {
        let Some(process) = peer.and_then(Process::look) else { return };
        let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.retain(|known| Process::look(known.pid).is_some_and(|now| now.is(known)));
        if inner.len() < INNER_LAUNCHERS_MAX && !inner.iter().any(|known| known.is(&process)) {
            inner.push(process);
        }
    }

    fn descends(&self, pid: Pid, launcher: &Process) -> bool {
        let mut next = pid;
        for generation in 0..ANCESTORS_MAX {
            let Some(process) = Process::look(next) else { return false };
            if process.is(launcher) {
                return true;
            }
            if generation > 0 && self.is_inner_launcher(&process) {
                return false;
            }
            next = process.parent;
        }
        false
    }

    fn is_inner_launcher(&self, process: &Process) -> bool {
        let inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.iter().any(|known| known.is(process))
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this socket belongs to session {}: you are not one of its processes", self.session)
    }
}

#[cfg(test)]
mod tests;
