//! Signals that reach the launcher: they are meant for the agent.

use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::command_error::CommandError;

/// Signals waiting to be passed on; more of the same add nothing.
const QUEUE: usize = 16;

/// What is passed on. SIGTSTP is left to the system (it stops the launcher, which is told when it goes on again).
const FORWARDED: [(SignalKind, Signal); 8] = [
    (SignalKind::interrupt(), Signal::SIGINT),
    (SignalKind::terminate(), Signal::SIGTERM),
    (SignalKind::hangup(), Signal::SIGHUP),
    (SignalKind::quit(), Signal::SIGQUIT),
    (SignalKind::user_defined1(), Signal::SIGUSR1),
    (SignalKind::user_defined2(), Signal::SIGUSR2),
    (SignalKind::window_change(), Signal::SIGWINCH),
    (SignalKind::from_raw(Signal::SIGCONT as i32), Signal::SIGCONT),
];

/// The signals, in the order they came.
#[derive(Debug)]
pub(super) struct Signals(mpsc::Receiver<Signal>);

impl Signals {
    /// Listens from now on; before the agent starts, so that none is lost.
    pub(super) fn listen() -> Result<Self, CommandError> {
        let (tell, told) = mpsc::channel(QUEUE);
        for (kind, name) in FORWARDED {
            let mut stream =
                signal(kind).map_err(|error| CommandError::failed("cannot listen for signals").because(&error))?;
            let tell = tell.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    // A full queue holds this signal already, or nobody listens any more.
                    let _ = tell.try_send(name);
                }
            });
        }
        Ok(Self(told))
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Option<Signal> {
        self.0.recv().await
    }
}
