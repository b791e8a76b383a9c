//! The three spellings that every format here shares, each with exactly one way to write a value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;

/// RFC 4648 §4 base64, with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64 in its canonical form only: padded, and with the unused bits zero.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A SHA-256 hash in canonical base64.
pub(crate) fn hash(text: &str) -> Option<Digest> {
    let bytes: [u8; 32] = bytes(text)?.try_into().ok()?;
    Some(Digest::from_bytes(bytes))
}

/// A decimal number without sign, space or leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok())?
}

/// A text that ends in a newline, without it. None when it does not, or when it has bytes that no format here allows.
pub(crate) fn whole_lines(text: &str) -> Option<&str> {
    let plain = text.bytes().all(|byte| byte >= 0x20 || byte == b'\n');
    if plain { text.strip_suffix('\n') } else { None }
}
