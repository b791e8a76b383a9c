//! Secrets that writ hands out: a scanner-friendly prefix, 43 random base-62 characters and a 6-character checksum.
//!
//! The shape follows the practice of forges (prefix names issuer and kind, CRC-32 of everything before it at the end),
//! so that secret scanners find a leaked token without false alarms. A token does not print and is stored only as a digest.

use std::fmt;
use std::str::FromStr;

use crate::Digest;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LEN: usize = 43;
const CHECKSUM_LEN: usize = 6;
const PREFIX_LEN: usize = 9;
const TOKEN_LEN: usize = PREFIX_LEN + RANDOM_LEN + CHECKSUM_LEN;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    /// The bearer of one agent session, useful only at writ.
    Session,
    /// A developer's sign-in on one machine or browser.
    SignIn,
    /// The one-time right to create the first administrator.
    Bootstrap,
}

impl TokenKind {
    const ALL: [Self; 3] = [Self::Session, Self::SignIn, Self::Bootstrap];

    /// What tokens of this kind start with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Session => "writ_ses_",
            Self::SignIn => "writ_sin_",
            Self::Bootstrap => "writ_bts_",
        }
    }
}

/// A secret token. `Debug` shows its kind only; [`Token::expose`] is the one way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    kind: TokenKind,
    text: String,
}

/// Why a text is not a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It starts with no prefix that writ uses.
    #[error("not a writ token (expected it to start with `writ_`)")]
    Prefix,
    /// It is too short or too long.
    #[error("a writ token has {TOKEN_LEN} characters, this one has {found}")]
    Length {
        /// How many characters it has.
        found: usize,
    },
    /// Its checksum does not match: a typing or copying error.
    #[error("the token's checksum does not match: it was cut or mistyped")]
    Checksum,
}

impl Token {
    /// Makes a token from 32 random bytes.
    pub fn new(kind: TokenKind, random: [u8; 32]) -> Self {
        let mut text = String::with_capacity(TOKEN_LEN);
        text.push_str(kind.prefix());
        push_base62_bytes(&mut text, random);
        let checksum = crc32(text.as_bytes());
        push_base62(&mut text, u64::from(checksum), CHECKSUM_LEN);
        Self { kind, text }
    }

    /// What this token is for.
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The secret itself: for the one answer that hands it over, or the child's settings.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What is stored and compared instead of the token.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.kind.prefix())
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let kind = TokenKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix())).ok_or(TokenError::Prefix)?;
        if text.len() != TOKEN_LEN || !text.is_ascii() {
            return Err(TokenError::Length { found: text.chars().count() });
        }
        let (body, checksum) = text.split_at(TOKEN_LEN - CHECKSUM_LEN);
        let mut expected = String::with_capacity(CHECKSUM_LEN);
        push_base62(&mut expected, u64::from(crc32(body.as_bytes())), CHECKSUM_LEN);
        if checksum != expected {
            return Err(TokenError::Checksum);
        }
        Ok(Self { kind, text: text.to_owned() })
    }
}

fn push_base62(text: &mut String, mut value: u64, width: usize) {
    let mut digits = [b'0'; 11];
    for slot in digits.iter_mut().rev() {
        *slot = BASE62[(value % 62) as usize];
        value /= 62;
    }
    text.extend(digits[digits.len() - width..].iter().map(|&digit| char::from(digit)));
}

/// Writes 256 bits as 43 base-62 digits by long division, most significant first.
fn push_base62_bytes(text: &mut String, mut number: [u8; 32]) {
    let mut digits = [b'0'; RANDOM_LEN];
    for slot in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let current = rest << 8 | u32::from(*byte);
            *byte = (current / 62) as u8;
            rest = current % 62;
        }
        *slot = BASE62[rest as usize];
    }
    text.extend(digits.iter().map(|&digit| char::from(digit)));
}

/// CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320), bit by bit: tokens are short.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests;
