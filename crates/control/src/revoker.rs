//! Ends credentials that are to be ended, however long that takes, and notes those whose time is up.
//!
//! What is due is in the log; what went wrong so far is in rows; so whichever process is left goes on. Live processes
//! share the work by the credentials' ids. A broker ends what is gone already without complaint, so that two processes
//! that both think a credential is theirs do no harm.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use brokers::broker::{BrokerError, Handle, Order, Revocation};
use domain::credential::{Cause, Finish, How, NoteStalled};
use domain::{BrokerKind, Command, CredentialId, Name, State, Time};
use store::Trouble;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::limits::{
    EXPIRIES_PER_LOOK_MAX, LEFTOVERS_KEPT, MINT_OVER_AFTER, PLUGIN_MINT_OVER_AFTER, REVOCATIONS_AT_A_TIME_MAX,
    REVOCATIONS_OF_ONE_BROKER_MAX, REVOKE_BACK_OFF_MAX, REVOKE_BACK_OFF_MIN, REVOKE_LOOK_EVERY, STALLED_AFTER_ATTEMPTS,
};
use crate::plane::ControlPlane;
use crate::scribe::{Failure, Proposal, Receipt};
use crate::text;
use crate::vending::{self, handle_name, order};

/// Runs until `stop`; what it was doing then is done again by the next start.
pub(crate) async fn run(plane: Arc<ControlPlane>, stop: CancellationToken) {
    let revoker = Arc::new(Revoker::new(plane));
    loop {
        revoker.look().await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = revoker.plane.vending.due.notified() => {}
            () = tokio::time::sleep(REVOKE_LOOK_EVERY) => {}
        }
    }
}

struct Revoker {
    plane: Arc<ControlPlane>,
    places: Arc<Semaphore>,
    work: Mutex<Work>,
}

/// The log's answer to a credential's end.
type Finishing = oneshot::Receiver<Result<Receipt, Failure>>;

#[derive(Default)]
struct Work {
    /// Whether the rows of earlier failures were read.
    is_loaded: bool,
    /// Being ended now, with their brokers.
    running: HashMap<CredentialId, Name>,
    /// What went wrong so far; one per due credential at most.
    troubles: HashMap<CredentialId, Trouble>,
}

impl Revoker {
    fn new(plane: Arc<ControlPlane>) -> Self {
        Self { plane, places: Arc::new(Semaphore::new(REVOCATIONS_AT_A_TIME_MAX)), work: Mutex::default() }
    }

    async fn look(self: &Arc<Self>) {
        self.load().await;
        self.expire().await;
        for (id, broker) in self.ready() {
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
            self.work().running.insert(id, broker);
            let this = Arc::clone(self);
            tokio::spawn(async move {
                this.end(id).await;
                this.work().running.remove(&id);
                drop(place);
                // There may be more than had a place.
                this.plane.vending.due.notify_one();
            });
        }
    }

    /// Reads what an earlier run, or another process, met.
    async fn load(&self) {
        if self.work().is_loaded {
            return;
        }
        match self.plane.store.revocation_troubles().await {
            Ok(troubles) => {
                let mut work = self.work();
                work.troubles = troubles.into_iter().collect();
                work.is_loaded = true;
            }
            Err(error) => tracing::warn!(%error, "earlier failures to revoke were not read"),
        }
    }

    /// Notes those whose time is up. Nothing has to be done at their targets, or what was to be done was tried for long.
    async fn expire(&self) {
        let now = self.plane.clock.now();
        let expired: Vec<CredentialId> = self.plane.view.read(|state| {
            let past = state.expiries.iter().take_while(|(at, _)| *at <= now);
            let noted = past.map(|(_, id)| *id).filter(|id| self.is_mine(state, *id) && !is_leftover(state, *id, now));
            noted.take(EXPIRIES_PER_LOOK_MAX).collect()
        });
        let proposed: Vec<_> = expired.iter().map(|id| self.finish(*id, How::Expired)).collect();
        for answer in proposed.into_iter().flatten() {
            // Refused when another process was quicker; when the log is away the next look tries again.
            let _ = answer.await;
        }
        let mut work = self.work();
        self.plane.view.read(|state| work.troubles.retain(|id, _| state.credentials.contains_key(id)));
    }

    /// On its way to the log; none when too much waits there, and then the next look tries again.
    fn finish(&self, credential: CredentialId, how: How) -> Option<Finishing> {
        self.plane.scribe.submit(Proposal::from(Command::FinishCredential(Finish { credential, how }))).ok()
    }

    /// What is due, this process's, not being ended and not waiting after a failure; a few of each broker at a time, so
    /// that one that does not answer keeps no other waiting.
    fn ready(&self) -> Vec<(CredentialId, Name)> {
        let now = self.plane.clock.now();
        let work = self.work();
        let mut of_broker: HashMap<Name, usize> = HashMap::new();
        work.running.values().for_each(|broker| *of_broker.entry(broker.clone()).or_default() += 1);
        self.plane.view.read(|state| {
            let mut ready = Vec::new();
            let past = state.expiries.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| id);
            let leftovers = past.filter(|id| is_leftover(state, **id, now) && !state.due.contains(*id));
            for id in state.due.iter().chain(leftovers) {
                let Some(credential) = state.credentials.get(id) else { continue };
                let waits = work.troubles.get(id).is_some_and(|trouble| trouble.next_at > now);
                let may_be_in_the_making = !credential.is_issued
                    && credential.due.is_none_or(|due| due.cause != Cause::NodeLost)
                    && now.since(credential.requested_at) < over_after(state, &credential.broker);
                if waits || may_be_in_the_making || work.running.contains_key(id) || !self.is_mine(state, *id) {
                    continue;
                }
                let running = of_broker.entry(credential.broker.clone()).or_default();
                if *running < REVOCATIONS_OF_ONE_BROKER_MAX {
                    *running += 1;
                    ready.push((*id, credential.broker.clone()));
                }
                if ready.len() >= REVOCATIONS_AT_A_TIME_MAX {
                    break;
                }
            }
            ready
        })
    }

    /// Live processes share the work; a process that is found lost leaves its part to the others.
    fn is_mine(&self, state: &State, id: CredentialId) -> bool {
        let nodes = state.nodes.len().max(1) as u128;
        let place = usize::try_from(id.as_u128() % nodes).unwrap_or_default();
        state.nodes.iter().nth(place).is_none_or(|node| *node == self.plane.node)
    }

    async fn end(&self, id: CredentialId) {
        let attempts = self.work().troubles.get(&id).map_or(0, |trouble| trouble.attempts) + 1;
        match self.try_to_end(id).await {
            Ok(Revocation::Dead) => {
                let is_due = self.plane.view.read(|state| state.due.contains(&id));
                let how = if is_due { How::Revoked { attempts } } else { How::Expired };
                if let Some(answer) = self.finish(id, how) {
                    let _ = answer.await;
                }
            }
            Ok(Revocation::Impossible) => {
                let expires_at = self.expires_at(id);
                let error = "nothing can end it before it expires".to_owned();
                self.note(id, Trouble { attempts, next_at: expires_at, error }).await;
            }
            Err(error) => self.failed(id, attempts, error).await,
        }
    }

    async fn failed(&self, id: CredentialId, attempts: u64, error: BrokerError) {
        let reason = text::first_chars(&error.text, domain::limits::REASON_CHARS_MAX);
        tracing::warn!(credential = %id, attempts, reason, "a credential could not be revoked, and is tried again");
        let pause = back_off(attempts).max(error.retry_after.unwrap_or_default());
        let next_at = self.plane.clock.now() + pause;
        self.note(id, Trouble { attempts, next_at, error: reason.clone() }).await;
        let is_hopeless = !error.may_pass;
        let is_stalled = self.plane.view.read(|state| state.credentials.get(&id).is_some_and(|one| one.is_stalled));
        if (is_hopeless || attempts >= STALLED_AFTER_ATTEMPTS) && !is_stalled {
            tracing::error!(credential = %id, attempts, reason, "a credential cannot be revoked: see `writ credential list --unrevoked`");
            let stalled = NoteStalled { credential: id, attempts, reason };
            let _ = self.plane.scribe.propose(Proposal::from(Command::NoteStalled(stalled))).await;
        }
    }

    async fn note(&self, id: CredentialId, trouble: Trouble) {
        if let Err(error) = self.plane.store.note_revocation_trouble(id, &trouble).await {
            tracing::debug!(%error, credential = %id, "a failure to revoke was not noted");
        }
        self.work().troubles.insert(id, trouble);
    }

    async fn try_to_end(&self, id: CredentialId) -> Result<Revocation, BrokerError> {
        let ours = |error: Error| BrokerError::away(error.to_string());
        let plane = &self.plane;
        let row = plane.store.credential(id).await.map_err(|error| ours(error.into()))?;
        let Some(row) = row else { return Ok(Revocation::Dead) };
        let broker = plane.vending.broker(plane, &row.broker).await.map_err(ours)?;
        let order = order(plane, &row);
        let handle = match self.stored_handle(id).await? {
            Some(handle) => Some(handle),
            None => broker.plan(&order).handle,
        };
        let Some(handle) = handle else { return self.without_handle(&order, row.issued_at) };
        vending::revoke(plane, broker.as_ref(), &order, &handle).await
    }

    async fn stored_handle(&self, id: CredentialId) -> Result<Option<Handle>, BrokerError> {
        let sealed = self.plane.store.credential_handle(id).await;
        let sealed = sealed.map_err(|error| BrokerError::away(error.to_string()))?;
        let open = |sealed: Vec<u8>| self.plane.seals.open(&handle_name(id), &sealed);
        let opened = sealed.map(open).transpose().map_err(|error| BrokerError::operator(error.to_string()))?;
        Ok(opened.map(|plain| Handle::new(plain.to_vec())))
    }

    /// Nothing is known that would end it.
    fn without_handle(&self, order: &Order, issued_at: Option<Time>) -> Result<Revocation, BrokerError> {
        if issued_at.is_some() {
            return Ok(Revocation::Impossible);
        }
        let until = text::rfc3339(order.expires_at);
        Err(BrokerError::operator(format!(
            "it was perhaps made, and what would end it is not known: if it was, it lives until {until}"
        )))
    }

    fn expires_at(&self, id: CredentialId) -> Time {
        let expires_at = self.plane.view.read(|state| state.credentials.get(&id).map(|one| one.expires_at));
        expires_at.unwrap_or_else(|| self.plane.clock.now())
    }

    fn work(&self) -> std::sync::MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After how long nothing that was asked of a broker is still on its way.
fn over_after(state: &State, broker: &Name) -> domain::Span {
    let kind = state.brokers.get(broker).map(|broker| broker.kind);
    match kind {
        Some(BrokerKind::Exec | BrokerKind::Http) => PLUGIN_MINT_OVER_AFTER,
        _ => MINT_OVER_AFTER,
    }
}

/// Whether a credential's time is up, but something of it is to be cleaned up at its target before it counts as dead. Not
/// for ever: a target that is gone for good must not keep it on the lists.
fn is_leftover(state: &State, id: CredentialId, now: Time) -> bool {
    let Some(credential) = state.credentials.get(&id) else { return false };
    let broker = state.brokers.get(&credential.broker);
    let leaves_something = broker.is_some_and(|broker| broker.kind.leaves_something());
    leaves_something && credential.expires_at <= now && now.since(credential.expires_at) < LEFTOVERS_KEPT
}

/// Doubled with each failure.
fn back_off(attempts: u64) -> domain::Span {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let millis = REVOKE_BACK_OFF_MIN.as_millis().saturating_mul(1 << doublings);
    domain::Span::from_millis(millis.min(REVOKE_BACK_OFF_MAX.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::{REVOKE_BACK_OFF_MAX, REVOKE_BACK_OFF_MIN, back_off};

    #[test]
    fn a_pause_doubles_up_to_a_bound() {
        assert_eq!(back_off(1), REVOKE_BACK_OFF_MIN);
        assert_eq!(back_off(2).as_millis(), 2 * REVOKE_BACK_OFF_MIN.as_millis());
        assert_eq!(back_off(u64::MAX), REVOKE_BACK_OFF_MAX);
    }
}
