//! Keys and certificates as one line of text: `algorithm base64 [comment]`, as in `id_ed25519.pub`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The bytes of a line that names `algorithm`; none if it is another line, or too long.
pub(super) fn decode_line(line: &str, algorithm: &str, bytes_max: usize) -> Option<Vec<u8>> {
    let mut words = line.split_ascii_whitespace();
    let (name, base64) = (words.next()?, words.next()?);
    if name != algorithm || base64.len() > bytes_max.div_ceil(3) * 4 {
        return None;
    }
    STANDARD.decode(base64).ok()
}

/// The line, without a comment.
pub(super) fn encode_line(algorithm: &str, blob: &[u8]) -> String {
    format!("{algorithm} {}", STANDARD.encode(blob))
}
