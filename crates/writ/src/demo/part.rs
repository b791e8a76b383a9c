//! A long-running process of the demo: started, waited for, watched, and gone when dropped.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};

use crate::command_error::CommandError;
use crate::limits::{DEMO_LINES_KEPT, DEMO_START_TIMEOUT, DEMO_STOP_TIMEOUT};

/// A process that runs until its standard input ends.
pub(super) struct Part {
    name: &'static str,
    /// Its end is the sign to stop; the system gives it even when this process is killed.
    stdin: ChildStdin,
    ended: watch::Receiver<Option<String>>,
    kill: mpsc::Sender<()>,
    lines: Lines,
}

/// The newest lines it wrote, for error texts.
type Lines = Arc<Mutex<VecDeque<String>>>;

impl Part {
    /// Starts `command` and waits until `ready` finds what it looks for in one of its lines.
    ///
    /// # Errors
    /// It did not start, ended, or said nothing in time; with its last lines.
    pub(super) async fn start<T>(
        name: &'static str,
        mut command: Command,
        mut ready: impl FnMut(&str) -> Option<T>,
    ) -> Result<(Self, T), CommandError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for the demo, which then stops its parts in order.
        command.process_group(0).kill_on_drop(true);
        let failed =
            |error: &dyn std::error::Error| CommandError::failed(format!("cannot start {name}")).because(error);
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(CommandError::failed(format!("cannot talk to {name}")));
        };
        let (tell, mut told) = mpsc::channel(DEMO_LINES_KEPT);
        let lines = Lines::default();
        tokio::spawn(follow(stdout, Arc::clone(&lines), tell.clone()));
        tokio::spawn(follow(stderr, Arc::clone(&lines), tell));
        let (kill, killed) = mpsc::channel(1);
        let (end, ended) = watch::channel(None);
        tokio::spawn(wait(child, killed, end));
        let part = Self { name, stdin, ended, kill, lines };
        let looked = async {
            while let Some(line) = told.recv().await {
                if let Some(found) = ready(&line) {
                    return Some(found);
                }
            }
            None
        };
        match tokio::time::timeout(DEMO_START_TIMEOUT, looked).await {
            Ok(Some(found)) => Ok((part, found)),
            Ok(None) => Err(part.died().await),
            Err(_) => Err(part.explained(&format!("did not come up within {} s", DEMO_START_TIMEOUT.as_secs()))),
        }
    }

    /// Resolves when the process has ended, which it should not.
    pub(super) async fn died(&self) -> CommandError {
        let mut ended = self.ended.clone();
        let how = match ended.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or_default(),
            Err(_) => "was lost sight of".to_owned(),
        };
        self.explained(&how)
    }

    /// How it ended, if it has.
    pub(super) fn end(&self) -> Option<CommandError> {
        let how = self.ended.borrow().clone()?;
        Some(self.explained(&how))
    }

    /// Asks it to stop, and makes it after a while.
    pub(super) async fn stop(self) {
        let Self { stdin, mut ended, kill, .. } = self;
        drop(stdin);
        let gone = ended.wait_for(Option::is_some);
        if tokio::time::timeout(DEMO_STOP_TIMEOUT, gone).await.is_err() {
            let _ = kill.send(()).await;
        }
    }

    fn explained(&self, how: &str) -> CommandError {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let error = CommandError::failed(format!("{} {how}", self.name));
        if lines.is_empty() {
            return error;
        }
        let said: Vec<&str> = lines.iter().map(String::as_str).collect();
        error.hinted(format!("its last lines were\n  {}", said.join("\n  ")))
    }
}

/// Owns the process, so that it is killed when the runtime goes away.
async fn wait(mut child: Child, mut killed: mpsc::Receiver<()>, end: watch::Sender<Option<String>>) {
    let status = tokio::select! {
        status = child.wait() => status,
        // Also when the part is dropped on an error.
        _ = killed.recv() => {
            let _ = child.start_kill();
            child.wait().await
        }
    };
    let how = match status {
        Ok(status) => format!("ended early ({status})"),
        Err(error) => format!("was lost sight of: {error}"),
    };
    let _ = end.send(Some(how));
}

/// Keeps the newest lines; a token that is printed once stays out of error texts.
async fn follow(pipe: impl AsyncRead + Unpin, lines: Lines, tell: mpsc::Sender<String>) {
    let mut pipe = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = pipe.next_line().await {
        if !line.contains(domain::TokenKind::Bootstrap.prefix()) {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == DEMO_LINES_KEPT {
                lines.pop_front();
            }
            lines.push_back(line.clone());
        }
        // After the start nobody listens, and that is fine.
        let _ = tell.try_send(line);
    }
}
