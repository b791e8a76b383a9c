//! The keys of one installation over time: one signs, the next is published before it does, and those that signed are
//! published until the last token of theirs is over. Pure: time is an argument, where it is kept is the caller's
//! business, and so is that it is sealed there.
//!
//! When a key begins to sign is written down long before, so that processes that share a ring change over at the same
//! moment without a word.

use std::sync::Arc;

use domain::{Span, Time, limits};
use serde_json::Value;

use super::{Certificate, KeyError, PublicKey, SigningKey, jwks};

mod stored;

/// Keys in one ring: Google takes at most 8 in an uploaded set.
pub const KEYS_MAX: usize = 8;
/// How far the clocks of processes may be apart, and how long one may not have read the ring.
const CLOCKS_APART_MAX: Span = Span::from_secs(5 * 60);
/// How long after its last use a key is published: the longest-lived of what it signs is the writ of a session that may
/// last a week.
pub const PUBLISHED_AFTER_USE: Span =
    Span::from_millis(limits::SESSION_TTL_MAX.as_millis() + CLOCKS_APART_MAX.as_millis());

/// The keys, in the order in which they sign: at least one, at most [`KEYS_MAX`].
#[derive(Debug, Clone)]
pub struct KeyRing {
    keys: Vec<RingKey>,
}

/// A key of a ring.
#[derive(Debug, Clone)]
struct RingKey {
    public: PublicKey,
    certificate: Certificate,
    /// Destroyed once the next key signs.
    private: Option<Arc<SigningKey>>,
    made_at: Time,
    signs_from: Time,
}

/// What a key is for at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStanding {
    /// Published, and will sign.
    Next,
    /// Signs.
    Active,
    /// Signed; published for what it signed.
    Retired,
}

/// A key of a ring as it stands at some moment.
#[derive(Debug, Clone, Copy)]
pub struct PublishedKey<'a> {
    /// The key.
    pub public: &'a PublicKey,
    /// Its certificate.
    pub certificate: &'a Certificate,
    /// What it is for.
    pub standing: KeyStanding,
    /// When it was made.
    pub made_at: Time,
    /// From when it signs.
    pub signs_from: Time,
    /// Until when it signs; none as long as there is no next key.
    pub signs_until: Option<Time>,
    /// Until when it is published; none as long as there is no next key.
    pub published_until: Option<Time>,
}

/// Why a ring does not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// The next key is there already.
    #[error("the next key, {kid}, is published already and has not begun to sign")]
    UnderWay {
        /// Its name.
        kid: String,
        /// From when it signs.
        signs_from: Time,
    },
    /// Relying parties take no more.
    #[error("{KEYS_MAX} keys are published, which is the limit, because what they signed is not over yet")]
    TooMany {
        /// When the oldest is not published any more.
        until: Option<Time>,
    },
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What was stored is no ring.
    #[error("not a ring of signing keys, or one of a newer writ")]
    Damaged,
}

// === impl KeyRing ===

impl KeyRing {
    /// A ring of one key that signs from the moment it is made. Takes as long as [`Certificate::self_signed`].
    ///
    /// # Errors
    /// No certificate could be made.
    pub fn new(key: SigningKey, now: Time) -> Result<Self, RingError> {
        Ok(Self { keys: vec![RingKey::new(key, now, now)?] })
    }

    /// The key that signs, with its certificate.
    pub fn signer(&self, now: Time) -> Option<(Arc<SigningKey>, Certificate)> {
        let key = self.keys.get(self.active(now))?;
        Some((Arc::clone(key.private.as_ref()?), key.certificate.clone()))
    }

    /// The keys that are published, in the order in which they sign.
    pub fn published(&self, now: Time) -> impl Iterator<Item = PublishedKey<'_>> {
        let active = self.active(now);
        let keys = self.keys.iter().enumerate().map(move |(index, key)| {
            let signs_until = self.signs_until(index);
            PublishedKey {
                public: &key.public,
                certificate: &key.certificate,
                standing: match index.cmp(&active) {
                    std::cmp::Ordering::Less => KeyStanding::Retired,
                    std::cmp::Ordering::Equal => KeyStanding::Active,
                    std::cmp::Ordering::Greater => KeyStanding::Next,
                },
                made_at: key.made_at,
                signs_from: key.signs_from,
                signs_until,
                published_until: signs_until.map(|until| until + PUBLISHED_AFTER_USE),
            }
        });
        keys.filter(move |key| key.published_until.is_none_or(|until| now < until))
    }

    /// The published keys as a JSON Web Key Set, with certificates if asked. The key that signs comes first: Ceph's RGW
    /// reads the first one and no other, whatever a token's header says (measured with 16.2.15 and 18.2.7).
    pub fn jwks(&self, now: Time, certificates: bool) -> Value {
        let mut keys: Vec<PublishedKey<'_>> = self.published(now).collect();
        keys.sort_by_key(|key| key.standing != KeyStanding::Active);
        jwks(keys.into_iter().map(|key| (key.public, certificates.then_some(key.certificate))))
    }

    /// A published key by name.
    pub fn find(&self, kid: &str, now: Time) -> Option<&PublicKey> {
        self.published(now).map(|key| key.public).find(|key| key.kid() == kid)
    }

    /// Publishes the next key, which signs from a later moment on.
    ///
    /// # Errors
    /// One is published already, or there are too many, or no certificate could be made.
    pub fn add(&mut self, key: SigningKey, now: Time, signs_from: Time) -> Result<(), RingError> {
        if let Some(next) = self.next(now) {
            return Err(RingError::UnderWay { kid: next.public.kid().to_owned(), signs_from: next.signs_from });
        }
        self.tidy(now);
        if self.keys.len() >= KEYS_MAX {
            return Err(RingError::TooMany { until: self.signs_until(0).map(|until| until + PUBLISHED_AFTER_USE) });
        }
        self.keys.push(RingKey::new(key, now, signs_from)?);
        Ok(())
    }

    /// Lets the next key sign from this moment on, if it was to sign later. False when there is none.
    pub fn hasten(&mut self, now: Time, signs_from: Time) -> bool {
        if self.next(now).is_none() {
            return false;
        }
        if let Some(next) = self.keys.last_mut() {
            next.signs_from = next.signs_from.min(signs_from);
        }
        true
    }

    /// Forgets all other keys at once: nothing that they signed verifies any more.
    ///
    /// # Errors
    /// No certificate could be made; the ring is as it was then.
    pub fn replace_all(&mut self, key: SigningKey, now: Time) -> Result<(), RingError> {
        self.keys = vec![RingKey::new(key, now, now)?];
        Ok(())
    }

    /// Drops keys that are not published any more, and the private halves of those that have signed. Says whether there
    /// was anything to do.
    pub fn tidy(&mut self, now: Time) -> bool {
        let over: Vec<Option<Time>> = (0..self.keys.len()).map(|index| self.signs_until(index)).collect();
        let is_past = |until: Option<Time>, after: Span| until.is_some_and(|until| now >= until + after);
        let mut changed = false;
        for (key, &until) in self.keys.iter_mut().zip(&over) {
            if is_past(until, CLOCKS_APART_MAX) {
                changed |= key.private.take().is_some();
            }
        }
        let dropped = over.iter().take_while(|&&until| is_past(until, PUBLISHED_AFTER_USE)).count();
        self.keys.drain(..dropped);
        changed || dropped > 0
    }

    /// The last that has begun to sign; the first one while none has, as when a clock was set back.
    fn active(&self, now: Time) -> usize {
        self.keys.iter().rposition(|key| key.signs_from <= now).unwrap_or(0)
    }

    fn next(&self, now: Time) -> Option<&RingKey> {
        self.keys.get(self.active(now) + 1)
    }

    fn signs_until(&self, index: usize) -> Option<Time> {
        self.keys.get(index + 1).map(|next| next.signs_from)
    }
}

// === impl RingKey ===

impl RingKey {
    fn new(key: SigningKey, now: Time, signs_from: Time) -> Result<Self, RingError> {
        let certificate = Certificate::self_signed(&key, now)?;
        Ok(Self { public: key.public().clone(), certificate, private: Some(Arc::new(key)), made_at: now, signs_from })
    }
}

// === impl KeyStanding ===

impl KeyStanding {
    /// The word for it, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

#[cfg(test)]
mod tests;
