//! Checking what an answer rests on: that the entry is in the log, by an inclusion proof under the log's signed checkpoint,
//! and that it says what the control plane says it says. A control plane that lies is found out here.

use domain::artifact::named_by;
use domain::{ArtifactKind, Event};
use ledger::{Entry, TlogProof, VerifierKey, leaf_hash, verify_inclusion};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Found, Link, Told};
use crate::client::{Client, ClientError};
use crate::command_error::CommandError;
use crate::limits::{PROOF_ATTEMPTS, PROOF_PAUSE};

/// An entry that an answer rests on.
struct Rests {
    position: u64,
    /// What it must say.
    on: On,
}

/// What an entry must say.
enum On {
    /// That the thing is the session's.
    Link(Box<Link>),
    /// That the session was opened for the human.
    Opening {
        /// The human's pseudonym.
        developer: String,
    },
}

/// What became of checking one entry.
pub(super) struct Checked {
    position: u64,
    outcome: Result<Proven, Unproven>,
}

/// The entry is in the log.
struct Proven {
    origin: String,
    size: u64,
    entry_type: String,
}

/// Why it is not known to be.
enum Unproven {
    /// It could not be checked.
    Unchecked(String),
    /// It was checked and does not hold.
    Failed(String),
}

/// `GET /v1/log/entries/{position}/proof`.
#[derive(Deserialize)]
struct Answer {
    entry: String,
    proof: String,
}

/// The part of `GET /v1/log/checkpoint` that names the log.
#[derive(Deserialize)]
struct Statement {
    key: String,
}

/// Checks the entry that links the thing to the session, and the one that names the human.
pub(super) async fn check_all(client: &Client, found: &Found) -> Result<Vec<Checked>, CommandError> {
    let told = found.told()?;
    let Some(session) = &told.session else { return Ok(Vec::new()) };
    let key = log_key(client).await;
    let mut all = Vec::new();
    for rests in rests(&told) {
        let outcome = match &key {
            Ok(key) => check(client, key, &session.id, &rests).await,
            Err(why) => Err(Unproven::Unchecked(why.clone())),
        };
        all.push(Checked { position: rests.position, outcome });
    }
    Ok(all)
}

/// The best link that an entry stands behind, and the opening.
fn rests(told: &Told) -> Vec<Rests> {
    let link = told.links.iter().find_map(|link| Some((link.position?, link)));
    let mut rests: Vec<_> =
        link.map(|(position, link)| Rests { position, on: On::Link(Box::new(link.clone())) }).into_iter().collect();
    if let Some(position) = told.opened_in {
        rests.retain(|rests| rests.position != position);
        rests.push(Rests { position, on: On::Opening { developer: told.human.id.clone() } });
    }
    rests
}

/// The key that the log signs with.
async fn log_key(client: &Client) -> Result<VerifierKey, String> {
    let statement: Statement = client.get("/v1/log/checkpoint").await.map_err(|error| match error.is_not_found() {
        true => "the control plane publishes no checkpoint".to_owned(),
        false => CommandError::from(error).to_string(),
    })?;
    statement.key.parse().map_err(|error| format!("the log's key cannot be read: {error}"))
}

async fn check(client: &Client, key: &VerifierKey, session: &str, rests: &Rests) -> Result<Proven, Unproven> {
    let answer = fetch(client, rests.position).await.map_err(|error| Unproven::Unchecked(said(error)))?;
    let (origin, size) = included(&answer, key, rests.position).map_err(Unproven::Failed)?;
    let entry = ledger::decode(answer.entry.as_bytes()).map_err(|error| Unproven::Unchecked(error.to_string()))?;
    if entry.event.session().map(|id| id.to_string()).as_deref() != Some(session) {
        return Err(Unproven::Failed(format!("entry {} is not about {session}", rests.position)));
    }
    if !says(&entry, &rests.on) {
        return Err(Unproven::Failed(format!("entry {} says something else", rests.position)));
    }
    let entry_type = serde_json::to_value(&entry.event).ok();
    let entry_type = entry_type.and_then(|value| Some(value.get("type")?.as_str()?.to_owned())).unwrap_or_default();
    Ok(Proven { origin, size, entry_type })
}

/// Asks for the proof of an entry. The newest entries are covered by the next checkpoint, which comes within a second.
async fn fetch(client: &Client, position: u64) -> Result<Answer, ClientError> {
    let path = format!("/v1/log/entries/{position}/proof");
    for _ in 1..PROOF_ATTEMPTS {
        match client.get(&path).await {
            Err(error) if error.is_closed_for_the_moment() => tokio::time::sleep(PROOF_PAUSE).await,
            other => return other,
        }
    }
    client.get(&path).await
}

/// The log and its size, under whose checkpoint the entry is included.
fn included(answer: &Answer, key: &VerifierKey, position: u64) -> Result<(String, u64), String> {
    let proof = TlogProof::parse(answer.proof.as_bytes()).map_err(|error| error.to_string())?;
    let checkpoint = &proof.checkpoint;
    checkpoint.verify_log(key).map_err(|error| error.to_string())?;
    if proof.index != position {
        return Err(format!("the proof is of entry {}, not of {position}", proof.index));
    }
    let leaf = leaf_hash(answer.entry.as_bytes());
    verify_inclusion(&leaf, proof.index, checkpoint.size(), &proof.hashes, &checkpoint.root())
        .map_err(|error| format!("entry {position}: {error}"))?;
    Ok((checkpoint.origin().to_owned(), checkpoint.size()))
}

fn says(entry: &Entry, on: &On) -> bool {
    let link = match on {
        On::Opening { developer } => {
            return matches!(&entry.event, Event::SessionOpened(opened) if opened.developer.to_string() == *developer);
        }
        On::Link(link) => link,
    };
    let call = match &entry.event {
        Event::CallReserved(event) => Some(event.call),
        Event::CallSettled(event) => Some(event.call),
        _ => None,
    };
    match link.kind.parse::<ArtifactKind>() {
        Ok(ArtifactKind::Request) => entry.request.is_some_and(|request| request.to_string() == link.value),
        Ok(kind) => named_by(&entry.event, entry.request).iter().any(|(of, name)| *of == kind && *name == link.value),
        Err(_) if link.kind == "call" => call.is_some_and(|call| call.to_string() == link.value),
        // A session's id, alone or in a name: the entry is about that session, which was seen already.
        Err(_) => true,
    }
}

fn said(error: ClientError) -> String {
    match error.is_not_found() {
        true => "the control plane gives no proof of it".to_owned(),
        false => CommandError::from(error).to_string().trim_start_matches("error: ").to_owned(),
    }
}

// === impl Checked ===

impl Checked {
    /// As `--json` prints it.
    pub(super) fn to_json(&self) -> Value {
        let size = self.outcome.as_ref().ok().map(|proven| proven.size);
        json!({
            "position": self.position,
            "outcome": self.word(),
            "text": self.text(),
            "checkpoint_size": size,
        })
    }

    /// What was checked and does not hold.
    pub(super) fn failure(&self) -> Option<&str> {
        match &self.outcome {
            Err(Unproven::Failed(why)) => Some(why),
            _ => None,
        }
    }

    const fn word(&self) -> &'static str {
        match &self.outcome {
            Ok(_) => "proven",
            Err(Unproven::Unchecked(_)) => "unchecked",
            Err(Unproven::Failed(_)) => "failed",
        }
    }

    fn text(&self) -> String {
        let position = self.position;
        match &self.outcome {
            Ok(proven) => format!(
                "entry {position} ({}) is in the log {} of {} entries",
                proven.entry_type, proven.origin, proven.size
            ),
            Err(Unproven::Unchecked(why)) => format!("entry {position} was not checked: {why}"),
            Err(Unproven::Failed(why)) => format!("entry {position} is not proven: {why}"),
        }
    }
}
