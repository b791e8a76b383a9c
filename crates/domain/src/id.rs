//! Identifiers: a prefix that names the noun, then a ULID (48 bits of milliseconds, 80 random bits) in Crockford base 32.
//!
//! Source of the format: the ULID specification (github.com/ulid/spec). Ids of one kind sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Time;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ULID_LEN: usize = 26;
const RANDOM_MASK: u128 = (1 << 80) - 1;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text does not start with the prefix of this kind of id.
    #[error("expected an id that starts with `{expected}_`")]
    Prefix {
        /// The prefix wanted, without its underscore.
        expected: &'static str,
    },
    /// The part after the prefix has the wrong length.
    #[error("expected 26 characters after the prefix, found {found}")]
    Length {
        /// How many characters were found.
        found: usize,
    },
    /// A character outside Crockford's base 32 (upper case, without I, L, O and U).
    #[error("character {position} is not upper-case Crockford base 32")]
    Character {
        /// Where it stands, counted from 1 after the prefix.
        position: usize,
    },
    /// The value does not fit in 128 bits (the first character is above 7).
    #[error("the value is larger than 128 bits")]
    Overflow,
}

/// Puts a ULID together from a time and 80 random bits (the upper bits of `random` are ignored).
fn ulid(at: Time, random: u128) -> u128 {
    let millis = u128::from(at.unix_millis().max(0).unsigned_abs()) & ((1 << 48) - 1);
    (millis << 80) | (random & RANDOM_MASK)
}

fn encode(value: u128) -> [u8; ULID_LEN] {
    let mut text = [0_u8; ULID_LEN];
    for (index, slot) in text.iter_mut().enumerate() {
        let shift = 5 * (ULID_LEN - 1 - index);
        *slot = ALPHABET[((value >> shift) & 31) as usize];
    }
    text
}

fn decode(text: &str) -> Result<u128, IdError> {
    if text.len() != ULID_LEN {
        return Err(IdError::Length { found: text.chars().count() });
    }
    let mut value = 0_u128;
    for (index, byte) in text.bytes().enumerate() {
        let digit =
            ALPHABET.iter().position(|&known| known == byte).ok_or(IdError::Character { position: index + 1 })?;
        if index == 0 && digit > 7 {
            return Err(IdError::Overflow);
        }
        value = (value << 5) | digit as u128;
    }
    Ok(value)
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// What every id of this kind starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from the time it is made at and 80 random bits (upper bits of `random` are ignored).
            pub fn new(at: Time, random: u128) -> Self {
                Self(ulid(at, random))
            }

            /// The ULID as a number, for formats that carry 16 bytes.
            pub const fn as_u128(self) -> u128 {
                self.0
            }

            /// When it was made, by the clock of whoever made it.
            pub fn made_at(self) -> Time {
                Time::from_unix_millis(i64::try_from(self.0 >> 80).unwrap_or(i64::MAX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                encode(self.0).iter().try_for_each(|&byte| fmt::Write::write_char(f, char::from(byte)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let rest = text
                    .strip_prefix(concat!($prefix, "_"))
                    .ok_or(IdError::Prefix { expected: $prefix })?;
                decode(rest).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id_type!(
    /// One run of one agent by one developer for one project.
    SessionId, "ses"
);
id_type!(
    /// A human. Pseudonymous: names and addresses live elsewhere.
    DeveloperId, "dev"
);
id_type!(
    /// What work is for.
    ProjectId, "prj"
);
id_type!(
    /// A group of developers.
    TeamId, "team"
);
id_type!(
    /// One model request.
    CallId, "call"
);
id_type!(
    /// One run of one writ process.
    NodeId, "node"
);
id_type!(
    /// One HTTP request to writ; returned as `request-id`.
    RequestId, "req"
);
id_type!(
    /// One sign-in of a developer on one machine or browser.
    SignInId, "sin"
);
id_type!(
    /// One credential that a broker made for a session.
    CredentialId, "cred"
);
id_type!(
    /// One request for locks.
    TicketId, "tkt"
);

#[cfg(test)]
mod tests;
