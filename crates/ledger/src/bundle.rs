//! Entries as they are served: C2SP tlog-tiles, "Log entries". Each has its length in front, 16 bits, big-endian.

use domain::limits::ENTRY_BYTES_MAX;

use crate::tile::TILE_WIDTH;

/// Bytes of the largest bundle: 256 entries of 65,535 bytes with their lengths.
pub const BUNDLE_BYTES_MAX: usize = TILE_WIDTH as usize * (2 + ENTRY_BYTES_MAX);

/// Why entries are no bundle, or bytes are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry's length does not fit.
    #[error("entry {at} of the bundle has {bytes} bytes, the limit is {ENTRY_BYTES_MAX}")]
    TooLong {
        /// Which one, from 0.
        at: usize,
        /// Its length.
        bytes: usize,
    },
    /// More or fewer than expected.
    #[error("the bundle has {found} entries, not {expected}")]
    Count {
        /// How many there should be.
        expected: usize,
        /// How many there are, counted up to one too many.
        found: usize,
    },
    /// The bytes end inside an entry.
    #[error("the bundle ends inside entry {at}")]
    Truncated {
        /// Which one, from 0.
        at: usize,
    },
}

/// Entries as the bytes of a bundle.
///
/// # Errors
/// There are none or more than 256, or one is longer than 65,535 bytes.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BundleError> {
    let width = usize::from(TILE_WIDTH);
    if entries.is_empty() || entries.len() > width {
        return Err(BundleError::Count { expected: width, found: entries.len() });
    }
    let bytes = entries.iter().map(|entry| 2 + entry.as_ref().len()).sum();
    let mut bundle = Vec::with_capacity(bytes);
    for (at, entry) in entries.iter().map(AsRef::as_ref).enumerate() {
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::TooLong { at, bytes: entry.len() })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle that has exactly `width` of them.
///
/// # Errors
/// The bytes end early or go on, counted in entries.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let expected = usize::from(width);
    let mut entries = Vec::with_capacity(expected.min(usize::from(TILE_WIDTH)));
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = entries.len();
        if at == expected {
            return Err(BundleError::Count { expected, found: at + 1 });
        }
        let (length, after) = rest.split_first_chunk::<2>().ok_or(BundleError::Truncated { at })?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(BundleError::Truncated { at })?;
        entries.push(entry);
        rest = after;
    }
    if entries.len() == expected { Ok(entries) } else { Err(BundleError::Count { expected, found: entries.len() }) }
}

#[cfg(test)]
mod tests;
