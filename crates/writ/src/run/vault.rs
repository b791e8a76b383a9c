//! The launcher's credentials: what was made for this session is kept in memory, and given again while it is good.
//!
//! However many ask for the same at a time, one of them asks the control plane. How long a credential is good for is counted
//! from when it was asked for, by the span between the control plane's own two times: a machine whose clock is off by ten
//! minutes counts right. Nothing of it is ever on disk, and nothing is left once the session is over.

mod kept;
mod source;
mod timer;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub(super) use kept::Given;
#[cfg(test)]
pub(super) use source::Work;
pub(super) use source::{Plane, Source};
pub(super) use timer::{SystemTimer, Timer};

use self::kept::Kept;
use self::timer::Moment;
use crate::client::{ClientError, Problem};
use crate::inside::{Credential, CredentialAsk};
use crate::limits::{VAULT_ENTRIES_MAX, VAULT_FAILURE_PAUSE, VAULT_RETRY_MAX, VAULT_RETRY_PAUSE, VAULT_UNKNOWN_MAX};

/// The credentials of one session. Cheap to clone.
#[derive(Clone)]
pub(super) struct Vault(Arc<Inner>);

struct Inner {
    source: Arc<dyn Source>,
    timer: Arc<dyn Timer>,
    /// Stops what is under way when the session is over.
    over: CancellationToken,
    /// Why nothing is given any more.
    why: Mutex<Option<String>>,
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

/// What makes two asks ask for the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    broker: String,
    target: String,
    scope: BTreeMap<String, Vec<String>>,
    public_key: Option<String>,
}

/// The place of one credential; who holds the lock is asking for it.
type Slot = tokio::sync::Mutex<State>;

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    failed: Option<Failed>,
}

struct Failed {
    at: Moment,
    error: NoCredential,
}

/// Why there is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoCredential {
    /// The control plane refused, or its target did.
    #[error("{}", .0.sentence())]
    Refused(Box<Problem>),
    /// Nobody was there to make it, or the session is over.
    #[error("{text}")]
    Failed {
        /// What happened.
        text: String,
        /// Whether it may work in a moment.
        may_pass: bool,
    },
}

// === impl Vault ===

impl Vault {
    /// An empty one.
    pub(super) fn new(source: Arc<dyn Source>, timer: Arc<dyn Timer>) -> Self {
        let (over, why, slots) = (CancellationToken::new(), Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { source, timer, over, why, slots }))
    }

    /// A credential that is good for a while: one that is kept, or a new one.
    ///
    /// # Errors
    /// There is none to be had; the text says why.
    pub(super) async fn get(&self, ask: &CredentialAsk) -> Result<Given, NoCredential> {
        let arrived = self.now();
        let slot = self.slot(ask)?;
        let mut state = slot.lock().await;
        self.check_open()?;
        if let Some(answer) = state.known(ask.fresh, &arrived, &self.now()) {
            return answer;
        }
        let is_optional = !ask.fresh && state.still_good(&self.now()).is_some();
        let asked = self.now();
        let made = tokio::select! {
            () = self.0.over.cancelled() => return Err(self.over()),
            made = self.make(ask, is_optional) => made,
        };
        self.check_open()?;
        match made {
            Ok(text) => {
                let kept = Kept::read(text, asked, self.now())?;
                let given = kept.given(&self.now());
                *state = State { kept: Some(kept), failed: None };
                Ok(given)
            }
            Err(error) => {
                state.failed = Some(Failed { at: self.now(), error: error.clone() });
                let kept = if is_optional && error.may_pass() { state.still_good(&self.now()) } else { None };
                kept.ok_or(error)
            }
        }
    }

    /// The same, for use in this process.
    ///
    /// # Errors
    /// There is none to be had, or its answer is of another version.
    pub(super) async fn credential(&self, ask: &CredentialAsk) -> Result<Credential, NoCredential> {
        self.get(ask).await?.credential()
    }

    /// Gives nothing any more, for this reason, and forgets everything.
    pub(super) fn close(&self, why: &str) {
        let mut said = self.0.why.lock().unwrap_or_else(PoisonError::into_inner);
        said.get_or_insert_with(|| why.to_owned());
        drop(said);
        self.0.over.cancel();
        self.slots(HashMap::clear);
    }

    /// Forgets what the control plane says is good no longer: it was revoked, or what it rested on changed. `age` is how old
    /// its word is; what came since, and shortly before, was perhaps not known yet where it was asked.
    pub(super) fn keep_only(&self, good: &[String], age: Duration) {
        let (now, unknown_before) = (self.now(), age + VAULT_UNKNOWN_MAX);
        let slots: Vec<_> = self.slots(|slots| slots.values().cloned().collect());
        for slot in slots {
            // Whoever holds it is asking for another one.
            let Ok(mut state) = slot.try_lock() else { continue };
            let is_gone = |kept: &Kept| now.since(kept.came()) > unknown_before && !good.iter().any(|id| kept.is(id));
            if state.kept.as_ref().is_some_and(is_gone) {
                state.kept = None;
            }
        }
    }

    /// The control plane's answer. One that restarts is asked again within a bound, unless there is something to give
    /// meanwhile.
    async fn make(&self, ask: &CredentialAsk, is_optional: bool) -> Result<zeroize::Zeroizing<String>, NoCredential> {
        let began = self.now();
        let mut pause = VAULT_RETRY_PAUSE;
        loop {
            let error = match self.0.source.make(ask).await {
                Ok(text) => return Ok(text),
                Err(error) => error,
            };
            let after = self.now().since(&began);
            let is_over = after + pause > VAULT_RETRY_MAX;
            if is_optional || is_over || !is_away(&error) {
                return Err(NoCredential::from_client(ask, error, after));
            }
            self.0.timer.pause(pause).await;
            pause *= 2;
        }
    }

    /// The place for what is asked for. When there are too many, the one that is good for the shortest time makes room.
    fn slot(&self, ask: &CredentialAsk) -> Result<Arc<Slot>, NoCredential> {
        let now = self.now();
        let key = Key::of(ask);
        let slot = self.slots(|slots| {
            if !slots.contains_key(&key) && slots.len() >= VAULT_ENTRIES_MAX {
                let idle = slots.iter().filter_map(|(key, slot)| Some((key, slot.try_lock().ok()?.left(&now))));
                let first = idle.min_by_key(|(_, left)| *left).map(|(key, _)| key.clone());
                slots.remove(&first?);
            }
            Some(Arc::clone(slots.entry(key).or_default()))
        });
        // Afterwards: a place that was made after everything was forgotten stays empty.
        self.check_open()?;
        slot.ok_or_else(|| NoCredential::passing("too many credentials are asked for at a time; ask again"))
    }

    fn slots<T>(&self, act: impl FnOnce(&mut HashMap<Key, Arc<Slot>>) -> T) -> T {
        act(&mut self.0.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn check_open(&self) -> Result<(), NoCredential> {
        if self.0.over.is_cancelled() { Err(self.over()) } else { Ok(()) }
    }

    fn over(&self) -> NoCredential {
        let why = self.0.why.lock().unwrap_or_else(PoisonError::into_inner);
        NoCredential::Failed { text: why.clone().unwrap_or_default(), may_pass: false }
    }

    fn now(&self) -> Moment {
        self.0.timer.now()
    }
}

/// Whether it was the control plane itself that was not there: its own "closed for the moment", or a proxy's word for it.
fn is_away(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable(_) => true,
        ClientError::Refused(problem) => problem.status == 503 || (problem.status > 500 && problem.code.is_empty()),
        ClientError::Strange(_) => false,
    }
}

// === impl State ===

impl State {
    /// What can be said without asking.
    fn known(&self, fresh: bool, arrived: &Moment, now: &Moment) -> Option<Result<Given, NoCredential>> {
        let kept = self.kept.as_ref().filter(|kept| !fresh || kept.came_after(arrived));
        if let Some(kept) = kept.filter(|kept| kept.is_young(now)) {
            return Some(Ok(kept.given(now)));
        }
        let failed = self.failed.as_ref()?;
        let is_recent = failed.error.may_pass() && now.since(&failed.at) < VAULT_FAILURE_PAUSE;
        if !is_recent && !failed.at.is_after(arrived) {
            return None;
        }
        // Whoever came while it was asked for gets the same answer; so does, for a short while, whoever comes after.
        let kept = kept.filter(|kept| failed.error.may_pass() && kept.is_good(now));
        Some(kept.map(|kept| kept.given(now)).ok_or_else(|| failed.error.clone()))
    }

    fn still_good(&self, now: &Moment) -> Option<Given> {
        self.kept.as_ref().filter(|kept| kept.is_good(now)).map(|kept| kept.given(now))
    }

    fn left(&self, now: &Moment) -> Duration {
        self.kept.as_ref().map(|kept| kept.left(now)).unwrap_or_default()
    }
}

// === impl Key ===

impl Key {
    /// Values in any order, and told twice, are the same.
    fn of(ask: &CredentialAsk) -> Self {
        let sorted = |values: &Vec<String>| {
            let mut values = values.clone();
            values.sort_unstable();
            values.dedup();
            values
        };
        let scope = ask.scope.iter().map(|(dimension, values)| (dimension.clone(), sorted(values))).collect();
        let (broker, target) = (ask.broker.clone(), ask.target.clone());
        Self { broker, target, scope, public_key: ask.public_key.clone() }
    }
}

// === impl NoCredential ===

impl NoCredential {
    fn passing(text: impl Into<String>) -> Self {
        Self::Failed { text: text.into(), may_pass: true }
    }

    /// Whether asking again in a moment may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.status >= 500 || problem.status == 429,
            Self::Failed { may_pass, .. } => *may_pass,
        }
    }

    fn from_client(ask: &CredentialAsk, error: ClientError, after: Duration) -> Self {
        match error {
            ClientError::Refused(problem) => Self::Refused(problem),
            ClientError::Strange(text) => Self::Failed { text, may_pass: false },
            ClientError::Unreachable(text) => Self::passing(format!(
                "no credential for {}/{}: the control plane was asked for {} s and did not answer ({text})",
                ask.broker,
                ask.target,
                after.as_secs().max(1)
            )),
        }
    }
}

#[cfg(test)]
mod tests;
