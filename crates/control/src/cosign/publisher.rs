//! Publishes what the notary signs, with the cosignatures of its witnesses.
//!
//! One task: it takes the newest signed checkpoint, asks, and publishes. While the quorum is missed it asks again on its
//! own, and what its owner chose holds: to publish all the same, saying so, or to publish nothing new.

use std::sync::{Arc, Mutex, PoisonError};

use domain::Time;
use gateway::Outbound;
use ledger::{SignedCheckpoint, TrustPolicy};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{Missing, PolicyUnusable, Skew, WitnessAlarm, Witnesses};
use crate::limits::WITNESS_PAUSE_MAX;
use crate::notary::Notary;
use crate::operations::proof;
use crate::seam::Clock;

/// The one that publishes, where there is a trust policy.
pub struct Publisher {
    notary: Arc<Notary>,
    store: Store,
    clock: Arc<Clock>,
    witnesses: Witnesses,
    publishes_without_quorum: bool,
    standing: Mutex<Standing>,
}

/// How the newest checkpoint stands with the witnesses.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Size of the newest checkpoint that was signed and asked about; none before the first.
    pub signed_size: Option<u64>,
    /// Whether its cosignatures suffice by the policy.
    pub met: bool,
    /// Who did not cosign it, and why.
    pub missing: Vec<Missing>,
    /// Whose clock disagrees with ours.
    pub skewed: Vec<Skew>,
    /// A witness that holds another history of this log; stays until that witness cosigns again.
    pub alarm: Option<WitnessAlarm>,
}

impl Publisher {
    /// A publisher for this notary.
    ///
    /// # Errors
    /// The policy is not for this log, or names an address that cannot be used.
    pub(crate) fn new(
        notary: Arc<Notary>,
        store: Store,
        clock: Arc<Clock>,
        policy: TrustPolicy,
        outbound: Outbound,
        publishes_without_quorum: bool,
    ) -> Result<Self, PolicyUnusable> {
        let witnesses = Witnesses::new(policy, notary.verifier_key().clone(), outbound)?;
        let standing = Mutex::default();
        Ok(Self { notary, store, clock, witnesses, publishes_without_quorum, standing })
    }

    /// How the newest checkpoint stands with the witnesses.
    pub fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the witnesses about a checkpoint and publishes it, if that may be.
    async fn publish(&self, checkpoint: &SignedCheckpoint) {
        let now: Time = self.clock.now();
        let store = self.store.clone();
        let proofs = move |old, new| prove(store.clone(), old, new);
        let mut cosigning = self.witnesses.cosign(checkpoint, proofs, now).await;
        if !cosigning.missing.is_empty() {
            self.keep_published(&mut cosigning.note).await;
            cosigning.met = self.witnesses.is_met(&cosigning.note);
        }
        let (met, note) = (cosigning.met, cosigning.note);
        let standing = Standing {
            signed_size: Some(checkpoint.size()),
            met,
            missing: cosigning.missing,
            skewed: cosigning.skewed,
            alarm: cosigning.alarm,
        };
        self.tell(standing);
        if (met || self.publishes_without_quorum)
            && let Err(error) = self.notary.publish(&note).await
        {
            tracing::warn!(%error, "a checkpoint was not published; the next one will be");
        }
    }

    /// A checkpoint that is published already keeps its cosignatures, whoever may be away now.
    async fn keep_published(&self, note: &mut SignedCheckpoint) {
        let Ok(Some(published)) = self.notary.published().await else { return };
        if published.note().text() != note.note().text() {
            return;
        }
        for signature in published.note().signatures() {
            let is_newer = |one: &ledger::Signature| one.name() == signature.name() && one.id() == signature.id();
            if !note.note().signatures().iter().any(is_newer) {
                // Too many for a note: then these are the ones left out.
                let _ = note.push(signature.clone());
            }
        }
    }

    /// Remembers how it stands, and logs what is new about that.
    fn tell(&self, mut fresh: Standing) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missing = |name: &str| fresh.missing.iter().any(|missing| missing.witness == name);
        if fresh.alarm.is_none() {
            fresh.alarm = standing.alarm.clone().filter(|alarm| is_missing(&alarm.witness));
        }
        if let Some(WitnessAlarm { witness, evidence }) = fresh.alarm.as_ref()
            && standing.alarm != fresh.alarm
        {
            tracing::error!(witness, "A WITNESS HOLDS ANOTHER HISTORY OF THIS LOG: {evidence}");
        }
        let told = |one: &Standing| (one.met, one.missing.clone());
        if standing.signed_size.is_none() || told(&standing) != told(&fresh) {
            let missing: Vec<_> = fresh.missing.iter().map(|one| format!("{}: {}", one.witness, one.reason)).collect();
            let missing = missing.join("; ");
            match fresh.met {
                true => tracing::info!(missing, "the quorum of witnesses is met"),
                false => tracing::warn!(missing, "the quorum of witnesses is missed"),
            }
        }
        for Skew { witness, ahead_s } in fresh.skewed.iter().filter(|_| standing.skewed.is_empty()) {
            tracing::warn!(witness, ahead_s, "a witness's clock and this server's disagree");
        }
        *standing = fresh;
    }

    /// Whether there is nothing to ask again about.
    fn is_content(&self) -> bool {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.signed_size.is_none() || (standing.met && standing.missing.is_empty())
    }
}

/// A consistency proof from the store; none when it has fewer entries than the larger size.
async fn prove(store: Store, old: u64, new: u64) -> Result<Option<Vec<domain::Digest>>, String> {
    let size = store.next_position().await.map_err(|error| error.to_string())?;
    if new > size {
        return Ok(None);
    }
    proof::consistency(&store, old, new).await.map(Some).map_err(|error| error.to_string())
}

/// Publishes until `stop`, and what was signed last once more then.
pub(crate) async fn run(publisher: Arc<Publisher>, stop: CancellationToken) {
    let mut signed = publisher.notary.watch();
    let mut stopping = false;
    while !stopping {
        tokio::select! {
            () = stop.cancelled() => stopping = true,
            // The notary lives as long as its publisher.
            _ = signed.changed() => {}
            () = tokio::time::sleep(WITNESS_PAUSE_MAX), if !publisher.is_content() => {}
        }
        if stopping && !signed.has_changed().unwrap_or(false) {
            return;
        }
        let checkpoint = signed.borrow_and_update().clone();
        if let Some(checkpoint) = checkpoint {
            publisher.publish(&checkpoint).await;
        }
    }
}
