//! Who developers are, for people's eyes. Names and e-mail addresses live outside the log, in rows sealed under a key
//! per person; this is the cache of those that could be opened.

pub mod identity;
pub mod key;
pub(crate) mod login_key;
pub(crate) mod upgrade;

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use domain::{DeveloperId, State, Time};
use store::{Person, Store, StoreError};

pub use identity::Identity;
pub use key::{PersonKey, PersonKeys};

use crate::limits::{PEOPLE_PER_READ, STRANGER_PAUSE, STRANGERS_PER_LOOK_MAX};
use crate::text;
use crate::view::View;

/// How the stand-in name of an erased developer starts; sign-in names may not.
pub const ERASED_PREFIX: &str = "erased-";

/// Who is known, bounded by [`domain::limits::DEVELOPERS_MAX`], and the keys that open what is not known yet.
#[derive(Debug)]
pub struct People {
    keys: PersonKeys,
    known: RwLock<HashMap<DeveloperId, Known>>,
}

#[derive(Debug, Clone)]
enum Known {
    /// Opened.
    Named(Identity),
    /// Cannot be opened here; looked at last then.
    Sealed(Time),
    /// Destroyed then, for good.
    Erased(Time),
}

// === impl People ===

impl People {
    /// Nobody is known yet.
    pub fn new(keys: PersonKeys) -> Self {
        Self { keys, known: RwLock::default() }
    }

    /// The keys of people.
    pub fn keys(&self) -> &PersonKeys {
        &self.keys
    }

    /// Opens everybody whose key is here.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(&self, store: &Store, now: Time) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let persons = store.persons(after, PEOPLE_PER_READ).await?;
            let Some(last) = persons.last() else { return Ok(()) };
            after = Some(last.developer);
            self.open(persons, now).await;
        }
    }

    /// Opens those developers of the state that are not known yet: others may have registered them.
    pub(crate) async fn meet(&self, store: &Store, strangers: Vec<DeveloperId>, now: Time) {
        for developer in strangers {
            match store.person(developer).await {
                Ok(Some(person)) => self.open(vec![person], now).await,
                Ok(None) => self.learn(developer, Known::Sealed(now)),
                Err(error) => return tracing::debug!(%error, "names were not read"),
            }
        }
    }

    /// Some developers whose names are not known here, and were not looked for lately.
    pub(crate) fn strangers(&self, state: &State, now: Time) -> Vec<DeveloperId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_strange = |id: &DeveloperId| match known.get(id) {
            None => true,
            Some(Known::Sealed(tried)) => now >= *tried + STRANGER_PAUSE,
            Some(Known::Named(_) | Known::Erased(_)) => false,
        };
        let living = state.developers.iter().filter(|(_, developer)| developer.erased_at.is_none());
        living.map(|(id, _)| *id).filter(is_strange).take(STRANGERS_PER_LOOK_MAX).collect()
    }

    /// Developers that the log says are erased, and whose names or keys may still be here.
    fn to_forget(&self, state: &State, now: Time) -> Vec<(DeveloperId, Time)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_left = |id: &DeveloperId| match known.get(id) {
            Some(Known::Erased(_)) => false,
            Some(Known::Sealed(tried)) => now >= *tried + STRANGER_PAUSE,
            Some(Known::Named(_)) | None => true,
        };
        let erased = state.developers.iter().filter_map(|(id, developer)| Some((*id, developer.erased_at?)));
        erased.filter(|(id, _)| is_left(id)).collect()
    }

    /// Destroys the keys, and forgets the names, of everybody who is erased and not forgotten yet: another process, or
    /// one that was killed, wrote the entry.
    pub(crate) async fn forget_erased(&self, view: &View, now: Time) {
        for (developer, at) in view.read(|state| self.to_forget(state, now)) {
            if let Err(error) = self.forget(developer, at, now).await {
                tracing::error!(%error, developer.id = %developer, "the key of an erased developer is still there");
            }
        }
    }

    /// Destroys the key of a developer who was erased at `at`, then forgets their names. The entry that says so is
    /// durable already.
    ///
    /// # Errors
    /// The key is still there; names are forgotten all the same.
    pub async fn forget(&self, developer: DeveloperId, at: Time, now: Time) -> std::io::Result<()> {
        let destroyed = self.keys.clone().off_thread(move |keys| keys.destroy(developer)).await;
        match destroyed {
            Ok(_) => self.learn(developer, Known::Erased(at)),
            // Tried again after a pause.
            Err(_) => self.learn(developer, Known::Sealed(now)),
        }
        destroyed.map(drop)
    }

    /// Remembers who a developer is.
    pub fn insert(&self, developer: DeveloperId, identity: Identity) {
        self.learn(developer, Known::Named(identity));
    }

    /// What is known of a developer; a stand-in where they are erased, their id where no name is known.
    pub fn names(&self, developer: DeveloperId) -> Identity {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(&developer) {
            Some(Known::Named(identity)) => identity.clone(),
            Some(Known::Erased(at)) => Identity {
                login_name: stand_in(developer),
                display_name: format!("erased on {}", text::date(*at)),
                email: None,
            },
            Some(Known::Sealed(_)) | None => {
                Identity { login_name: developer.to_string(), display_name: developer.to_string(), email: None }
            }
        }
    }

    /// The sign-in name of a developer, or what stands in for it.
    pub fn login(&self, developer: DeveloperId) -> String {
        self.names(developer).login_name
    }

    /// The erased developer that a stand-in name is for; none when it fits two.
    pub(crate) fn erased(&self, key: &str) -> Option<DeveloperId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_meant =
            |(id, known): &(&DeveloperId, &Known)| matches!(known, Known::Erased(_)) && stand_in(**id) == key;
        let mut meant = known.iter().filter(is_meant).map(|(id, _)| *id);
        let found = key.starts_with(ERASED_PREFIX).then(|| meant.next()).flatten()?;
        meant.next().is_none().then_some(found)
    }

    async fn open(&self, persons: Vec<Person>, now: Time) {
        let opened = self.keys.clone().off_thread(move |keys| Ok(open_all(keys, persons))).await;
        for (developer, identity) in opened.unwrap_or_default() {
            match identity {
                Some(identity) => self.insert(developer, identity),
                None => self.warn_once(developer, now),
            }
        }
    }

    fn warn_once(&self, developer: DeveloperId, now: Time) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(&developer);
        if !known {
            tracing::warn!(developer.id = %developer, "no key here opens this developer's names: showing the id");
        }
        self.learn(developer, Known::Sealed(now));
    }

    /// Whoever is erased stays so, whatever was read before that.
    fn learn(&self, developer: DeveloperId, now_known: Known) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(known.get(&developer), Some(Known::Erased(_))) {
            known.insert(developer, now_known);
        }
    }
}

/// Identities by developer; none where the key is not here or does not fit.
fn open_all(keys: &PersonKeys, persons: Vec<Person>) -> Vec<(DeveloperId, Option<Identity>)> {
    let open = |person: &Person| keys.read(person.developer).ok()??.open(person.developer, &person.sealed);
    persons.iter().map(|person| (person.developer, open(person))).collect()
}

/// What an erased developer is called: the end of their id, which is its random part.
fn stand_in(developer: DeveloperId) -> String {
    let id = developer.to_string();
    let tail = id.get(id.len().saturating_sub(6)..).unwrap_or_default();
    format!("{ERASED_PREFIX}{}", tail.to_lowercase())
}

#[cfg(test)]
mod tests;
