//! Secrets in the table of that name, which seals them under the names they have there.

use brokers::SealRing;
use store::Store;
use zeroize::Zeroizing;

use super::{Seals, SealsError, mark};

/// What is in the table and no secret: public keys, and marks that tell keys apart. It is not sealed, so that a wrong
/// folder of keys is told by what it lacks.
const NOT_SECRET: [&str; 4] = ["log-verifier-key", "login-key-mark", "login-key", "people-to-scrub"];
/// Tries to seal one secret that other processes change meanwhile.
const TRIES_MAX: usize = 5;

// === impl Seals ===

impl Seals {
    /// The secret of a name in the database, opened.
    ///
    /// # Errors
    /// It cannot be opened, or the database failed.
    pub async fn stored(&self, store: &Store, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SealsError> {
        let blob = store.get_secret(name).await?;
        blob.map(|blob| self.open(name, &blob)).transpose()
    }

    /// Stores a secret unless its name has one, and returns the one it has: of processes that race all get the same.
    ///
    /// # Errors
    /// See [`Seals::stored`].
    pub async fn store_if_absent(
        &self,
        store: &Store,
        name: &str,
        plain: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealsError> {
        let blob = store.put_secret_if_absent(name, &self.seal(name, plain)?).await?;
        self.open(name, &blob)
    }

    /// Seals every secret in the database that was sealed with a replaced key anew. What changes meanwhile is sealed by
    /// whoever changes it.
    ///
    /// # Errors
    /// One cannot be opened, or the database failed; the others are for the next start then.
    pub(super) async fn reseal(&self, store: &Store) -> Result<(), SealsError> {
        for name in store.secret_names().await? {
            if name == mark::NAME || !NOT_SECRET.contains(&name.as_str()) {
                self.reseal_one(store, &name).await?;
            }
        }
        Ok(())
    }

    async fn reseal_one(&self, store: &Store, name: &str) -> Result<(), SealsError> {
        for _ in 0..TRIES_MAX {
            let Some(old) = store.get_secret(name).await? else { return Ok(()) };
            let plain = self.open(name, &old)?;
            if SealRing::key_of(&old) == self.sealing()
                || store.swap_secret(name, &old, &self.seal(name, &plain)?).await?
            {
                return Ok(());
            }
        }
        Ok(())
    }
}
