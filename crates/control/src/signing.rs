//! The keys that sign, and who they sign for: the ring of keys as the database has it, shared by all processes.
//!
//! The ring is one sealed row that is changed by compare and set. Every process reads it every few seconds, and before it
//! says that it does not know a key. Which key signs at a moment is written in the ring long before that moment, so that
//! processes agree without a word.

use std::sync::{Arc, PoisonError, RwLock};

use brokers::{
    Issuer, KeyRing, RelyingParties, RingError, SigningAlgorithm, SigningKey, Verified, VerifyError, discovery, verify,
};
use domain::{Span, Time};
use serde_json::Value;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::limits::{KEYS_LOOK_PAUSE, KEYS_READ_EVERY, RING_CHANGE_TRIES_MAX};
use crate::plane::ControlPlane;
use crate::seals::{Seals, SealsError};
use crate::settings::IssuerSettings;

/// Under which the ring is kept.
const NAME: &str = "signing-keys";
/// The one key of earlier versions: it becomes the first of the ring.
const OLD_NAME: &str = "signing-key";

/// The ring and the issuer's settings.
#[derive(Debug)]
pub struct Signing {
    address: String,
    parties: Arc<RelyingParties>,
    /// Whether keys are published with certificates.
    certificates: bool,
    /// What new keys sign with.
    algorithm: SigningAlgorithm,
    /// How long a new key is published before it signs.
    overlap: Span,
    known: RwLock<Arc<Known>>,
}

/// The ring as it was last read.
#[derive(Debug)]
struct Known {
    /// What the database had, to be compared with.
    blob: Vec<u8>,
    ring: KeyRing,
    read_at: Time,
}

/// When a new key begins to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// After the overlap.
    Planned,
    /// As soon as every process publishes it; an overlap that has begun is cut short.
    Now,
    /// At once, and every other key is forgotten: nothing that they signed verifies any more.
    Leaked,
}

/// Why the ring cannot be read or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SigningError {
    /// The ring says no.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// It cannot be opened or sealed.
    #[error(transparent)]
    Seals(#[from] SealsError),
    /// Others change it all the time.
    #[error("other processes changed the signing keys at the same moment: try again")]
    Busy,
    /// A key cannot be made.
    #[error(transparent)]
    Key(#[from] brokers::KeyError),
    /// The issuer cannot be.
    #[error(transparent)]
    Issuer(#[from] brokers::IssuerError),
}

// === impl Signing ===

impl Signing {
    /// The ring of this installation, made with its first key when there is none.
    ///
    /// # Errors
    /// The database failed, the ring cannot be opened, or the address is not usable.
    pub async fn start(
        store: &Store,
        seals: &Seals,
        settings: &IssuerSettings,
        public_url: &str,
        now: Time,
    ) -> Result<Self, SigningError> {
        let address = settings.url.clone().unwrap_or_else(|| public_url.to_owned());
        Issuer::check_address(&address)?;
        let blob = match store.get_secret(NAME).await.map_err(SealsError::from)? {
            Some(blob) => blob,
            None => first(store, seals, settings.algorithm, now).await?,
        };
        store.forget_secret(OLD_NAME).await.map_err(SealsError::from)?;
        let known = Known::read(blob, seals, now)?;
        let signing = Self {
            address,
            parties: Arc::clone(&settings.parties),
            certificates: settings.certificates,
            algorithm: settings.algorithm,
            overlap: settings.overlap,
            known: RwLock::new(Arc::new(known)),
        };
        signing.warn(now);
        Ok(signing)
    }

    /// The issuer with the key that signs now.
    ///
    /// # Errors
    /// The key that should sign was destroyed, as when a clock was set back for days.
    pub fn issuer(&self, now: Time) -> Result<Issuer, SigningError> {
        let (key, certificate) = self.known().ring.signer(now).ok_or(RingError::Damaged)?;
        Ok(Issuer::new(self.address.clone(), key)?.with_parties(Arc::clone(&self.parties), certificate))
    }

    /// The address that relying parties find in `iss`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Those that tokens are made for.
    pub fn parties(&self) -> &RelyingParties {
        &self.parties
    }

    /// Whether keys are published with certificates.
    pub fn publishes_certificates(&self) -> bool {
        self.certificates
    }

    /// The published keys (RFC 7517).
    pub fn key_set(&self, now: Time) -> Value {
        self.known().ring.jwks(now, self.certificates)
    }

    /// The discovery document.
    pub fn discovery(&self, now: Time) -> Value {
        discovery(&self.address, self.known().ring.published(now).map(|key| key.public.algorithm()))
    }

    /// The ring as it was last read.
    pub fn ring(&self) -> KeyRing {
        self.known().ring.clone()
    }

    /// Verifies a token of this installation for a wall of ours. A key that is not known is looked for in the database,
    /// at most once in [`KEYS_LOOK_PAUSE`], because strangers choose the names of keys.
    ///
    /// # Errors
    /// What is wrong with the token.
    pub async fn verify(
        &self,
        store: &Store,
        seals: &Seals,
        token: &str,
        audience: &str,
        now: Time,
    ) -> Result<Verified, VerifyError> {
        let known = self.known();
        let by = |known: &Known| verify(token, |kid| known.ring.find(kid, now), &self.address, audience, now);
        match by(&known) {
            Err(VerifyError::UnknownKey { .. }) if now.since(known.read_at) >= KEYS_LOOK_PAUSE => {
                if let Err(error) = self.read(store, seals, now).await {
                    tracing::warn!(%error, "the signing keys cannot be read");
                }
                by(&self.known())
            }
            verified => verified,
        }
    }

    /// Reads the ring again: another process may have changed it.
    ///
    /// # Errors
    /// The database failed, or the ring cannot be opened.
    pub async fn read(&self, store: &Store, seals: &Seals, now: Time) -> Result<(), SigningError> {
        let blob = store.get_secret(NAME).await.map_err(SealsError::from)?.ok_or(RingError::Damaged)?;
        let known = self.known();
        let read = if known.blob == blob {
            Known { blob, ring: known.ring.clone(), read_at: now }
        } else {
            Known::read(blob, seals, now)?
        };
        self.learn(read);
        Ok(())
    }

    /// Makes the next key. Returns its name and from when it signs; of a rotation that was under way already, with
    /// [`Rotation::Now`], those of that one.
    ///
    /// # Errors
    /// One is under way, too many keys are published, the database failed, or the ring cannot be opened.
    pub async fn rotate(
        &self,
        store: &Store,
        seals: &Seals,
        rotation: Rotation,
        now: Time,
    ) -> Result<(String, Time), SigningError> {
        let soon = now + Span::from_millis(2 * u64::try_from(KEYS_READ_EVERY.as_millis()).unwrap_or_default());
        let algorithm = self.algorithm;
        let bytes = make(algorithm).await?.to_pkcs8()?;
        let fresh = || SigningKey::from_pkcs8(algorithm, &bytes);
        self.change(store, seals, now, |ring| {
            match rotation {
                Rotation::Planned => ring.add(fresh()?, now, now + self.overlap)?,
                Rotation::Now if ring.hasten(now, soon) => {}
                Rotation::Now => ring.add(fresh()?, now, soon)?,
                Rotation::Leaked => ring.replace_all(fresh()?, now)?,
            }
            Ok(true)
        })
        .await?;
        let ring = self.ring();
        let newest = ring.published(now).last().ok_or(RingError::Damaged)?;
        Ok((newest.public.kid().to_owned(), newest.signs_from))
    }

    /// Drops keys whose time is over, and private halves that do not sign any more.
    async fn tidy(&self, store: &Store, seals: &Seals, now: Time) -> Result<(), SigningError> {
        if self.ring().tidy(now) {
            self.change(store, seals, now, |ring| Ok(ring.tidy(now))).await?;
        }
        Ok(())
    }

    /// Changes the ring as the database has it, whoever else does.
    async fn change(
        &self,
        store: &Store,
        seals: &Seals,
        now: Time,
        change: impl Fn(&mut KeyRing) -> Result<bool, SigningError>,
    ) -> Result<(), SigningError> {
        for _ in 0..RING_CHANGE_TRIES_MAX {
            self.read(store, seals, now).await?;
            let known = self.known();
            let mut ring = known.ring.clone();
            if !change(&mut ring)? {
                return Ok(());
            }
            let blob = seals.seal(NAME, &ring.to_bytes()?)?;
            if store.swap_secret(NAME, &known.blob, &blob).await.map_err(SealsError::from)? {
                self.learn(Known { blob, ring, read_at: now });
                return Ok(());
            }
        }
        Err(SigningError::Busy)
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }

    fn warn(&self, now: Time) {
        let algorithm = self.known().ring.signer(now).map(|(key, _)| key.algorithm());
        if let Some(signs) = algorithm.filter(|&signs| signs != self.algorithm) {
            let wanted = self.algorithm;
            tracing::warn!("`issuer.algorithm` is {wanted}, and the key signs with {signs} until `writ keys rotate`");
        }
        for party in self.parties.iter() {
            let audience = party.audience();
            for warning in party.template().warnings() {
                tracing::warn!("the subject for `{audience}`: {warning}");
            }
        }
        if !self.parties.is_empty() {
            for warning in Issuer::address_warnings(&self.address) {
                tracing::warn!("the issuer's address `{}`: {warning}", self.address);
            }
        }
    }
}

// === impl SigningError ===

impl From<StoreError> for SigningError {
    fn from(error: StoreError) -> Self {
        Self::Seals(error.into())
    }
}

// === impl Known ===

impl Known {
    fn read(blob: Vec<u8>, seals: &Seals, now: Time) -> Result<Self, SigningError> {
        let ring = KeyRing::from_bytes(&seals.open(NAME, &blob)?)?;
        Ok(Self { blob, ring, read_at: now })
    }
}

/// The first ring, of the key of an earlier version or a new one. Of processes that race all get the same.
async fn first(store: &Store, seals: &Seals, algorithm: SigningAlgorithm, now: Time) -> Result<Vec<u8>, SigningError> {
    let key = match seals.stored(store, OLD_NAME).await? {
        Some(old) => SigningKey::from_pkcs8(SigningAlgorithm::Rs256, &old)?,
        None => make(algorithm).await?,
    };
    let sealed = seals.seal(NAME, &KeyRing::new(key, now)?.to_bytes()?)?;
    Ok(store.put_secret_if_absent(NAME, &sealed).await?)
}

/// A new key, made off the runtime's threads.
async fn make(algorithm: SigningAlgorithm) -> Result<SigningKey, SigningError> {
    let making = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
    Ok(making.unwrap_or(Err(brokers::KeyError::Generate))?)
}

/// Reads keys again and again until `stop`: seal keys first, because the ring is sealed with one.
pub(crate) async fn run(plane: Arc<ControlPlane>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(KEYS_READ_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = look(&plane).await {
            tracing::warn!(%error, "the keys cannot be read: going on with those that are known");
        }
    }
}

async fn look(plane: &Arc<ControlPlane>) -> Result<(), SigningError> {
    let seals = Arc::clone(&plane.seals);
    let looking = tokio::task::spawn_blocking(move || seals.look_again()).await;
    looking.unwrap_or(Ok(false))?;
    let now = plane.clock.now();
    plane.signing.read(&plane.store, &plane.seals, now).await?;
    plane.signing.tidy(&plane.store, &plane.seals, now).await
}

#[cfg(test)]
mod tests;
