//! Whom a token is for, in the relying party's own words.

use std::fmt;
use std::str::FromStr;

use super::limits::AUDIENCE_CHARS_MAX;

/// The value of `aud` that a relying party takes: 1 to [`AUDIENCE_CHARS_MAX`] visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Audience(String);

/// Why a text is no audience.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an audience has 1 to {AUDIENCE_CHARS_MAX} visible ASCII characters without spaces, quotes and backslashes")]
pub struct AudienceError;

// === impl Audience ===

impl Audience {
    /// The audience as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'\'' | b'`');
        if (1..=AUDIENCE_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AudienceError)
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
