//! What a push asks for: the refs it moves, and what it says besides.

use std::fmt;

/// The full id of an object, in hexadecimal: SHA-1 or SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ObjectId(String);

/// A ref and where it is to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    /// Where it is; all zeros: nowhere yet.
    pub(crate) old: ObjectId,
    /// Where it is to be; all zeros: nowhere any more.
    pub(crate) new: ObjectId,
    /// Its full name.
    pub(crate) name: String,
}

/// Options of a push that are meant for writ: `git push -o writ.session=… -o writ.token=…`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The session it says it is: a claim.
    pub(crate) session: Option<String>,
    /// The fencing tokens it relies on.
    pub(crate) tokens: Vec<u64>,
    /// A token of the session's for this gate.
    pub(crate) proof: Option<zeroize::Zeroizing<String>>,
}

/// Why something is not understood: a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Strange(pub(crate) String);

/// What options for writ begin with.
pub(crate) const OPTION_PREFIX: &str = "writ.";

// === impl ObjectId ===

impl ObjectId {
    /// Reads a full id.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let is_id = matches!(text.len(), 40 | 64) && text.iter().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self(String::from_utf8_lossy(text).to_ascii_lowercase()))
    }

    /// Whether it stands for no object.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'0')
    }

    /// In hexadecimal.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Update ===

impl Update {
    /// Reads `OLD SP NEW SP NAME`: githooks(5), "pre-receive", and gitprotocol-pack(5), "Reference Update Request".
    ///
    /// # Errors
    /// It is no such line, or the name is not one that git allows in text.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Strange> {
        let strange = || Strange("git's list of refs to update is not understood".to_owned());
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let mut word = || words.next().ok_or_else(strange);
        let (old, new, name) = (word()?, word()?, word()?);
        let (old, new) = (ObjectId::parse(old).ok_or_else(strange)?, ObjectId::parse(new).ok_or_else(strange)?);
        let name = std::str::from_utf8(name).map_err(|_| Strange("the name of a ref is not UTF-8".to_owned()))?;
        if !is_name(name) {
            return Err(Strange(format!("`{}` is not the name of a ref", name.escape_debug())));
        }
        Ok(Self { old, new, name: name.to_owned() })
    }
}

/// What git-check-ref-format(1) leaves of names, as far as anything here depends on it.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !" ~^:?*[\\".contains(c);
    name.starts_with("refs/")
        && name.len() <= super::limits::REF_BYTES_MAX
        && name.chars().all(is_plain)
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
}

// === impl Options ===

impl Options {
    /// Takes those that are meant for writ; others are the server's business.
    ///
    /// # Errors
    /// One for writ that is not known, or a token that is no number: nothing is guessed.
    pub(crate) fn read<'a>(options: impl IntoIterator<Item = &'a str>) -> Result<Self, Strange> {
        let mut read = Self::default();
        for option in options {
            let Some(named) = option.strip_prefix(OPTION_PREFIX) else { continue };
            let (name, value) = named.split_once('=').unwrap_or((named, ""));
            match name {
                "session" => read.session = Some(value.to_owned()),
                "token" => read.tokens.push(number(value)?),
                "proof" => read.proof = Some(zeroize::Zeroizing::new(value.to_owned())),
                _ => {
                    let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                    return Err(Strange(format!(
                        "the push option `writ.{name}` is not known here: session, token and proof are"
                    )));
                }
            }
        }
        read.tokens.sort_unstable();
        read.tokens.dedup();
        if read.tokens.len() > super::limits::TOKENS_MAX {
            return Err(Strange(format!("a push relies on at most {} tokens", super::limits::TOKENS_MAX)));
        }
        Ok(read)
    }
}

fn number(text: &str) -> Result<u64, Strange> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.ok_or_else(|| Strange("the push option `writ.token` is not a number".to_owned()))
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("session", &self.session)
            .field("tokens", &self.tokens)
            .field("proof", &self.proof.as_ref().map(|_| ".."))
            .finish()
    }
}

#[cfg(test)]
mod tests;
