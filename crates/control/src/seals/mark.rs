//! What the database remembers of its own seals: a sealed word. A key that opens it is one of this database's, and the
//! word says how far an installation of an earlier version has come.

use store::{Engine, Store};

use super::{Seals, SealsError};

/// Under which the mark is kept.
pub(super) const NAME: &str = "seal-mark";

/// Secrets that earlier versions kept in the clear.
const ONCE_CLEAR: [&str; 2] = ["signing-key", "ssh-authority"];

/// How far the database is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Secrets of an earlier version may be in the clear.
    Sealing,
    /// All are sealed; what held them in the clear may still hold remnants.
    Scrubbing,
    /// Nothing is in the clear, and nothing may be.
    Sealed,
}

// === impl Stage ===

impl Stage {
    const ALL: [Self; 3] = [Self::Sealing, Self::Scrubbing, Self::Sealed];

    const fn word(self) -> &'static [u8] {
        match self {
            Self::Sealing => b"sealing",
            Self::Scrubbing => b"scrubbing",
            Self::Sealed => b"sealed",
        }
    }
}

impl Seals {
    /// Brings the database to the last stage, whichever it is at.
    pub(super) async fn settle(&self, store: &Store) -> Result<(), SealsError> {
        loop {
            let (stored, stage) = self.stage(store).await?;
            let next = match stage {
                Stage::Sealing => {
                    tracing::info!("sealing the secrets that an earlier version kept in the clear");
                    for name in ONCE_CLEAR {
                        self.seal_in_place(store, name).await?;
                    }
                    Stage::Scrubbing
                }
                Stage::Scrubbing => match scrub(store).await {
                    Ok(()) => Stage::Sealed,
                    Err(error) => {
                        tracing::warn!(%error, "free pages of the database may still hold keys: the next start tries again");
                        return Ok(());
                    }
                },
                Stage::Sealed => return Ok(()),
            };
            // Where another process was faster, the next look sees how far it is.
            store.swap_secret(NAME, &stored, &self.seal(NAME, next.word())?).await?;
        }
    }

    /// The mark as stored and what it says; made when there is none. A database without secrets is sealed from the
    /// beginning.
    async fn stage(&self, store: &Store) -> Result<(Vec<u8>, Stage), SealsError> {
        let stored = match store.get_secret(NAME).await? {
            Some(stored) => stored,
            None => {
                let mut first = Stage::Sealed;
                for name in ONCE_CLEAR {
                    if store.get_secret(name).await?.is_some() {
                        first = Stage::Sealing;
                    }
                }
                store.put_secret_if_absent(NAME, &self.seal(NAME, first.word())?).await?
            }
        };
        let word = self.open(NAME, &stored)?;
        let stage = Stage::ALL.into_iter().find(|stage| stage.word() == word.as_slice());
        stage.map(|stage| (stored, stage)).ok_or_else(|| SealsError::Changed(NAME.to_owned()))
    }

    /// The value is the old or the new one at any moment.
    async fn seal_in_place(&self, store: &Store, name: &str) -> Result<(), SealsError> {
        let Some(clear) = store.get_secret(name).await?.map(zeroize::Zeroizing::new) else { return Ok(()) };
        match self.open(name, &clear) {
            Err(SealsError::NotSealed(_)) => {}
            opened => return opened.map(drop),
        }
        store.swap_secret(name, &clear, &self.seal(name, &clear)?).await?;
        Ok(())
    }
}

/// On SQLite what is replaced is overwritten with zeros; the write-ahead log is emptied. PostgreSQL keeps what was
/// replaced until its table is written anew.
async fn scrub(store: &Store) -> Result<(), store::StoreError> {
    match store.engine() {
        Engine::Sqlite => store.checkpoint().await,
        Engine::Postgres => store.scrub().await,
    }
}
