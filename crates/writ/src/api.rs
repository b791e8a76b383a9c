//! The answers of writ's HTTP API that commands read. Unknown fields are ignored: the server may be newer.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Client;
use crate::command_error::CommandError;
use crate::inside::SecretText;

/// A human.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Developer {
    pub(crate) id: String,
    pub(crate) login: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    pub(crate) disabled: bool,
    #[serde(default)]
    pub(crate) erased_at: Option<String>,
}

/// An id with the name people know it by.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A key that signs writs and tokens.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) algorithm: String,
    pub(crate) standing: String,
    pub(crate) signs_from: String,
    #[serde(default)]
    pub(crate) published_until: Option<String>,
    #[serde(default)]
    pub(crate) thumbprint: String,
}

/// Who a session acts for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Human {
    pub(crate) id: String,
    pub(crate) login: String,
}

/// `GET /v1/whoami`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Whoami {
    pub(crate) developer: Developer,
    #[serde(default)]
    pub(crate) teams: Vec<Named>,
    #[serde(default)]
    pub(crate) projects: Vec<Named>,
    #[serde(default)]
    pub(crate) session: Option<Session>,
}

/// `POST /v1/sign-ins` and `POST /v1/bootstrap`.
#[derive(Deserialize)]
pub(crate) struct SignedIn {
    pub(crate) developer: Developer,
    pub(crate) token: String,
}

/// `POST /v1/sessions`.
#[derive(Clone, Deserialize)]
pub(crate) struct Opened {
    pub(crate) session: Session,
    /// Its bearer.
    pub(crate) token: SecretText,
}

/// A session.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) parent: Option<String>,
    /// The sub-agent of its parent that it stands for.
    #[serde(default)]
    pub(crate) agent: Option<String>,
    pub(crate) developer: Human,
    #[serde(default)]
    pub(crate) project: Option<Named>,
    #[serde(default)]
    pub(crate) profile: String,
    pub(crate) status: String,
    pub(crate) opened_at: String,
    pub(crate) expires_at: String,
    #[serde(default)]
    pub(crate) over_at: Option<String>,
    #[serde(default)]
    pub(crate) over: Option<Over>,
    #[serde(default)]
    pub(crate) budget_usd_nanos: Option<i64>,
    #[serde(default)]
    pub(crate) spent_usd_nanos: i64,
    #[serde(default)]
    pub(crate) held_usd_nanos: i64,
    #[serde(default)]
    pub(crate) calls: u64,
    #[serde(default)]
    pub(crate) url: String,
}

/// How a session came to be over.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Over {
    #[serde(default)]
    pub(crate) text: String,
}

/// A model call.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Call {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) model: String,
    #[serde(default)]
    pub(crate) reserved_at: String,
    #[serde(default)]
    pub(crate) cost_usd_nanos: Option<i64>,
    #[serde(default)]
    pub(crate) quality: Option<String>,
    #[serde(default)]
    pub(crate) outcome: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<u16>,
}

/// One row of `GET /v1/cost`, and its total.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CostRow {
    /// Value by dimension; null is unattributed.
    pub(crate) keys: serde_json::Map<String, Value>,
    pub(crate) calls: u64,
    pub(crate) cost_usd_nanos: i64,
    pub(crate) list_usd_nanos: i64,
    pub(crate) held_usd_nanos: i64,
    pub(crate) input_tokens: u64,
    pub(crate) cache_write_5m_tokens: u64,
    pub(crate) cache_write_1h_tokens: u64,
    pub(crate) cache_read_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) web_searches: u64,
    pub(crate) estimated_calls: u64,
    pub(crate) unpriced_calls: u64,
}

/// `GET /v1/log/checkpoint`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LogCheckpoint {
    /// The signed note; none while there is none.
    #[serde(default)]
    pub(crate) checkpoint: Option<String>,
    /// The log's key, as a verifier key.
    pub(crate) key: String,
    /// The proof from the size asked for, hashes in base64.
    #[serde(default)]
    pub(crate) consistency: Option<Vec<String>>,
    /// How it stands with the server's witnesses; none where it has none.
    #[serde(default)]
    pub(crate) witnesses: Option<WitnessStanding>,
}

/// How a server's newest checkpoint stands with its witnesses.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WitnessStanding {
    pub(crate) quorum_met: bool,
    #[serde(default)]
    pub(crate) missing: Vec<MissingWitness>,
    #[serde(default)]
    pub(crate) alarm: Option<WitnessAlarm>,
}

/// A witness that did not cosign.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MissingWitness {
    pub(crate) witness: String,
    pub(crate) reason: String,
}

/// A witness that holds another history of the log.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct WitnessAlarm {
    pub(crate) witness: String,
    pub(crate) detail: String,
}

/// `GET /v1/log/verify`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Verified {
    pub(crate) entries: u64,
    pub(crate) verified: bool,
    #[serde(default)]
    pub(crate) head_leaf: Option<String>,
    #[serde(default)]
    pub(crate) detail: Option<String>,
}

/// Reads a part of an answer.
///
/// # Errors
/// The server is of another version than this command.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, CommandError> {
    serde_json::from_value(value)
        .map_err(|error| CommandError::failed("the server's answer does not fit this version").because(&error))
}

/// The rows of an answer, as they came: what `--json` prints.
///
/// # Errors
/// The server refused, or its answer has no list under this name.
pub(crate) async fn rows_of(client: &Client, path: &str, field: &str) -> Result<Vec<Value>, CommandError> {
    let mut answer: Value = client.get(path).await?;
    match answer.get_mut(field).map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Err(CommandError::failed(format!("the answer to `{path}` does not fit this version"))),
    }
}
