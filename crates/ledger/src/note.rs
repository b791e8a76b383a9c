//! Signed notes: C2SP signed-note v1.0.0.

use std::fmt;

use zeroize::Zeroizing;

use crate::cosignature;
use crate::key::{Algorithm, ED25519_KEY_BYTES, KeyError, KeyId, SecretKey, VerifierKey, is_note_name};
use crate::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};
use crate::text;

/// How a signature line starts: U+2014 and a space.
const LINE_START: &str = "— ";

/// A text with signatures below it. There is one way to write each: what is parsed is written again byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    name: String,
    id: KeyId,
    bytes: Vec<u8>,
}

/// A signature that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The key that made it.
    pub key: &'a VerifierKey,
    /// The line it is in.
    pub signature: &'a Signature,
    /// When it was made, in seconds since the epoch: cosignatures say it.
    pub time_s: Option<u64>,
}

/// Why bytes are no note, or no note to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Too long to look at.
    #[error("a note of {bytes} bytes is too long, the limit is {NOTE_BYTES_MAX}")]
    TooLong {
        /// How many bytes there are.
        bytes: usize,
    },
    /// A byte that no note has.
    #[error("a note is UTF-8 without control characters other than newline")]
    Characters,
    /// No text, no empty line, or no final newline.
    #[error("a note is a text, an empty line and signature lines, each ended by a newline")]
    Form,
    /// A line below the empty one that is no signature.
    #[error("signature line {line} of the note is malformed")]
    SignatureLine {
        /// Which one, from 1.
        line: usize,
    },
    /// More lines than anybody needs.
    #[error("the note has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A known key's name and id, and not its signature.
    #[error("the signature of `{name}` (key {id}) is false")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        id: KeyId,
    },
    /// Nobody known signed it.
    #[error("the note is not signed by a known key")]
    Unsigned,
}

/// A log's private key: signs notes. Prints its public half only.
pub struct Signer(SecretKey);

// === impl Note ===

impl Note {
    /// A note without signatures: only worth something once [`Note::push`] added one.
    ///
    /// # Errors
    /// The text is too long, has control characters, or does not end in a newline.
    pub fn new(text: &str) -> Result<Self, NoteError> {
        check_characters(text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::Form);
        }
        Ok(Self { text: text.to_owned(), signatures: Vec::new() })
    }

    /// Reads a signed note. No signature is checked yet: the text must not be believed before [`Note::verify`].
    ///
    /// # Errors
    /// The bytes are not a note with at least one signature line.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong { bytes: bytes.len() });
        }
        let note = str::from_utf8(bytes).map_err(|_| NoteError::Characters)?;
        check_characters(note)?;
        // The last empty line is the border: the text may have empty lines of its own.
        let border = note.rfind("\n\n").ok_or(NoteError::Form)?;
        let (text, signatures) = (&note[..=border], &note[border + 2..]);
        Ok(Self { text: text.to_owned(), signatures: Signature::parse_lines(signatures)? })
    }

    /// The text, with its final newline and without the empty line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, as they are: known or not, true or false.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature below the others; one that is there already is not added again.
    ///
    /// # Errors
    /// There are as many as a note may have.
    pub fn push(&mut self, signature: Signature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() == NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Checks the signatures of known keys and returns them in the note's order; those of unknown keys are ignored.
    ///
    /// # Errors
    /// A known key's signature is false, or no known key signed.
    pub fn verify<'a>(
        &'a self,
        keys: impl IntoIterator<Item = &'a VerifierKey>,
    ) -> Result<Vec<Verified<'a>>, NoteError> {
        let keys: Vec<&VerifierKey> = keys.into_iter().collect();
        let mut verified = Vec::new();
        for signature in &self.signatures {
            // Two keys may share a name and an id by accident; then both must have signed, as with one key twice.
            for key in keys.iter().filter(|key| signature.claims(key)) {
                verified.push(signature.verify(&self.text, key)?);
            }
        }
        if verified.is_empty() { Err(NoteError::Unsigned) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong { bytes: text.len() });
    }
    let plain = text.bytes().all(|byte| byte >= 0x20 || byte == b'\n');
    if plain { Ok(()) } else { Err(NoteError::Characters) }
}

// === impl Signature ===

impl Signature {
    pub(crate) fn new(key: &VerifierKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), bytes }
    }

    /// Lines that are signatures and nothing else, at least one: the end of a note, or a witness's answer.
    ///
    /// # Errors
    /// There is none or one too many, or a line is malformed.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, NoteError> {
        let lines = text.strip_suffix('\n').ok_or(NoteError::Form)?;
        let mut signatures = Vec::new();
        for (at, line) in lines.split('\n').enumerate() {
            if at == NOTE_SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(Self::parse_line(line).ok_or(NoteError::SignatureLine { line: at + 1 })?);
        }
        Ok(signatures)
    }

    /// The name of the key it says it was made with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key it says it was made with.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The signature's bytes, without the id.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it says that it was made with this key.
    pub fn claims(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }

    fn parse_line(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(LINE_START)?.split_once(' ')?;
        let bytes = text::bytes(base64)?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        let usable = is_note_name(name) && !bytes.is_empty();
        usable.then(|| Self { name: name.to_owned(), id: KeyId::from_bytes(*id), bytes: bytes.to_vec() })
    }

    fn verify<'a>(&'a self, text: &str, key: &'a VerifierKey) -> Result<Verified<'a>, NoteError> {
        let time_s = match key.algorithm() {
            Algorithm::Ed25519 => key.has_signed(text.as_bytes(), &self.bytes).then_some(None),
            Algorithm::Ed25519Cosignature => cosignature::verified_time_s(key, text, &self.bytes).map(Some),
        };
        let bad = || NoteError::BadSignature { name: self.name.clone(), id: self.id };
        Ok(Verified { key, signature: self, time_s: time_s.ok_or_else(bad)? })
    }
}

impl fmt::Display for Signature {
    /// The line, without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.as_bytes().as_slice(), &self.bytes].concat();
        write!(f, "{LINE_START}{} {}", self.name, text::base64(&bytes))
    }
}

// === impl Signer ===

impl Signer {
    /// A key from its seed: 32 random bytes that nobody else knows.
    ///
    /// # Errors
    /// The name cannot be used.
    pub fn from_seed(name: &str, seed: &[u8; ED25519_KEY_BYTES]) -> Result<Self, KeyError> {
        SecretKey::from_seed(name, Algorithm::Ed25519, seed).map(Self)
    }

    /// A key that was stored in its private form.
    ///
    /// # Errors
    /// The text is not a private key for signing notes.
    pub fn from_private_key(text: &str) -> Result<Self, KeyError> {
        SecretKey::from_private(text, Algorithm::Ed25519).map(Self)
    }

    /// The private form, to be stored: `PRIVATE+KEY+<name>+<id>+<base64>`.
    pub fn to_private_key(&self) -> Zeroizing<String> {
        self.0.to_private()
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        self.0.public()
    }

    /// Signs a text that ends in a newline.
    ///
    /// # Errors
    /// The crypto provider failed.
    pub fn sign(&self, text: &str) -> Result<Signature, KeyError> {
        Ok(Signature::new(self.0.public(), self.0.sign(text.as_bytes())?))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(self.0.public()).finish()
    }
}

#[cfg(test)]
mod tests;
