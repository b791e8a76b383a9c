//! The time while the agent runs: signals are passed on, stops handled, and a session that is over ends the agent.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::getpgrp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::beat::News;
use super::child::{Change, Child};
use super::signals::Signals;
use super::terminal::Terminal;
use super::vault::Vault;
use crate::command_error::CommandError;
use crate::limits::KILL_GRACE;

/// How the command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// Its exit code; 128 + signal when a signal ended it.
    pub(super) exit_code: u8,
    /// Why the session was over before the command was.
    pub(super) over: Option<String>,
}

struct Supervisor {
    child: Child,
    terminal: Option<Terminal>,
    over: Option<String>,
    /// When SIGKILL follows SIGTERM.
    kill_at: Option<Instant>,
}

/// Waits for the command's end.
pub(super) async fn until_over(
    child: Child,
    mut signals: Signals,
    mut news: mpsc::Receiver<News>,
    vault: &Vault,
) -> Result<Ended, CommandError> {
    let mut supervisor = Supervisor { child, terminal: Terminal::of_stdin(), over: None, kill_at: None };
    if Terminal::is_all_ours() {
        supervisor.hand_over();
    }
    let mut listening = true;
    let change = loop {
        let kill_at = supervisor.kill_at;
        tokio::select! {
            change = supervisor.child.change() => match change {
                Change::Stopped(signal) => supervisor.stopped(signal),
                last => break last,
            },
            Some(signal) = signals.next() => supervisor.signalled(signal),
            told = news.recv(), if listening => match told {
                Some(told) => supervisor.told(told, vault),
                None => listening = false,
            },
            () = sleep_until(kill_at), if kill_at.is_some() => {
                supervisor.child.signal(Signal::SIGKILL);
                supervisor.kill_at = None;
            }
        }
    };
    supervisor.ended(change).await
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

impl Supervisor {
    /// Gives the terminal away; whoever touched it too early was stopped and goes on now.
    fn hand_over(&self) -> bool {
        let has_it = self.terminal.as_ref().is_some_and(|terminal| terminal.hand_to(self.child.group()));
        if has_it {
            self.child.signal(Signal::SIGCONT);
        }
        has_it
    }

    fn take_back(&self) {
        if let Some(terminal) = &self.terminal {
            terminal.take_back_from(self.child.group());
        }
    }

    /// Ctrl-Z stops the agent, so the launcher stops too and the shell goes on. Stopped for the terminal, it gets it.
    ///
    /// Without a terminal nobody waits to have it go on, and the launcher's group may be of others: it stays as it is. So it
    /// does when the agent goes on already.
    fn stopped(&mut self, signal: Signal) {
        if self.over.is_some() {
            self.child.signal(Signal::SIGCONT);
            return;
        }
        let wants_terminal = matches!(signal, Signal::SIGTTIN | Signal::SIGTTOU);
        if wants_terminal && self.hand_over() {
            return;
        }
        if self.child.has_gone_on() || !Terminal::is_there() {
            return;
        }
        self.take_back();
        // While stopped no beats are sent: the session lapses like one on a sleeping laptop.
        let _ = killpg(getpgrp(), Signal::SIGTSTP);
    }

    fn signalled(&mut self, signal: Signal) {
        if signal == Signal::SIGCONT && Terminal::is_all_ours() {
            self.hand_over();
        }
        self.child.signal(signal);
    }

    fn told(&mut self, news: News, vault: &Vault) {
        match news {
            News::Over(text) => {
                vault.close(&text);
                self.over = Some(text);
                self.kill_at = Some(Instant::now() + KILL_GRACE);
                self.child.signal(Signal::SIGTERM);
                // A stopped process only dies of it when it goes on.
                self.child.signal(Signal::SIGCONT);
            }
            News::Silent => say("the control plane does not answer; the agent goes on, model calls may fail meanwhile"),
            News::Lapsed => say(
                "the control plane was silent for so long that the session has expired; start again with `writ run`",
            ),
            News::Back => say("the control plane answers again"),
            News::Credentials(good) => vault.keep_only(&good.ids, good.age),
        }
    }

    async fn ended(self, change: Change) -> Result<Ended, CommandError> {
        self.take_back();
        if self.over.is_some() {
            self.end_rest().await;
        }
        let exit_code = match change {
            Change::Exited(code) => code,
            Change::Killed(signal) => {
                if let Some(terminal) = &self.terminal {
                    terminal.restore_modes();
                }
                u8::try_from(128 + signal as i32).unwrap_or(u8::MAX)
            }
            Change::Stopped(_) | Change::Lost => {
                return Err(CommandError::failed("lost sight of the command"));
            }
        };
        Ok(Ended { exit_code, over: self.over })
    }

    /// The leader is gone; what it left behind gets the rest of the grace, then ends too.
    async fn end_rest(&self) {
        let until = self.kill_at.unwrap_or_else(Instant::now);
        while self.child.has_processes() && Instant::now() < until {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.child.signal(Signal::SIGKILL);
    }
}

/// A full-screen agent leaves the cursor anywhere.
fn say(text: &str) {
    eprint!("\r\nwrit: {text}\r\n");
}
