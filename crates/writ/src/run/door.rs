//! The launcher's own socket: what is asked from inside the session goes to the control plane with the session's bearer.

use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::listen::Speaker;
use super::recorder::{Artifact, Recorder};
use super::session::OpenSession;
use crate::client::{Client, ClientError, escape};
use crate::inside::{Answer, Ask};
use crate::limits::{INSIDE_LINE_BYTES_MAX, INSIDE_TIMEOUT, RECORD_VALUES_MAX};

/// Answers asks for one session.
#[derive(Clone)]
pub(super) struct Door {
    client: Client,
    session: String,
    recorder: Recorder,
}

// === impl Door ===

impl Door {
    /// A door of this session; `client` speaks as the session.
    pub(super) fn new(client: Client, session: &str, recorder: Recorder) -> Self {
        Self { client, session: session.to_owned(), recorder }
    }

    async fn answer(&self, line: &str) -> Answer {
        match serde_json::from_str(line) {
            Ok(Ask::Record { kind, values, wait }) => self.record(kind, values, wait).await,
            Ok(Ask::Open(ask)) => self.open(ask).await,
            Err(error) => Answer::Failed(format!("the launcher does not understand this: {error}")),
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
    async fn open(&self, ask: OpenSession) -> Answer {
        #[derive(Serialize)]
        struct Child {
            #[serde(flatten)]
            ask: OpenSession,
            parent: String,
        }
        let child = Child { ask, parent: self.session.clone() };
        match self.client.post("/v1/sessions", &child).await {
            Ok(opened) => Answer::Done(opened),
            Err(error) => failed(error),
        }
    }
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
    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        let (reading, mut writing) = tokio::io::split(stream);
        let mut line = String::new();
        let mut bounded = BufReader::new(reading.take(INSIDE_LINE_BYTES_MAX));
        let read = tokio::time::timeout(INSIDE_TIMEOUT, bounded.read_line(&mut line)).await;
        if !matches!(read, Ok(Ok(count)) if count > 0) {
            return;
        }
        let answer = self.answer(&line).await;
        if let Ok(mut text) = serde_json::to_vec(&answer) {
            text.push(b'\n');
            // Whoever left before the answer does not want it.
            let _ = tokio::time::timeout(INSIDE_TIMEOUT, writing.write_all(&text)).await;
        }
    }
}
