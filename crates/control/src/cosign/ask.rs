//! One witness, asked about one checkpoint.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use domain::Digest;
use gateway::{Outbound, OutboundError};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, Uri};
use ledger::fork::{Evidence, Split};
use ledger::witness::{AddCheckpoint, parse_conflict, parse_cosignatures};
use ledger::{ProofError, Signature, SignedCheckpoint, VerifierKey, verify_consistency};

use super::Member;
use crate::limits::WITNESS_ANSWER_MAX;

/// What is asked, and of whom.
pub(super) struct Question<F> {
    pub(super) member: Arc<Member>,
    pub(super) log: VerifierKey,
    pub(super) checkpoint: SignedCheckpoint,
    pub(super) proofs: F,
    pub(super) outbound: Outbound,
}

/// Verified cosignatures, and the time the first one states, in seconds since the epoch.
pub(super) struct Answered {
    pub(super) signatures: Vec<Signature>,
    pub(super) time_s: u64,
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub(super) enum Silence {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("its answer is of no use: {0}")]
    Answer(#[from] ledger::witness::ResponseError),
    #[error("it answered {0}")]
    Status(u16),
    #[error("it does not know this log: start it with `--log` and this log's key")]
    UnknownLog,
    #[error("it does not know this log's key, or found its signature false")]
    Key,
    #[error("it asked twice for a proof from another size")]
    Fickle,
    #[error("no consistency proof can be made for it: {0}")]
    Proofs(String),
    #[error("it says {0}, and shows no checkpoint of this log that says so: its word is ignored")]
    Unfounded(&'static str),
    #[error("it has seen size {0} of this log already, which is further than this checkpoint")]
    Further(u64),
    #[error("IT HAS SEEN ANOTHER HISTORY OF THIS LOG: {}", .0.split)]
    Fork(Box<Evidence>),
}

impl Silence {
    /// The sentence, and the proof that goes with it.
    pub(super) fn parts(self) -> (String, Option<Box<Evidence>>) {
        let reason = self.to_string();
        let evidence = if let Self::Fork(evidence) = self { Some(evidence) } else { None };
        (reason, evidence)
    }
}

const FORKED: &str = "that this log does not continue what it has seen";
const AHEAD: &str = "that it has seen a longer log";

impl<F, P> Question<F>
where
    F: Fn(u64, u64) -> P + Send + Sync,
    P: Future<Output = Result<Option<Vec<Digest>>, String>> + Send,
{
    /// Asks from the size that is remembered, and once more from the size that the witness says.
    pub(super) async fn ask(&self) -> Result<Answered, Silence> {
        let size = self.checkpoint.size();
        let remembered = self.member.size();
        let answer = self.submit(if remembered <= size { remembered } else { 0 }).await?;
        if answer.status().as_u16() != 409 {
            return self.read(answer).await;
        }
        match parse_conflict(answer.body())? {
            latest if latest > size => Err(self.investigate(AHEAD).await),
            latest => self.read(self.submit(latest).await?).await,
        }
    }

    async fn read(&self, answer: Response<Bytes>) -> Result<Answered, Silence> {
        match answer.status().as_u16() {
            200 => self.cosignatures(answer.body()),
            403 => Err(Silence::Key),
            404 => Err(Silence::UnknownLog),
            409 => Err(Silence::Fickle),
            422 => Err(self.investigate(FORKED).await),
            status => Err(Silence::Status(status)),
        }
    }

    fn cosignatures(&self, body: &[u8]) -> Result<Answered, Silence> {
        let key = &self.member.witness.key;
        let signatures = parse_cosignatures(body, &self.checkpoint, [key])?;
        // Verified just now: a cosignature begins with its time, 8 bytes big-endian (tlog-cosignature).
        let time = signatures.first().and_then(|signature| signature.bytes().first_chunk::<8>());
        let time_s = time.map_or(0, |time| u64::from_be_bytes(*time));
        Ok(Answered { signatures, time_s })
    }

    async fn submit(&self, old_size: u64) -> Result<Response<Bytes>, Silence> {
        let proof = self.proof(old_size, self.checkpoint.size()).await?.unwrap_or_default();
        let request = AddCheckpoint { old_size, proof, checkpoint: self.checkpoint.clone() };
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))]);
        let url = self.url("/add-checkpoint")?;
        Ok(self.outbound.post(&url, headers, request.to_string().into(), WITNESS_ANSWER_MAX).await?)
    }

    /// A witness's refusal is a grave claim, so it has to show the checkpoint that it rests on.
    async fn investigate(&self, claim: &'static str) -> Silence {
        match self.latest_of_witness().await {
            Ok(Some(seen)) => self.compare(seen, claim).await,
            Ok(None) => Silence::Unfounded(claim),
            Err(silence) => silence,
        }
    }

    /// The checkpoint that the witness holds, if this log signed it.
    async fn latest_of_witness(&self) -> Result<Option<SignedCheckpoint>, Silence> {
        let url = self.url(&format!("/{}/checkpoint", Digest::of(self.log.name().as_bytes())))?;
        let answer = self.outbound.get(&url, HeaderMap::new(), WITNESS_ANSWER_MAX).await?;
        Ok(SignedCheckpoint::open(answer.body(), &self.log).ok().filter(|_| answer.status().as_u16() == 200))
    }

    async fn compare(&self, seen: SignedCheckpoint, claim: &'static str) -> Silence {
        let ours = &self.checkpoint;
        let (old, new) = if seen.size() <= ours.size() { (&seen, ours) } else { (ours, &seen) };
        let error = match self.proof(old.size(), new.size()).await {
            Err(silence) => return silence,
            // Entries that this log once signed are not there any more.
            Ok(None) => (ProofError::Backwards { old: new.size(), new: old.size() }, Vec::new()),
            Ok(Some(proof)) => match verify_consistency(old.size(), &old.root(), new.size(), &new.root(), &proof) {
                Err(error) => (error, proof),
                Ok(()) if seen.size() > ours.size() => return Silence::Further(seen.size()),
                Ok(()) => return Silence::Unfounded(claim),
            },
        };
        let split = match error {
            _ if seen.size() == ours.size() => Split::SameSize,
            (error, proof) => Split::Inconsistent { error, proof },
        };
        Silence::Fork(Box::new(Evidence { first: seen, second: ours.clone(), split }))
    }

    async fn proof(&self, old: u64, new: u64) -> Result<Option<Vec<Digest>>, Silence> {
        if old == 0 || old == new {
            return Ok(Some(Vec::new()));
        }
        (self.proofs)(old, new).await.map_err(Silence::Proofs)
    }

    fn url(&self, path: &str) -> Result<Uri, Silence> {
        let base = self.member.base.as_deref().unwrap_or_default();
        format!("{base}{path}").parse().map_err(|_| OutboundError::Address("is not a URL").into())
    }
}
