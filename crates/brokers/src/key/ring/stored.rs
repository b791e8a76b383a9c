//! A ring as bytes: JSON, one object per key. They are the secret itself until they are sealed.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{KEYS_MAX, KeyRing, RingError, RingKey};
use crate::key::{Certificate, PKCS8_BYTES_MAX, PublicKey, SigningKey};

const VERSION: u32 = 1;
/// Bytes of a stored ring: eight of the longest private keys with certificates, in base64.
const STORED_BYTES_MAX: usize = KEYS_MAX * 4 * PKCS8_BYTES_MAX;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRing {
    version: u32,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    /// The public half.
    jwk: Value,
    /// The certificate, DER in base64.
    certificate: String,
    /// The private half, PKCS #8 DER in base64; none once it does not sign any more.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "secret")]
    pkcs8: Option<Zeroizing<String>>,
    /// Unix milliseconds.
    made_at: Time,
    signs_from: Time,
}

// === impl KeyRing ===

impl KeyRing {
    /// The ring as bytes, to be sealed and stored.
    ///
    /// # Errors
    /// A key could not be encoded.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, RingError> {
        let keys = self.keys.iter().map(StoredKey::of).collect::<Result<_, _>>()?;
        // Never grown, so that no copy is left behind unwiped.
        let mut bytes = Zeroizing::new(Vec::with_capacity(STORED_BYTES_MAX));
        serde_json::to_writer(&mut *bytes, &StoredRing { version: VERSION, keys }).map_err(|_| RingError::Damaged)?;
        Ok(bytes)
    }

    /// Reads what [`KeyRing::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`RingError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RingError> {
        let read = || {
            let stored: StoredRing = serde_json::from_slice(bytes).ok()?;
            let keys: Vec<RingKey> = stored.keys.iter().map(StoredKey::read).collect::<Option<_>>()?;
            let is_ordered = keys.is_sorted_by_key(|key| key.signs_from);
            let fits = stored.version == VERSION && (1..=KEYS_MAX).contains(&keys.len()) && is_ordered;
            fits.then_some(Self { keys })
        };
        if bytes.len() > STORED_BYTES_MAX {
            return Err(RingError::Damaged);
        }
        read().ok_or(RingError::Damaged)
    }
}

// === impl StoredKey ===

impl StoredKey {
    fn of(key: &RingKey) -> Result<Self, RingError> {
        let pkcs8 = key.private.as_ref().map(|key| key.to_pkcs8()).transpose()?;
        Ok(Self {
            jwk: key.public.jwk(None),
            certificate: STANDARD.encode(key.certificate.der()),
            pkcs8: pkcs8.map(|der| Zeroizing::new(STANDARD.encode(&*der))),
            made_at: key.made_at,
            signs_from: key.signs_from,
        })
    }

    fn read(&self) -> Option<RingKey> {
        let public = PublicKey::from_jwk(&self.jwk).ok()?;
        let private = match &self.pkcs8 {
            Some(text) => {
                let der = Zeroizing::new(STANDARD.decode(text.as_bytes()).ok()?);
                let key = SigningKey::from_pkcs8(public.algorithm(), &der).ok()?;
                (key.kid() == public.kid()).then_some(())?;
                Some(Arc::new(key))
            }
            None => None,
        };
        let certificate = Certificate::from_der(STANDARD.decode(&self.certificate).ok()?).ok()?;
        Some(RingKey { public, certificate, private, made_at: self.made_at, signs_from: self.signs_from })
    }
}

/// A text that is wiped when dropped.
mod secret {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(text: &Option<Zeroizing<String>>, to: S) -> Result<S::Ok, S::Error> {
        text.as_ref().map(|text| text.as_str()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Zeroizing<String>>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Zeroizing::new))
    }
}
