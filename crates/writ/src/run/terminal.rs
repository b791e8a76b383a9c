//! Handing the terminal to the agent's process group and taking it back (POSIX job control).

use std::io::IsTerminal;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

/// The terminal on standard input, and how it was.
pub(super) struct Terminal {
    own_group: Pid,
    modes: Option<Termios>,
}

impl Terminal {
    /// The terminal, if standard input is one.
    pub(super) fn of_stdin() -> Option<Self> {
        let stdin = std::io::stdin();
        stdin.is_terminal().then(|| Self { own_group: getpgrp(), modes: tcgetattr(&stdin).ok() })
    }

    /// Whether the agent gets it at once. With a pager or another program behind a pipe in our own group, it must not:
    /// then the agent gets it when it first reads.
    pub(super) fn is_all_ours() -> bool {
        std::io::stdout().is_terminal()
    }

    /// Whether there is a terminal at all, from which somebody could have stopped this and can have it go on.
    pub(super) fn is_there() -> bool {
        std::fs::File::open("/dev/tty").is_ok()
    }

    /// Makes `group` the foreground group, if we are it; false if we are in the background ourselves.
    pub(super) fn hand_to(&self, group: Pid) -> bool {
        let foreground = tcgetpgrp(std::io::stdin()).ok();
        (foreground == Some(self.own_group) && set_foreground(group)) || foreground == Some(group)
    }

    /// Makes our own group the foreground group again, if `group` still is it.
    pub(super) fn take_back_from(&self, group: Pid) {
        if tcgetpgrp(std::io::stdin()).ok() == Some(group) {
            set_foreground(self.own_group);
        }
    }

    /// Undoes what a full-screen program did that could not do it itself.
    pub(super) fn restore_modes(&self) {
        if let Some(modes) = &self.modes {
            let _ = quietly(|| tcsetattr(std::io::stdin(), SetArg::TCSADRAIN, modes));
        }
    }
}

fn set_foreground(group: Pid) -> bool {
    quietly(|| tcsetpgrp(std::io::stdin(), group)).is_ok()
}

/// From the background these calls would stop this process (SIGTTOU), unless this thread blocks that signal.
fn quietly(action: impl FnOnce() -> nix::Result<()>) -> nix::Result<()> {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTTOU);
    blocked.thread_block()?;
    let result = action();
    blocked.thread_unblock()?;
    result
}
