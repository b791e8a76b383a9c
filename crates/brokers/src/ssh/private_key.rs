//! A private key as `ssh-keygen` writes it: OpenSSH's PROTOCOL.key, one Ed25519 key, without a passphrase.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::key::SshKey;
use super::limits::PRIVATE_KEY_BYTES_MAX;
use super::public_key::KEY_ALGORITHM;
use super::wire::{Malformed, Reader};

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8; 15] = b"openssh-key-v1\0";

/// Why a text is not a private key that can be used. Never says anything about the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// Not in the format.
    #[error("not a private key as `ssh-keygen` writes it: expected `{BEGIN}` and its base64")]
    Malformed,
    /// Under a passphrase.
    #[error("the private key has a passphrase: take it off with `ssh-keygen -p`")]
    Encrypted,
    /// RSA and the like.
    #[error("not an Ed25519 key: make one with `ssh-keygen -t ed25519`")]
    OtherAlgorithm,
}

impl From<Malformed> for PrivateKeyError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl SshKey {
    /// Reads a private key file of OpenSSH's.
    ///
    /// # Errors
    /// It is something else, has a passphrase, or is not an Ed25519 key.
    pub fn from_openssh(text: &str) -> Result<Self, PrivateKeyError> {
        let inside = text.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
        let inside = inside.filter(|inside| inside.len() <= PRIVATE_KEY_BYTES_MAX * 2).ok_or(Malformed)?;
        // Made large enough at once: a string that grows leaves copies behind.
        let mut base64 = Zeroizing::new(String::with_capacity(inside.len()));
        base64.extend(inside.split_ascii_whitespace());
        let blob = Zeroizing::new(STANDARD.decode(base64.as_bytes()).map_err(|_| Malformed)?);
        let mut reader = Reader::new(&blob);
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(PrivateKeyError::Malformed);
        }
        let (cipher, derivation, _options) = (reader.string()?, reader.string()?, reader.string()?);
        if cipher != b"none" || derivation != b"none" {
            return Err(PrivateKeyError::Encrypted);
        }
        if reader.u32()? != 1 {
            return Err(PrivateKeyError::Malformed);
        }
        let public = reader.string()?;
        let key = read_pair(Reader::new(reader.string()?))?;
        reader.end()?;
        if key.public().blob() == public { Ok(key) } else { Err(PrivateKeyError::Malformed) }
    }
}

/// Section 3: two equal numbers, the key, its comment, and padding that counts up from one.
fn read_pair(mut reader: Reader<'_>) -> Result<SshKey, PrivateKeyError> {
    if reader.u32()? != reader.u32()? {
        return Err(PrivateKeyError::Malformed);
    }
    if reader.string()? != KEY_ALGORITHM.as_bytes() {
        return Err(PrivateKeyError::OtherAlgorithm);
    }
    let point = reader.string()?;
    // The seed and the point, one after the other: draft-miller-ssh-agent, section 3.2.3.
    let (seed, again) = reader.string()?.split_first_chunk::<32>().ok_or(Malformed)?;
    let _comment = reader.string()?;
    let padding = reader.take(reader.left())?;
    let counts_up = padding.iter().zip(1..).all(|(&byte, expected): (_, u8)| byte == expected);
    let key = SshKey::from_seed(seed).map_err(|_| Malformed)?;
    let is_whole = point == key.public().point() && again == point && counts_up;
    if is_whole { Ok(key) } else { Err(PrivateKeyError::Malformed) }
}
