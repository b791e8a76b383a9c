//! Keys of signed notes: C2SP signed-note, "Signature types" and "Verifier keys"; the private form is the one of Go's
//! `golang.org/x/mod/sumdb/note`.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use domain::Digest;
use zeroize::Zeroizing;

use crate::limits::KEY_NAME_BYTES_MAX;
use crate::text;

/// Bytes of an Ed25519 seed and of an Ed25519 public key.
pub const ED25519_KEY_BYTES: usize = 32;
/// What the private form of a key starts with; secret scanners find it.
pub const PRIVATE_KEY_PREFIX: &str = "PRIVATE+KEY+";

/// Characters of a written key: the name, eight digits, an algorithm and 32 bytes in base64, and what is between them.
const KEY_CHARS_MAX: usize = PRIVATE_KEY_PREFIX.len() + KEY_NAME_BYTES_MAX + 64;

/// How a key signs: the signature type byte of signed-note. ML-DSA-44 (`0x06`) will be one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `0x01`: Ed25519 over the note's text. Logs sign with it.
    Ed25519,
    /// `0x04`: Ed25519 over a time and the text (tlog-cosignature). Witnesses sign with it.
    Ed25519Cosignature,
}

/// Four bytes that tell keys of one name apart. Not a fingerprint: anybody can make a key with a given one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

/// A public key with its name: `<name>+<hex id>+<base64(algorithm ‖ key)>`, a "vkey".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: String,
    id: KeyId,
    algorithm: Algorithm,
    public: [u8; ED25519_KEY_BYTES],
}

/// A private key with its name, for one algorithm. Prints its public half only; the seed is wiped when it is dropped.
pub(crate) struct SecretKey {
    seed: Zeroizing<[u8; ED25519_KEY_BYTES]>,
    pair: Ed25519KeyPair,
    public: VerifierKey,
}

/// Why a text is no key, or a key does not sign. Never says anything about a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name cannot stand in a signature line.
    #[error("a key's name is 1 to {KEY_NAME_BYTES_MAX} bytes without spaces, control characters and `+`")]
    Name,
    /// Not a name, an id and a key.
    #[error("not a key: expected a name, eight hexadecimal digits and base64, with `+` between them")]
    Form,
    /// An algorithm that this release does not know.
    #[error("signature type 0x{0:02x} is not known here: 0x01 (Ed25519) and 0x04 (Ed25519 cosignature) are")]
    Algorithm(u8),
    /// The right form for the other purpose.
    #[error("the key is for {found}, here one for {expected} is needed")]
    Purpose {
        /// What the key is for.
        found: Algorithm,
        /// What it should be for.
        expected: Algorithm,
    },
    /// The id is not the one of this name and key.
    #[error("the key's id does not belong to its name and key")]
    Id,
    /// The key's bytes are no key.
    #[error("the key is not an Ed25519 key")]
    Rejected,
    /// The provider did not sign.
    #[error("cannot sign")]
    Sign,
}

/// Signed-note's rule for names in signature lines, which may be strangers'.
pub(crate) fn is_note_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|char| char == '+' || char.is_whitespace())
}

/// The rule for names of keys that we hold or trust.
fn is_key_name(name: &str) -> bool {
    is_note_name(name) && name.len() <= KEY_NAME_BYTES_MAX && !name.chars().any(char::is_control)
}

// === impl Algorithm ===

impl Algorithm {
    /// Its signature type byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Ed25519Cosignature => 0x04,
        }
    }

    /// The algorithm with this signature type byte.
    ///
    /// # Errors
    /// This release does not know it.
    pub const fn from_byte(byte: u8) -> Result<Self, KeyError> {
        match byte {
            0x01 => Ok(Self::Ed25519),
            0x04 => Ok(Self::Ed25519Cosignature),
            _ => Err(KeyError::Algorithm(byte)),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "signing notes (Ed25519)",
            Self::Ed25519Cosignature => "cosigning checkpoints (Ed25519)",
        })
    }
}

// === impl KeyId ===

impl KeyId {
    /// An id from its bytes.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Its four bytes.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }

    /// `SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)[:4]`.
    fn of(name: &str, algorithm: Algorithm, public: &[u8]) -> Self {
        let hash = Digest::of(&[name.as_bytes(), b"\n", &[algorithm.byte()], public].concat());
        let [a, b, c, d, ..] = *hash.as_bytes();
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let hexadecimal = text.len() == 8 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        let number = u32::from_str_radix(text, 16).map_err(|_| KeyError::Form)?;
        if hexadecimal { Ok(Self(number.to_be_bytes())) } else { Err(KeyError::Form) }
    }
}

// === impl VerifierKey ===

impl VerifierKey {
    /// A key from its parts.
    ///
    /// # Errors
    /// The name cannot be used.
    pub fn new(name: &str, algorithm: Algorithm, public: [u8; ED25519_KEY_BYTES]) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        Ok(Self { name: name.to_owned(), id: KeyId::of(name, algorithm, &public), algorithm, public })
    }

    /// Its name: a log's origin, or what a witness is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells it from other keys of its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The Ed25519 public key.
    pub fn public(&self) -> &[u8; ED25519_KEY_BYTES] {
        &self.public
    }

    /// The same key, if it is one for this purpose.
    ///
    /// # Errors
    /// It is for another one.
    pub fn expect_for(self, expected: Algorithm) -> Result<Self, KeyError> {
        if self.algorithm == expected { Ok(self) } else { Err(KeyError::Purpose { found: self.algorithm, expected }) }
    }

    /// Whether these 64 bytes are this key's Ed25519 signature of the message.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm.byte()], self.public.as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, text::base64(&key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, algorithm, public) = parts(text)?;
        let key = Self::new(name, algorithm, *public)?;
        if key.id == id { Ok(key) } else { Err(KeyError::Id) }
    }
}

// === impl SecretKey ===

impl SecretKey {
    pub(crate) fn from_seed(
        name: &str,
        algorithm: Algorithm,
        seed: &[u8; ED25519_KEY_BYTES],
    ) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Rejected)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Rejected)?;
        let public = VerifierKey::new(name, algorithm, public)?;
        Ok(Self { seed: Zeroizing::new(*seed), pair, public })
    }

    /// Reads `PRIVATE+KEY+<name>+<hex id>+<base64(algorithm ‖ seed)>`.
    pub(crate) fn from_private(text: &str, expected: Algorithm) -> Result<Self, KeyError> {
        let rest = text.strip_prefix(PRIVATE_KEY_PREFIX).ok_or(KeyError::Form)?;
        let (name, id, found, seed) = parts(rest)?;
        if found != expected {
            return Err(KeyError::Purpose { found, expected });
        }
        let key = Self::from_seed(name, found, &seed)?;
        if key.public.id == id { Ok(key) } else { Err(KeyError::Id) }
    }

    pub(crate) fn to_private(&self) -> Zeroizing<String> {
        let mut key = Zeroizing::new([self.public.algorithm.byte(); 1 + ED25519_KEY_BYTES]);
        key[1..].copy_from_slice(self.seed.as_slice());
        let base64 = Zeroizing::new(text::base64(key.as_slice()));
        Zeroizing::new(format!("{PRIVATE_KEY_PREFIX}{}+{}+{}", self.public.name, self.public.id, *base64))
    }

    pub(crate) fn public(&self) -> &VerifierKey {
        &self.public
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.try_sign(message).map_err(|_| KeyError::Sign)?;
        Ok(signature.as_ref().to_vec())
    }
}

/// Name, id, algorithm and key of `<name>+<hex>+<base64(algorithm ‖ key)>`. Base64 may hold a `+` of its own.
type Parts<'a> = (&'a str, KeyId, Algorithm, Zeroizing<[u8; ED25519_KEY_BYTES]>);

fn parts(text: &str) -> Result<Parts<'_>, KeyError> {
    if text.len() > KEY_CHARS_MAX {
        return Err(KeyError::Form);
    }
    let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
    let (id, key) = rest.split_once('+').ok_or(KeyError::Form)?;
    if !is_key_name(name) {
        return Err(KeyError::Name);
    }
    let key = Zeroizing::new(text::bytes(key).ok_or(KeyError::Form)?);
    let (&algorithm, key) = key.split_first().ok_or(KeyError::Form)?;
    let algorithm = Algorithm::from_byte(algorithm)?;
    let key: [u8; ED25519_KEY_BYTES] = key.try_into().map_err(|_| KeyError::Rejected)?;
    Ok((name, id.parse()?, algorithm, Zeroizing::new(key)))
}

#[cfg(test)]
mod tests;
