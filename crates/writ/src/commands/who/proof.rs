//! Checking what an answer rests on: that the entry is in the log, by an inclusion proof under the log's signed checkpoint,
//! and that it says what the control plane says it says. A control plane that lies is found out here.

use domain::artifact::named_by;
use domain::{ArtifactKind, Event, Resource};
use ledger::{Entry, TlogProof, leaf_hash, verify_inclusion};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Found, Link, Told};
use crate::client::{Client, ClientError};
use crate::command_error::CommandError;
use crate::credentials::Home;
use crate::limits::{PROOF_ATTEMPTS, PROOF_PAUSE, PROOF_ROUNDS};
use crate::memory::{Seen, Watch};

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

/// What became of checking an answer.
pub(super) struct Checks {
    /// Each entry that the answer rests on.
    pub(super) entries: Vec<Checked>,
    /// The log itself is not what it was: nothing that it proves counts.
    pub(super) alarm: Option<CommandError>,
}

/// Checks the entry that links the thing to the session, and the one that names the human, against a checkpoint that
/// continues everything this machine has seen of the log.
pub(super) async fn check_all(client: &Client, home: &Home, found: &Found) -> Result<Checks, CommandError> {
    let told = found.told()?;
    let Some(session) = &told.session else { return Ok(Checks { entries: Vec::new(), alarm: None }) };
    let rests = rests(&told);
    let watch = Watch::new(home, client.address(), None)?;
    let (answers, seen) = match together(client, &watch, &rests).await {
        Ok(both) => both,
        Err(alarm) => {
            let why = alarm.to_string();
            let failed =
                |rests: &Rests| Checked { position: rests.position, outcome: Err(Unproven::Failed(why.clone())) };
            return Ok(Checks { entries: rests.iter().map(failed).collect(), alarm: Some(alarm) });
        }
    };
    let check = |(rests, answer): (&Rests, Result<Answer, String>)| {
        let outcome = match (&seen, answer) {
            (None, _) => Err(Unproven::Unchecked("the control plane publishes no checkpoint".to_owned())),
            (Some(_), Err(why)) => Err(Unproven::Unchecked(why)),
            (Some(seen), Ok(answer)) => check(&answer, seen, &session.id, rests),
        };
        Checked { position: rests.position, outcome }
    };
    Ok(Checks { entries: rests.iter().zip(answers).map(check).collect(), alarm: None })
}

/// The proofs, and the checkpoint that they are under, seen by this machine's memory. A busy log may publish the next one
/// between two requests: then all are asked for again.
async fn together(
    client: &Client,
    watch: &Watch,
    rests: &[Rests],
) -> Result<(Vec<Result<Answer, String>>, Option<Seen>), CommandError> {
    let mut last = (Vec::new(), None);
    for _ in 0..PROOF_ROUNDS {
        let mut answers = Vec::new();
        for rests in rests {
            answers.push(fetch(client, rests.position).await.map_err(said));
        }
        let seen = watch.check(client).await?;
        let size = seen.as_ref().map(|seen| seen.checkpoint.size());
        let is_same = answers.iter().flatten().all(|answer| answer.size().is_none_or(|of| Some(of) == size));
        last = (answers, seen);
        if is_same {
            break;
        }
    }
    Ok(last)
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

fn check(answer: &Answer, seen: &Seen, session: &str, rests: &Rests) -> Result<Proven, Unproven> {
    let (origin, size) = included(answer, seen, rests.position)?;
    let entry = ledger::decode(answer.entry.as_bytes()).map_err(|error| Unproven::Unchecked(error.to_string()))?;
    if entry.event.session().map(|id| id.to_string()).as_deref() != Some(session) {
        return Err(Unproven::Failed(format!("entry {} is not about {session}", rests.position)));
    }
    if !says(&entry, rests) {
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
fn included(answer: &Answer, seen: &Seen, position: u64) -> Result<(String, u64), Unproven> {
    let proof = TlogProof::parse(answer.proof.as_bytes()).map_err(|error| Unproven::Failed(error.to_string()))?;
    let checkpoint = &proof.checkpoint;
    checkpoint.verify_log(&seen.key).map_err(|error| Unproven::Failed(error.to_string()))?;
    if proof.index != position {
        return Err(Unproven::Failed(format!("the proof is of entry {}, not of {position}", proof.index)));
    }
    if checkpoint.size() != seen.checkpoint.size() {
        return Err(Unproven::Unchecked("the log grew faster than it could be asked".to_owned()));
    }
    // Under the root that this machine saw, whatever the proof's own checkpoint says.
    verify_inclusion(
        &leaf_hash(answer.entry.as_bytes()),
        proof.index,
        seen.checkpoint.size(),
        &proof.hashes,
        &seen.checkpoint.root(),
    )
    .map_err(|error| Unproven::Failed(format!("entry {position}: {error}")))?;
    Ok((checkpoint.origin().to_owned(), checkpoint.size()))
}

fn says(entry: &Entry, rests: &Rests) -> bool {
    let link = match &rests.on {
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
        // A fencing token is the position of the grant.
        Ok(ArtifactKind::LockToken) => {
            matches!(entry.event, Event::LockGranted(_)) && link.value == format!("lock:{}", rests.position)
        }
        Ok(ArtifactKind::Request) => entry.request.is_some_and(|request| request.to_string() == link.value),
        Ok(kind) => named_by(&entry.event, entry.request).iter().any(|(of, name)| *of == kind && *name == link.value),
        Err(_) if link.kind == "call" => call.is_some_and(|call| call.to_string() == link.value),
        Err(_) if link.kind == "ticket" => {
            matches!(&entry.event, Event::LockGranted(granted) if granted.ticket.to_string() == link.value)
        }
        Err(_) if link.kind == "resource" => is_about(&entry.event, &link.value),
        // A session's id, alone or in a name: the entry is about that session, which was seen already.
        Err(_) => true,
    }
}

/// Whether a session held or changed a resource in it, something in that, or what contains it.
fn is_about(event: &Event, resource: &str) -> bool {
    let Ok(resource) = resource.parse::<Resource>() else { return false };
    match event {
        Event::LockGranted(granted) => granted.wants.iter().any(|want| want.resource.overlaps(&resource)),
        Event::ResourceWritten(written) => written.change.resource.overlaps(&resource),
        _ => false,
    }
}

fn said(error: ClientError) -> String {
    match error.is_not_found() {
        true => "the control plane gives no proof of it".to_owned(),
        false => CommandError::from(error).to_string().trim_start_matches("error: ").to_owned(),
    }
}

// === impl Answer ===

impl Answer {
    /// The size of the log under whose checkpoint the proof is; none when it cannot be read.
    fn size(&self) -> Option<u64> {
        TlogProof::parse(self.proof.as_bytes()).ok().map(|proof| proof.checkpoint.size())
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
