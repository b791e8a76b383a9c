//! What the system says of a process: proc_pid_stat(5), where there is a `/proc`.

use nix::unistd::Pid;

/// A process, told from a later one of the same number by when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    /// Its number.
    pub(super) pid: Pid,
    /// Who it is a child of.
    pub(super) parent: Pid,
    /// Clock ticks from the system's start to its own.
    pub(super) started: u64,
    /// Whether it ended and waits to be noticed by its parent.
    pub(super) is_zombie: bool,
}

// === impl Process ===

impl Process {
    /// Looks a process up; none when it is gone.
    pub(super) fn look(pid: Pid) -> Option<Self> {
        let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(pid, &String::from_utf8_lossy(&text))
    }

    /// This process; none where the system has no `/proc`.
    pub(super) fn this() -> Option<Self> {
        Self::look(Pid::this())
    }

    /// Whether the two are one: its parent may have changed meanwhile.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.pid == other.pid && self.started == other.started
    }

    /// `1234 (name) S 1 …`: the name may hold anything, parentheses too, so what follows is counted from the last one.
    fn parse(pid: Pid, text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        // Fields 3 and 4, then 22.
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok().map(Pid::from_raw)?;
        let started = fields.nth(17)?.parse().ok()?;
        Some(Self { pid, parent, started, is_zombie: matches!(state, "Z" | "X") })
    }
}

#[cfg(test)]
mod tests;
