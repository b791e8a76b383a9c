//! The launcher's socket for hooks.

use std::sync::{Arc, OnceLock};

use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::feed::Feed;
use super::{Hooks, Whose, failed};
use crate::client::Client;
use crate::hook::wire::Answer;
use crate::limits::{HOOK_BYTES_MAX, HOOK_DEADLINE};
use crate::run::family::Stranger;
use crate::run::gates::Gates;
use crate::run::listen::Speaker;
use crate::run::parts::Parts;
use crate::run::push_options::PushOptions;

/// Answers what comes in by the socket. What other sessions do is listened to from the first hook on: a command that is no
/// client of ours has none.
#[derive(Clone)]
pub(in crate::run) struct HookDoor {
    hooks: Hooks<Client>,
    client: Client,
    feed: Arc<OnceLock<Feed>>,
}

impl HookDoor {
    /// For one session; `client` speaks as the session.
    pub(in crate::run) fn new(client: &Client, whose: Whose, parts: Parts, push: PushOptions) -> Self {
        Self { hooks: Hooks::new(client.clone(), whose, parts, push), client: client.clone(), feed: Arc::default() }
    }
}

impl HookDoor {
    /// Listens from now on to what happens to locks.
    pub(in crate::run) fn listen(&self) {
        self.feed.get_or_init(|| Feed::start(self.client.clone(), self.hooks.clone()));
    }

    /// Repositories behind these gates have the names that the gates have for them.
    pub(in crate::run) fn know(&self, gates: Gates) {
        self.hooks.know(gates);
    }
}

impl Speaker for HookDoor {
    /// One event, one answer, and the connection ends.
    async fn speak(self, _peer: Option<Pid>, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        self.listen();
        let (reading, writing) = tokio::io::split(stream);
        if let Some(message) = read(reading).await {
            write(writing, &self.hooks.answer(&message).await).await;
        }
    }

    async fn turn_away(self, stranger: Stranger, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        let (reading, writing) = tokio::io::split(stream);
        if read(reading).await.is_some() {
            write(writing, &failed(&stranger.to_string())).await;
        }
    }
}

/// Everything up to the end of what the hook sends; none when it leaves, is slow, or sends too much.
async fn read(reading: impl AsyncRead + Unpin + Send) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut bounded = reading.take(HOOK_BYTES_MAX);
    match tokio::time::timeout(HOOK_DEADLINE, bounded.read_to_end(&mut message)).await {
        Ok(Ok(count)) if count > 0 => Some(message),
        _ => None,
    }
}

async fn write(mut writing: impl AsyncWrite + Unpin + Send, answer: &Answer) {
    // INVARIANT: an answer is texts and a number, which serialise.
    let line = serde_json::to_vec(answer).unwrap_or_default();
    // Whoever left before the answer does not want it.
    let _ = tokio::time::timeout(HOOK_DEADLINE, writing.write_all(&line)).await;
    let _ = writing.shutdown().await;
}
