//! Descendants of the launcher whose parents ended: the launcher adopts them (prctl(2), PR_SET_CHILD_SUBREAPER), so that they
//! stay the session's, and notices their end, so that none stays a zombie.

use std::time::Duration;

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tokio::task::JoinHandle;

use super::process::Process;

/// Pause between two looks. Whoever waits for a child of its own does so at once: a zombie that two looks see is nobody's.
const PAUSE: Duration = Duration::from_secs(5);

/// Adoption, until dropped.
#[derive(Debug)]
pub(super) struct Orphans(JoinHandle<()>);

// === impl Orphans ===

impl Orphans {
    /// Adopts from now on. `agent` has somebody who waits for it. Where the system knows no adoption nothing happens.
    pub(super) fn adopt(agent: Pid) -> Self {
        Self(tokio::spawn(async move {
            let mut seen = Vec::new();
            loop {
                tokio::time::sleep(PAUSE).await;
                seen = notice(agent, &seen);
            }
        }))
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Makes this process the one that adopts; before the agent starts, so that it never has an orphan that is missed.
#[cfg(target_os = "linux")]
pub(super) fn become_parent() {
    // Without it daemons of the session are not known as such: they are turned away.
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// Makes this process the one that adopts: this system cannot.
#[cfg(not(target_os = "linux"))]
pub(super) fn become_parent() {}

/// Notices the end of those zombies that were seen before; the others are the next to be.
fn notice(agent: Pid, seen: &[Process]) -> Vec<Process> {
    if !has_zombie() {
        return Vec::new();
    }
    let (nobodys, fresh): (Vec<_>, Vec<_>) =
        zombies(agent).into_iter().partition(|zombie| seen.iter().any(|before| before.is(zombie)));
    for zombie in nobodys {
        // Somebody else may have been first after all.
        let _ = waitpid(zombie.pid, Some(WaitPidFlag::WNOHANG));
    }
    fresh
}

/// Whether any child has ended unnoticed; it stays so.
#[cfg(target_os = "linux")]
fn has_zombie() -> bool {
    use nix::sys::wait::{Id, WaitStatus, waitid};
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::All, flags).is_ok_and(|status| status != WaitStatus::StillAlive)
}

#[cfg(not(target_os = "linux"))]
fn has_zombie() -> bool {
    false
}

/// The children of this process that ended, but for the agent.
fn zombies(agent: Pid) -> Vec<Process> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = all.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let others = numbers.map(Pid::from_raw).filter(|&pid| pid != agent);
    let processes = others.filter_map(Process::look);
    processes.filter(|process| process.is_zombie && process.parent == Pid::this()).collect()
}

#[cfg(test)]
mod tests;
