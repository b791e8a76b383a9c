//! The credential that the git server takes: a file or a command says it. No agent has it.

use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::limits::{TOKEN_BYTES_MAX, TOKEN_COMMAND_MAX, TOKEN_FRESH_FOR};
use super::upstream::Failed;

/// Where the token comes from.
pub(super) enum Source {
    /// The server takes everybody.
    None,
    /// A file, read each time: it may be replaced.
    File(PathBuf),
    /// A command, which may ask a broker.
    Command(String),
}

/// The credential.
pub(super) struct Credential {
    source: Source,
    username: String,
    /// What a command printed, and when.
    printed: Mutex<Option<(Instant, Zeroizing<String>)>>,
}

// === impl Credential ===

impl Credential {
    /// A token of this user name's.
    pub(super) fn new(source: Source, username: String) -> Self {
        Self { source, username, printed: Mutex::new(None) }
    }

    /// The value of the header `Authorization`; none for a server that takes everybody.
    ///
    /// # Errors
    /// The token cannot be had.
    pub(super) async fn header(&self) -> Result<Option<Zeroizing<String>>, Failed> {
        let token = match &self.source {
            Source::None => return Ok(None),
            Source::File(path) => {
                let mut text = Zeroizing::new(String::new());
                let read =
                    std::fs::File::open(path).and_then(|file| file.take(TOKEN_BYTES_MAX).read_to_string(&mut text));
                read.map_err(|error| Failed(format!("the proxy's credential cannot be read: {error}")))?;
                text
            }
            Source::Command(command) => self.printed(command).await?,
        };
        let token = token.trim();
        if token.is_empty() || token.contains(char::is_control) {
            return Err(Failed("the proxy's credential is empty, or more than one line".to_owned()));
        }
        let pair = Zeroizing::new(format!("{}:{token}", self.username));
        Ok(Some(Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))))
    }

    async fn printed(&self, command: &str) -> Result<Zeroizing<String>, Failed> {
        let mut printed = self.printed.lock().await;
        if let Some((at, token)) = printed.as_ref().filter(|(at, _)| at.elapsed() < TOKEN_FRESH_FOR) {
            tracing::trace!(age_ms = at.elapsed().as_millis(), "the credential is fresh");
            return Ok(token.clone());
        }
        let late =
            |_| Failed(format!("the proxy's credential command took longer than {} s", TOKEN_COMMAND_MAX.as_secs()));
        let token = tokio::time::timeout(TOKEN_COMMAND_MAX, run(command)).await.map_err(late)??;
        *printed = Some((Instant::now(), token.clone()));
        Ok(token)
    }
}

async fn run(command: &str) -> Result<Zeroizing<String>, Failed> {
    let failed = |error: std::io::Error| Failed(format!("the proxy's credential command cannot be run: {error}"));
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut text = Zeroizing::new(String::new());
    if let Some(out) = child.stdout.take() {
        out.take(TOKEN_BYTES_MAX).read_to_string(&mut text).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(text) } else { Err(Failed("the proxy's credential command failed".to_owned())) }
}
