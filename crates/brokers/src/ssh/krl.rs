//! Lists of revoked certificates, by their serial numbers: OpenSSH's PROTOCOL.krl, what `RevokedKeys` of sshd_config(5)
//! names and `ssh-keygen -Q` reads.
//!
//! The same numbers give the same bytes. Where numbers lie close together they take a range or a bitmap, elsewhere eight
//! bytes each.

mod groups;
mod read;

use std::collections::BTreeSet;

use groups::{Group, groups};

use super::limits::{KRL_COMMENT_BYTES_MAX, KRL_SERIALS_MAX};
use super::public_key::SshPublicKey;
use super::wire::Writer;

pub use read::Krl;

/// `SSHKRL\n\0`.
const MAGIC: u64 = 0x5353_484b_524c_0a00;
const FORMAT: u32 = 1;
/// Types of sections, and of what a section about certificates holds.
const CERTIFICATES: u8 = 1;
const SERIAL_LIST: u8 = 0x20;
const SERIAL_RANGE: u8 = 0x21;
const SERIAL_BITMAP: u8 = 0x22;

/// What stands in front of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KrlHead {
    /// Its version: a later list has a larger one.
    pub version: u64,
    /// When it was made, in Unix seconds.
    pub made_at: u64,
    /// For whom looks into it: no control characters, at most 256 bytes.
    pub comment: String,
}

/// Why there is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KrlError {
    /// A certificate without a number cannot be revoked by its number.
    #[error("a certificate with the serial number 0 cannot be revoked")]
    Zero,
    /// More than a list may have.
    #[error("{found} revoked certificates are too many for one list, the limit is {KRL_SERIALS_MAX}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// The comment is not a short line of text.
    #[error("the comment of a list is a line of at most {KRL_COMMENT_BYTES_MAX} bytes")]
    Comment,
}

/// Writes the list of these serial numbers: of one authority's certificates, or of every authority's that a host trusts.
///
/// # Errors
/// Too many numbers, or one is zero, or the comment is no short line.
pub fn write_krl(
    head: &KrlHead,
    authority: Option<&SshPublicKey>,
    serials: &BTreeSet<u64>,
) -> Result<Vec<u8>, KrlError> {
    if serials.first() == Some(&0) {
        return Err(KrlError::Zero);
    }
    if serials.len() > KRL_SERIALS_MAX {
        return Err(KrlError::TooMany { found: serials.len() });
    }
    if head.comment.len() > KRL_COMMENT_BYTES_MAX || head.comment.chars().any(char::is_control) {
        return Err(KrlError::Comment);
    }
    let start = Writer::new()
        .u64(MAGIC)
        .u32(FORMAT)
        .u64(head.version)
        .u64(head.made_at)
        .u64(0) // flags
        .string(&[]) // reserved
        .string(head.comment.as_bytes());
    if serials.is_empty() {
        return Ok(start.into_bytes());
    }
    let authority = authority.map(SshPublicKey::blob).unwrap_or_default();
    let section = Writer::new().string(&authority).string(&[]);
    let section = groups(serials).iter().fold(section, |writer, group| group.write(writer));
    Ok(start.byte(CERTIFICATES).string(&section.into_bytes()).into_bytes())
}

// === impl Group ===

impl Group {
    fn write(&self, writer: Writer) -> Writer {
        let (kind, body) = match self {
            Self::List(serials) => (SERIAL_LIST, serials.iter().fold(Writer::new(), |body, &serial| body.u64(serial))),
            Self::Range { first, last } => (SERIAL_RANGE, Writer::new().u64(*first).u64(*last)),
            Self::Bitmap { first, bits } => (SERIAL_BITMAP, Writer::new().u64(*first).string(bits)),
        };
        writer.byte(kind).string(&body.into_bytes())
    }
}

#[cfg(test)]
mod tests;
