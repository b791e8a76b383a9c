//! The launcher's own socket: what is asked from inside the session goes to the control plane with the session's bearer.

use nix::unistd::Pid;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use zeroize::Zeroizing;

use super::delivery::grants_path;
use super::family::{Family, Stranger};
use super::hooks::HookDoor;
use super::listen::Speaker;
use super::push_options::PushOptions;
use super::recorder::{Artifact, Recorder};
use super::session::OpenSession;
use super::vault::{NoCredential, Vault};
use crate::api::Opened;
use crate::client::{Client, ClientError, escape};
use crate::inside::{Answer, Ask, CredentialAsk, LockAsk, SecretText};
use crate::limits::{INSIDE_LINE_BYTES_MAX, INSIDE_TIMEOUT, RECORD_VALUES_MAX};

/// Answers asks for one session.
#[derive(Clone)]
pub(super) struct Door {
    client: Client,
    session: String,
    bearer: SecretText,
    recorder: Recorder,
    family: Family,
    vault: Vault,
    locks: Locks,
}

/// Whom to tell of the session's locks.
#[derive(Clone)]
pub(super) struct Locks {
    pub(super) push: PushOptions,
    pub(super) hooks: HookDoor,
}

// === impl Door ===

impl Door {
    /// A door of this session; `client` speaks as the session.
    pub(super) fn new(
        client: Client,
        opened: &Opened,
        recorder: Recorder,
        family: Family,
        vault: Vault,
        locks: Locks,
    ) -> Self {
        let (session, bearer) = (opened.session.id.clone(), opened.token.clone());
        Self { client, session, bearer, recorder, family, vault, locks }
    }

    /// The line that answers a line.
    async fn answer(&self, line: &str, peer: Option<Pid>) -> Zeroizing<String> {
        let answer = match serde_json::from_str(line) {
            Ok(Ask::Record { kind, values, wait }) => self.record(kind, values, wait).await,
            Ok(Ask::Open(ask)) => self.open(ask, peer).await,
            Ok(Ask::Grants) => match self.client.get(&grants_path(&self.session)).await {
                Ok(grants) => Answer::Done(grants),
                Err(error) => failed(error),
            },
            Ok(Ask::Bearer) => return self.bearer(),
            Ok(Ask::Credential(ask)) => return self.credential(&ask).await,
            Ok(Ask::Lock(ask)) => self.lock(&ask).await,
            Err(error) => Answer::Failed(format!("the launcher does not understand this: {error}")),
        };
        written(&answer)
    }

    /// A lock that comes or goes is told to git before it is told to who asked.
    async fn lock(&self, ask: &LockAsk) -> Answer {
        // A lock that is taken away by somebody else is heard of there.
        self.locks.hooks.listen();
        match crate::commands::put_lock_ask(&self.client, ask).await {
            Ok(answer) => {
                self.locks.push.noted(ask, &answer);
                Answer::Done(answer)
            }
            Err(error) => failed(error),
        }
    }

    /// The session's own bearer. It is given also when the session is over: the walls say so better than silence here.
    fn bearer(&self) -> Zeroizing<String> {
        // INVARIANT: a text serialises.
        done(&Zeroizing::new(serde_json::to_string(self.bearer.as_str()).unwrap_or_default()))
    }

    /// A credential goes as it came: it is neither read here nor copied more than once.
    async fn credential(&self, ask: &CredentialAsk) -> Zeroizing<String> {
        match self.vault.get(ask).await {
            Ok(given) => done(&given.json()),
            Err(NoCredential::Refused(problem)) => written(&Answer::Refused(*problem)),
            Err(NoCredential::Failed { text, .. }) => written(&Answer::Failed(text)),
        }
    }

    async fn record(&self, kind: String, values: Vec<String>, wait: bool) -> Answer {
        if values.len() > RECORD_VALUES_MAX {
            return Answer::Failed(format!(
                "{} values at a time are too many, the limit is {RECORD_VALUES_MAX}",
                values.len()
            ));
        }
        let artifacts = values.into_iter().map(|value| Artifact { kind: kind.clone(), value });
        if wait {
            let mut recorded = Vec::new();
            for artifact in artifacts {
                match self.recorder.record_now(&artifact).await {
                    Ok(answer) => recorded.push(answer),
                    Err(error) => return failed(error),
                }
            }
            return Answer::Done(Value::Array(recorded));
        }
        for artifact in artifacts {
            if !self.recorder.record_later(artifact) {
                return Answer::Failed("too much is waiting to be recorded".to_owned());
            }
        }
        Answer::Done(json!("noted"))
    }

    /// A child session: for the same human and the same project, which the control plane sees to.
    async fn open(&self, ask: OpenSession, peer: Option<Pid>) -> Answer {
        #[derive(Serialize)]
        struct Child {
            #[serde(flatten)]
            ask: OpenSession,
            parent: String,
        }
        // Before its token leaves: what descends from it is not this session's any more.
        self.family.launches(peer);
        let child = Child { ask, parent: self.session.clone() };
        match self.client.post("/v1/sessions", &child).await {
            Ok(opened) => Answer::Done(opened),
            Err(error) => failed(error),
        }
    }
}

/// What was asked for, in JSON, as a line: copied once, into room that it does not outgrow.
fn done(json: &str) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(json.len() + 16));
    line.push_str("{\"done\":");
    line.push_str(json.trim_end());
    line.push_str("}\n");
    line
}

/// An answer as a line.
fn written(answer: &Answer) -> Zeroizing<String> {
    // INVARIANT: answers are texts and JSON values, which serialise.
    let mut line = Zeroizing::new(serde_json::to_string(answer).unwrap_or_default());
    line.push('\n');
    line
}

fn failed(error: ClientError) -> Answer {
    match error {
        ClientError::Refused(problem) => Answer::Refused(*problem),
        other => Answer::Failed(other.to_string()),
    }
}

/// Where a session's artifacts go.
pub(super) fn artifacts_path(session: &str) -> String {
    format!("/v1/sessions/{}/artifacts", escape(session))
}

impl Speaker for Door {
    /// One line, one answer, and the connection ends.
    async fn speak(self, peer: Option<Pid>, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        let (reading, writing) = tokio::io::split(stream);
        if let Some(line) = read_line(reading).await {
            write(writing, &self.answer(&line, peer).await).await;
        }
    }

    /// The same, whatever the line is: who leaves before it is read finds the connection broken and no sentence.
    async fn turn_away(self, stranger: Stranger, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        let (reading, writing) = tokio::io::split(stream);
        if read_line(reading).await.is_some() {
            write(writing, &written(&Answer::Failed(stranger.to_string()))).await;
        }
    }
}

async fn read_line(reading: impl AsyncRead + Unpin + Send) -> Option<String> {
    let mut line = String::new();
    let mut bounded = BufReader::new(reading.take(INSIDE_LINE_BYTES_MAX));
    let read = tokio::time::timeout(INSIDE_TIMEOUT, bounded.read_line(&mut line)).await;
    matches!(read, Ok(Ok(count)) if count > 0).then_some(line)
}

async fn write(mut writing: impl AsyncWrite + Unpin + Send, line: &str) {
    // Whoever left before the answer does not want it.
    let _ = tokio::time::timeout(INSIDE_TIMEOUT, writing.write_all(line.as_bytes())).await;
}
