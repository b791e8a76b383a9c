//! Where requests are decided: one at a time for each log, and on disk before anybody hears of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::{Digest, Time};
use ledger::VerifierKey;
use ledger::fork::{Evidence, Split};
use ledger::witness::{
    AddCheckpoint, Answer, CONFLICT_CONTENT_TYPE, KnownLogs, Latest, Refusal, conflict_body, consider,
};

use super::WitnessError;
use super::folder::{Folder, Strength};
use crate::seam::Clock;

/// What an answer without a content type of its own has.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Decides about requests. Everything here blocks.
pub(super) struct Desk {
    folder: Folder,
    logs: KnownLogs,
    /// Whose turn it is, by origin: who holds it reads, decides and writes.
    turns: BTreeMap<String, Mutex<()>>,
    clock: Clock,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Desk {
    /// Checks what is remembered of each log.
    pub(super) fn open(folder: Folder, logs: KnownLogs, clock: Clock) -> Result<Self, WitnessError> {
        let origins: Vec<String> = logs.origins().map(str::to_owned).collect();
        for origin in &origins {
            let damaged = |error| WitnessError::Folder { path: folder.path_of(origin), error };
            let latest = folder.latest(origin).map_err(damaged)?;
            let size = latest.map(|latest| latest.checkpoint.size());
            tracing::info!(origin, ?size, "this witness cosigns for a log");
        }
        let turns = origins.into_iter().map(|origin| (origin, Mutex::new(()))).collect();
        Ok(Self { folder, logs, turns, clock })
    }

    /// The key that cosignatures are verified with.
    pub(super) fn key(&self) -> &VerifierKey {
        self.folder.key()
    }

    /// Answers `add-checkpoint`.
    pub(super) fn add(&self, body: &[u8]) -> Reply {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(error) => return Reply::new(400, format!("{error}\n")),
        };
        let origin = request.checkpoint.origin().to_owned();
        let Some(turn) = self.turns.get(&origin) else {
            return Reply::new(404, format!("{}\n", Refusal::UnknownLog(origin)));
        };
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        // The disk is asked each time: after a write that failed half-way it alone knows how far that came.
        let latest = match self.folder.latest(&origin) {
            Ok(latest) => latest,
            Err(error) => return self.broken(&origin, &error),
        };
        let now = self.clock.now();
        match consider(latest.as_ref(), &self.logs, &request, seconds(now)) {
            Answer::Accept(next) => self.accept(&origin, latest.as_ref(), &next, now),
            Answer::Refuse(refusal) => self.refuse(latest.as_ref(), &request, &refusal),
        }
    }

    /// The latest checkpoint of the log whose origin has this digest.
    pub(super) fn show(&self, hash: &str) -> Reply {
        let origin = self.turns.keys().find(|origin| Digest::of(origin.as_bytes()).to_string() == hash);
        let Some(origin) = origin else { return Reply::new(404, "no such log is known to this witness\n".to_owned()) };
        match self.folder.note(origin) {
            Ok(Some(note)) => Reply::new(200, note),
            Ok(None) => Reply::new(404, "nothing of this log was cosigned yet\n".to_owned()),
            Err(error) => self.broken(origin, &error),
        }
    }

    fn accept(&self, origin: &str, latest: Option<&Latest>, next: &Latest, now: Time) -> Reply {
        if next.time_s > seconds(now) {
            tracing::warn!(origin, "this witness's clock went back: the time of the last cosignature is used again");
        }
        match self.folder.replace(next) {
            Ok(cosignature) => {
                let (old, size) = (latest.map_or(0, |latest| latest.checkpoint.size()), next.checkpoint.size());
                tracing::debug!(origin, old, size, "cosigned");
                Reply::new(200, cosignature)
            }
            Err(error) => self.broken(origin, &error),
        }
    }

    fn refuse(&self, latest: Option<&Latest>, request: &AddCheckpoint, refusal: &Refusal) -> Reply {
        match (refusal.evidence(), latest, refusal) {
            (Some(evidence), ..) => self.fork(evidence),
            (None, Some(latest), Refusal::Proof(error)) => self.unproven(latest, request, error),
            _ => tracing::info!(origin = request.checkpoint.origin(), %refusal, "refused to cosign"),
        }
        match refusal {
            Refusal::Conflict { latest, .. } => {
                Reply { status: refusal.status(), content_type: CONFLICT_CONTENT_TYPE, body: conflict_body(*latest) }
            }
            _ => Reply::new(refusal.status(), format!("{refusal}\n")),
        }
    }

    /// The log has signed two checkpoints of one size: what a witness is there to find.
    fn fork(&self, evidence: &Evidence) {
        let origin = evidence.first.origin();
        let text = format!(
            "THE LOG {origin} HAS FORKED: its key signed both checkpoints below, and they cannot both be true.\n\
             Show this file to everybody who relies on the log; its public key is all they need to check it.\n\n{evidence}"
        );
        self.keep(Strength::Fork, origin, &pair(evidence), &text);
        let size = evidence.first.size();
        tracing::error!(
            origin,
            size,
            "THE LOG HAS FORKED: it signed two roots for one size; see the folder `evidence`"
        );
    }

    /// Both are signed by the log, and nothing shows that the later one grew from the earlier.
    fn unproven(&self, latest: &Latest, request: &AddCheckpoint, error: &ledger::ProofError) {
        let origin = request.checkpoint.origin();
        let split = Split::Inconsistent { error: error.clone(), proof: request.proof.clone() };
        let evidence = Evidence { first: latest.checkpoint.clone(), second: request.checkpoint.clone(), split };
        let proof: String = request.proof.iter().map(|hash| format!("{hash}\n")).collect();
        let (old, new) = (evidence.first.size(), evidence.second.size());
        let text = format!(
            "The log {origin} signed both checkpoints below, and the proof that came with the second one fails.\n\
             Anybody can send a wrong proof, so ask the log for one from size {old} to size {new}: if it has none, the\n\
             log has been rewritten.\n\n{evidence}\nproof that was sent, in hexadecimal:\n\n{proof}"
        );
        self.keep(Strength::Unproven, origin, &pair(&evidence), &text);
        tracing::error!(origin, old, new, %error, "a signed checkpoint was shown that is not proved to continue the log");
    }

    fn keep(&self, strength: Strength, origin: &str, about: &str, text: &str) {
        match self.folder.keep(strength, about, text) {
            Ok(Some(path)) => tracing::error!(origin, path = %path.display(), "evidence was kept"),
            Ok(None) => {}
            Err(error) => tracing::error!(origin, %error, "evidence could not be kept; it follows\n{text}"),
        }
    }

    fn broken(&self, origin: &str, error: &std::io::Error) -> Reply {
        let path = self.folder.path_of(origin);
        tracing::error!(origin, path = %path.display(), %error, "this witness cannot remember, so it does not cosign");
        Reply::new(500, "this witness cannot use its disk, so it does not cosign\n".to_owned())
    }
}

impl Reply {
    pub(super) fn new(status: u16, body: String) -> Self {
        Self { status, content_type: PLAIN, body }
    }
}

/// What a pair of checkpoints states, without signatures and proofs: there may be many of those for one pair.
fn pair(evidence: &Evidence) -> String {
    format!("{}{}", evidence.first.note().text(), evidence.second.note().text())
}

/// Zero, which is no time of a cosignature, before the epoch.
fn seconds(now: Time) -> u64 {
    u64::try_from(now.unix_seconds()).unwrap_or(0)
}
