//! Artifacts on their way to the log: a hook must not wait for the network, so what it saw is sent after it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::door::artifacts_path;
use crate::client::{Client, ClientError};
use crate::limits::{RECORD_ATTEMPTS, RECORD_FLUSH_MAX, RECORD_PAUSE, RECORDS_REMEMBERED_MAX, RECORDS_WAITING_MAX};
use crate::output::clean;

/// Something this session made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Artifact {
    /// What kind of thing.
    pub(super) kind: String,
    /// Its name.
    pub(super) value: String,
}

/// The way to the log. Cloning gives another handle on the same.
#[derive(Clone)]
pub(super) struct Recorder {
    client: Client,
    path: String,
    later: mpsc::Sender<Artifact>,
    /// What was noted: git tells of an amended or rebased commit twice.
    noted: Arc<Mutex<BTreeSet<Artifact>>>,
}

/// The task that sends what was noted.
#[derive(Debug)]
pub(super) struct Recording(JoinHandle<()>);

// === impl Recorder ===

impl Recorder {
    /// Starts to record for a session; `client` speaks as the session.
    pub(super) fn start(client: Client, session: &str) -> (Self, Recording) {
        let (later, noted) = mpsc::channel(RECORDS_WAITING_MAX);
        let recorder = Self { client, path: artifacts_path(session), later, noted: Arc::default() };
        let sender = Sender { client: recorder.client.clone(), path: recorder.path.clone() };
        (recorder, Recording(tokio::spawn(sender.send_all(noted))))
    }

    /// Records it and waits until it is durable.
    pub(super) async fn record_now(&self, artifact: &Artifact) -> Result<Value, ClientError> {
        self.client.post(&self.path, artifact).await
    }

    /// Notes it, once; false when too much is waiting.
    pub(super) fn record_later(&self, artifact: Artifact) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.contains(&artifact) {
            return true;
        }
        if noted.len() >= RECORDS_REMEMBERED_MAX {
            noted.clear();
        }
        self.later.try_send(artifact.clone()).is_ok() && noted.insert(artifact)
    }
}

impl Recording {
    /// Waits until everything noted is sent, [`RECORD_FLUSH_MAX`] at most. Every [`Recorder`] must be gone.
    pub(super) async fn finish(self) {
        let Self(mut task) = self;
        if tokio::time::timeout(RECORD_FLUSH_MAX, &mut task).await.is_err() {
            task.abort();
            eprintln!("writ: some commits of this session were not recorded: the control plane is too slow");
        }
    }
}

struct Sender {
    client: Client,
    path: String,
}

impl Sender {
    async fn send_all(self, mut noted: mpsc::Receiver<Artifact>) {
        while let Some(artifact) = noted.recv().await {
            if let Err(error) = self.send(&artifact).await {
                eprint!("\r\nwrit: {} {} was not recorded: {error}\r\n", clean(&artifact.kind), clean(&artifact.value));
            }
        }
    }

    async fn send(&self, artifact: &Artifact) -> Result<(), ClientError> {
        let mut pause = RECORD_PAUSE;
        for _ in 1..RECORD_ATTEMPTS {
            match self.client.post::<Value>(&self.path, artifact).await {
                Err(error) if error.may_pass() => tokio::time::sleep(pause).await,
                other => return other.map(drop),
            }
            pause *= 2;
        }
        self.client.post::<Value>(&self.path, artifact).await.map(drop)
    }
}
