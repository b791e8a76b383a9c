//! One line of the log.

use domain::limits::{ENTRY_BYTES_MAX, ENTRY_USD_NANOS_MAX};
use domain::{Actor, Digest, Event, NodeId, RequestId, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Link;

/// The version that [`encode`] writes. [`decode`] reads this one and every older one.
pub const VERSION: u64 = 2;

/// One entry of the log: an event, and who made it happen where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was decided; never before the entry above it.
    pub time: Time,
    /// On whose behalf.
    pub actor: Actor,
    /// The process that decided.
    pub node: NodeId,
    /// The HTTP request that asked for it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Its place in the chain of its session, if it is about one. Entries of version 1 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Link>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Why an event cannot become an entry. Bounds in `domain` keep both from happening.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Larger than a bundle's 16-bit length can say.
    #[error("the entry has {bytes} bytes, the limit is {ENTRY_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A number that canonical JSON does not carry exactly.
    #[error("the entry holds a number beyond ±(2^53 - 1)")]
    Number,
    /// The event has a shape that JSON has no word for.
    #[error("the entry cannot be written as JSON")]
    Shape,
}

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Larger than any entry.
    #[error("{bytes} bytes are more than the {ENTRY_BYTES_MAX} an entry may have")]
    TooLong {
        /// How many bytes there are.
        bytes: usize,
    },
    /// Not JSON, or not an object of the known shape.
    #[error("not an entry: {0}")]
    Malformed(String),
    /// Written by a newer writ.
    #[error("the entry has version {found}, this writ reads up to {VERSION}: upgrade it")]
    Newer {
        /// The version found.
        found: u64,
    },
}

/// The canonical bytes of an entry.
///
/// # Errors
/// When the bounds of an entry are passed.
pub fn encode(entry: &Entry) -> Result<Vec<u8>, EncodeError> {
    let mut value = serde_json::to_value(entry).map_err(|_| EncodeError::Shape)?;
    let object = value.as_object_mut().ok_or(EncodeError::Shape)?;
    object.insert("v".to_owned(), VERSION.into());
    // Sorted already, unless some other crate of the program asked serde_json to keep the order of insertion.
    value.sort_all_objects();
    if !numbers_are_exact(&value) {
        return Err(EncodeError::Number);
    }
    let bytes = serde_json::to_vec(&value).map_err(|_| EncodeError::Shape)?;
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(EncodeError::TooLong { bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Reads an entry of this version or an older one.
///
/// # Errors
/// When the bytes are no entry, or a newer one.
pub fn decode(bytes: &[u8]) -> Result<Entry, DecodeError> {
    decode_versioned(bytes).map(|(_, entry)| entry)
}

/// The same, with the version that the entry was written in.
pub(crate) fn decode_versioned(bytes: &[u8]) -> Result<(u64, Entry), DecodeError> {
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(DecodeError::TooLong { bytes: bytes.len() });
    }
    let malformed = |error: serde_json::Error| DecodeError::Malformed(error.to_string());
    let version: Version = serde_json::from_slice(bytes).map_err(malformed)?;
    match version.v {
        1..=VERSION => serde_json::from_slice(bytes).map(|entry| (version.v, entry)).map_err(malformed),
        found if found > VERSION => Err(DecodeError::Newer { found }),
        _ => Err(DecodeError::Malformed("version 0 was never written".to_owned())),
    }
}

/// RFC 6962 §2.1: the hash of a leaf is `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update([0_u8]).chain_update(entry).finalize();
    Digest::from_bytes(hash.into())
}

#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// RFC 8785 numbers are IEEE 754 doubles: integers are exact up to 2⁵³ − 1, and entries hold no fractions.
fn numbers_are_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.as_i64().is_some_and(|number| number.unsigned_abs() <= ENTRY_USD_NANOS_MAX.unsigned_abs())
        }
        Value::Array(items) => items.iter().all(numbers_are_exact),
        Value::Object(fields) => fields.values().all(numbers_are_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests;
