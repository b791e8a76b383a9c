//! Seals for secrets at rest: what is in the database is worth nothing without a key that is not in it.
//!
//! The keys come from the folder of keys or from the operator's command; the newest seals, all open. The database
//! remembers, in a sealed mark, which keys it was sealed with and whether everything in it is: from then on a secret in
//! the clear is refused. What was in the clear before is sealed at the first start, value by value: killed at any
//! moment, the next start goes on.

mod command;
mod keys;
mod mark;
mod stored;

use std::fmt;
use std::sync::{PoisonError, RwLock};

use brokers::{SealError, SealKeyId, SealRing};
use store::{Store, StoreError};
use zeroize::Zeroizing;

use crate::keys::KeysFolder;
use crate::seam;

use keys::Source;

/// Seals and opens secrets by name. Shared by everything that stores one.
pub struct Seals {
    ring: RwLock<SealRing>,
    source: Source,
}

/// Why something was not sealed or opened. Never says anything about the content.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealsError {
    /// The cipher failed.
    #[error("`{0}` cannot be sealed")]
    Seal(String),
    /// It is in the clear, which nothing is that was stored by this version.
    #[error(
        "`{0}` in the database is not sealed, though everything was: an older writ runs on this database, or somebody \
         put it there"
    )]
    NotSealed(String),
    /// Sealed with a key that is not here.
    #[error("`{name}` in the database was sealed with another key ({key}) than {place} has: {next}")]
    UnknownKey {
        /// The setting that names the keys.
        field: &'static str,
        /// What is sealed.
        name: String,
        /// The key's name.
        key: SealKeyId,
        /// Where keys come from.
        place: String,
        /// What to do.
        next: &'static str,
    },
    /// Sealed for another name, or changed.
    #[error("`{0}` in the database cannot be opened: its bytes were changed, or it was moved there from another name")]
    Changed(String),
    /// The keys cannot be had.
    #[error("{what}")]
    Keys {
        /// The setting that names them.
        field: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

// === impl SealsError ===

impl SealsError {
    /// The setting that is to blame; none where the database is.
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::UnknownKey { field, .. } | Self::Keys { field, .. } => Some(field),
            Self::Seal(_) | Self::NotSealed(_) | Self::Changed(_) | Self::Store(_) => None,
        }
    }
}

// === impl Seals ===

impl Seals {
    /// The keys of this installation; the first is made when neither the folder, the command nor the database knows of
    /// one. Seals what is still in the clear, and what is sealed with a replaced key.
    ///
    /// # Errors
    /// The keys cannot be had, or are not those that the database was sealed with.
    pub async fn start(store: &Store, folder: &KeysFolder, command: Option<&[String]>) -> Result<Self, SealsError> {
        let begun = store.get_secret(mark::NAME).await?.is_some();
        let (source, ring) = Source::start(folder, command, begun).await?;
        let seals = Self { ring: RwLock::new(ring), source };
        seals.settle(store).await?;
        seals.reseal(store).await?;
        Ok(seals)
    }

    /// Seals a secret under its name: what one name was sealed for, no other opens. The blob is
    /// [`brokers::SEAL_OVERHEAD_BYTES`] longer than `plain`.
    ///
    /// # Errors
    /// [`SealsError::Seal`].
    pub fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, SealsError> {
        let sealed = self.read().seal(seam::random(), name, plain);
        sealed.map_err(|_| SealsError::Seal(name.to_owned()))
    }

    /// Opens what [`Seals::seal`] made under a name, here or on another process, with this key or an earlier one. What it
    /// returns is wiped when dropped.
    ///
    /// Another process may have replaced the key a moment ago: an unknown one is looked for in the folder, which blocks
    /// for as long as some small files take to be read.
    ///
    /// # Errors
    /// It is not sealed, sealed with a key that is not here, for another name, or changed.
    pub fn open(&self, name: &str, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealsError> {
        let opened = self.read().open(name, blob);
        let opened = match opened {
            Err(SealError::UnknownKey(_)) if self.look_again()? => self.read().open(name, blob),
            opened => opened,
        };
        opened.map_err(|error| self.explain(name, error))
    }

    /// The name of the key that seals from now on.
    pub fn sealing(&self) -> Option<SealKeyId> {
        self.read().sealing()
    }

    /// The names of all keys, the one that seals first.
    pub fn ids(&self) -> Vec<SealKeyId> {
        self.read().ids().collect()
    }

    /// Where the keys come from, for people.
    pub fn place(&self) -> String {
        self.source.place()
    }

    /// Reads the keys again: another process may have made a new one. Says whether they are others. Blocks: call it off the
    /// runtime's threads.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn look_again(&self) -> Result<bool, SealsError> {
        let Some(ring) = self.source.read_again()? else { return Ok(false) };
        let mut known = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.ids().ne(ring.ids());
        *known = ring;
        Ok(is_new)
    }

    /// Makes a new key that seals from now on, and seals everything in `secrets` with it. Earlier keys stay, because
    /// rows of other tables and other processes still need them. Killed in between, the next start goes on.
    ///
    /// # Errors
    /// The keys come from a command, there are too many, or they cannot be written; or the database failed.
    pub async fn rotate(&self, store: &Store) -> Result<SealKeyId, SealsError> {
        let source = self.source.clone();
        let making = tokio::task::spawn_blocking(move || source.make_next(&seam::random())).await;
        making.map_err(|_| keys::unusable("writ is stopping"))??;
        self.look_again()?;
        self.reseal(store).await?;
        self.sealing().ok_or_else(|| keys::unusable("there is no key"))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, SealRing> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn explain(&self, name: &str, error: SealError) -> SealsError {
        let name = name.to_owned();
        match error {
            SealError::NotSealed => SealsError::NotSealed(name),
            SealError::UnknownKey(key) => {
                let (field, place, next) = (self.source.field(), self.place(), self.source.next());
                SealsError::UnknownKey { field, name, key, place, next }
            }
            SealError::Open => SealsError::Changed(name),
            SealError::Seal => SealsError::Seal(name),
        }
    }
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seals").field("ring", &*self.read()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
