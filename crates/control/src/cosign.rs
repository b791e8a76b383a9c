//! Asks the witnesses of a trust policy to cosign a checkpoint (C2SP tlog-witness, the log's side).
//!
//! All are asked at once, each within a bounded time. What a witness says is checked before it counts: a cosignature
//! against the witness's key, and the claim that the log has forked against the checkpoint it was shown before. A witness
//! that is down, slow or lying is named, and is asked less often until it is in order again.

mod ask;
mod publisher;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Digest, Time};
use gateway::{Outbound, OutboundError};
use http::Uri;
use ledger::fork::Evidence;
use ledger::{SignedCheckpoint, TrustPolicy, TrustedWitness, VerifierKey};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::limits::{WITNESS_ASK_MAX, WITNESS_GRACE, WITNESS_PAUSE_MAX, WITNESS_PAUSE_MIN, WITNESS_SKEW_MAX};
use ask::{Answered, Silence};
pub(crate) use publisher::run;
pub use publisher::{Publisher, Standing};

/// The witnesses of a trust policy, with what is known of each: how far it has come, and when to ask it again.
pub struct Witnesses {
    policy: TrustPolicy,
    log: VerifierKey,
    members: Vec<Arc<Member>>,
    outbound: Outbound,
}

/// What came of asking for cosignatures.
#[derive(Debug, Clone)]
pub struct Cosigning {
    /// The checkpoint with the cosignatures that came, each verified.
    pub note: SignedCheckpoint,
    /// Whether they suffice by the policy.
    pub met: bool,
    /// Who did not cosign, and why.
    pub missing: Vec<Missing>,
    /// A witness holds a checkpoint that this log signed and that contradicts the one given: this log has been
    /// rewritten, restored from a backup, or runs twice. Never to be passed over in silence.
    pub alarm: Option<WitnessAlarm>,
    /// Witnesses whose clocks disagree with ours by more than [`WITNESS_SKEW_MAX`].
    pub skewed: Vec<Skew>,
}

/// A witness that did not cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name in the policy.
    pub witness: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// What a witness proved against this log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAlarm {
    /// Its name in the policy.
    pub witness: String,
    /// The checkpoint it holds, and ours.
    pub evidence: Box<Evidence>,
}

/// A disagreement about the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    /// The witness's name in the policy.
    pub witness: String,
    /// Seconds by which its clock is ahead of ours; negative when it is behind.
    pub ahead_s: i64,
}

/// Why witnesses cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyUnusable {
    /// The policy is for other logs.
    #[error("it does not name this log: add the line `log {0}`")]
    OtherLog(Box<VerifierKey>),
    /// A witness's address is not one that writ sends to.
    #[error("the address of witness `{witness}`: {problem}")]
    Address {
        /// Its name.
        witness: String,
        /// What is wrong.
        problem: String,
    },
}

/// One witness.
struct Member {
    witness: TrustedWitness,
    /// The address that `/add-checkpoint` is appended to; none when the policy has none.
    base: Option<String>,
    memory: Mutex<Memory>,
}

/// What is remembered of a witness. Lost at a restart, which costs one request.
#[derive(Debug, Default)]
struct Memory {
    /// The size of the last checkpoint it cosigned.
    size: Option<u64>,
    /// When to ask again, after a failure, what to say until then, and the pause that was made.
    rest: Option<(Instant, Duration, String)>,
}

impl Witnesses {
    /// The witnesses that a policy names for a log.
    ///
    /// # Errors
    /// The policy does not name the log's key, or an address cannot be used.
    pub fn new(policy: TrustPolicy, log: VerifierKey, outbound: Outbound) -> Result<Self, PolicyUnusable> {
        if !policy.logs().iter().any(|trusted| trusted.key == log) {
            return Err(PolicyUnusable::OtherLog(Box::new(log)));
        }
        let members = policy.witnesses().iter().map(|witness| Member::new(witness).map(Arc::new));
        let members = members.collect::<Result<_, _>>()?;
        Ok(Self { policy, log, members, outbound })
    }

    /// Checks the addresses of a policy's witnesses, for whoever reads a policy before there is a log.
    ///
    /// # Errors
    /// An address cannot be used.
    pub fn check(policy: &TrustPolicy) -> Result<(), PolicyUnusable> {
        policy.witnesses().iter().try_for_each(|witness| Member::new(witness).map(drop))
    }

    /// The policy they are from.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Asks all witnesses to cosign a checkpoint of the log, and returns within a bounded time.
    ///
    /// `proofs` gives the consistency proof between two sizes, the smaller first; `None` says that the log has fewer
    /// entries than the larger size. `now` is compared with the times in the cosignatures.
    pub async fn cosign<F, P>(&self, checkpoint: &SignedCheckpoint, proofs: F, now: Time) -> Cosigning
    where
        F: Fn(u64, u64) -> P + Clone + Send + Sync + 'static,
        P: Future<Output = Result<Option<Vec<Digest>>, String>> + Send + 'static,
    {
        let mut asked = JoinSet::new();
        let mut cosigning = Cosigning::of(checkpoint.clone());
        let mut waiting: Vec<Arc<Member>> = Vec::new();
        for member in &self.members {
            if let Err(reason) = member.may_be_asked(Instant::now()) {
                cosigning.miss(member, reason);
                continue;
            }
            waiting.push(Arc::clone(member));
            let question = ask::Question {
                member: Arc::clone(member),
                log: self.log.clone(),
                checkpoint: checkpoint.clone(),
                proofs: proofs.clone(),
                outbound: self.outbound.clone(),
            };
            asked.spawn(async move { (Arc::clone(&question.member), question.ask().await) });
        }
        let mut until = Instant::now() + WITNESS_ASK_MAX;
        cosigning.met = self.is_met(&cosigning.note);
        while !waiting.is_empty() {
            let Ok(Some(answered)) = tokio::time::timeout_at(until, asked.join_next()).await else { break };
            // A question that panicked stays among those waited for.
            let Ok((member, answer)) = answered else { continue };
            waiting.retain(|one| !Arc::ptr_eq(one, &member));
            cosigning.take(&member, answer, now);
            if !cosigning.met && self.is_met(&cosigning.note) {
                cosigning.met = true;
                until = until.min(Instant::now() + WITNESS_GRACE);
            }
        }
        for member in waiting {
            member.failed("gave no answer in time");
            cosigning.miss(&member, "gave no answer in time".to_owned());
        }
        cosigning
    }

    fn is_met(&self, note: &SignedCheckpoint) -> bool {
        self.policy.evaluate(note).is_ok_and(|evaluation| evaluation.quorum_met)
    }
}

impl Cosigning {
    fn of(note: SignedCheckpoint) -> Self {
        Self { note, met: false, missing: Vec::new(), alarm: None, skewed: Vec::new() }
    }

    fn miss(&mut self, member: &Member, reason: String) {
        self.missing.push(Missing { witness: member.witness.name.clone(), reason });
    }

    fn take(&mut self, member: &Member, answer: Result<Answered, Silence>, now: Time) {
        match answer {
            Ok(Answered { signatures, time_s }) => {
                let pushed = signatures.into_iter().try_for_each(|signature| self.note.push(signature));
                if let Err(error) = pushed {
                    return self.miss(member, error.to_string());
                }
                member.succeeded(self.note.size());
                let ahead_s = i64::try_from(time_s).unwrap_or(i64::MAX).saturating_sub(now.unix_seconds());
                if ahead_s.unsigned_abs() > WITNESS_SKEW_MAX.as_secs() {
                    self.skewed.push(Skew { witness: member.witness.name.clone(), ahead_s });
                }
            }
            Err(silence) => {
                let (reason, evidence) = silence.parts();
                member.failed(&reason);
                self.miss(member, reason);
                if let (None, Some(evidence)) = (&self.alarm, evidence) {
                    self.alarm = Some(WitnessAlarm { witness: member.witness.name.clone(), evidence });
                }
            }
        }
    }
}

impl Member {
    fn new(witness: &TrustedWitness) -> Result<Self, PolicyUnusable> {
        let base = witness.url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        if let Some(base) = &base {
            let unusable = |problem: String| PolicyUnusable::Address { witness: witness.name.clone(), problem };
            let uri: Uri = base.parse().map_err(|_| unusable(format!("`{base}` is not a URL")))?;
            if uri.query().is_some() {
                return Err(unusable(format!("`{base}` has a query")));
            }
            Outbound::check(&uri).map_err(|error: OutboundError| unusable(error.to_string()))?;
        }
        Ok(Self { witness: witness.clone(), base, memory: Mutex::default() })
    }

    fn may_be_asked(&self, now: Instant) -> Result<(), String> {
        if self.base.is_none() {
            return Err("the policy gives no address for it".to_owned());
        }
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        match &memory.rest {
            Some((until, _, reason)) if now < *until => Err(reason.clone()),
            _ => Ok(()),
        }
    }

    fn size(&self) -> u64 {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).size.unwrap_or(0)
    }

    fn succeeded(&self, size: u64) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = Memory { size: Some(size), rest: None };
    }

    fn failed(&self, reason: &str) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = memory.rest.take().map_or(WITNESS_PAUSE_MIN, |(_, pause, _)| (pause * 2).min(WITNESS_PAUSE_MAX));
        memory.rest = Some((Instant::now() + pause, pause, reason.to_owned()));
    }
}

#[cfg(test)]
mod tests;
