//! Where a path leads. Servers differ in what they decode and when, so whatever could be read in two ways is refused.

/// Times that a path is decoded: what still has something encoded after them was made to deceive.
const DECODED_MAX: usize = 3;

/// Whether a path, as it stands in a request, has no segment `.` or `..`, in any encoding and behind any separator.
pub(super) fn is_plain(path: &str) -> bool {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..DECODED_MAX {
        if !path.starts_with('/') || has_dots(&bytes) {
            return false;
        }
        let decoded = decode(&bytes);
        if decoded == bytes {
            return true;
        }
        bytes = decoded;
    }
    false
}

/// Whether a path is the beginning itself or lies below it.
pub(super) fn is_below(path: &str, start: &str) -> bool {
    match path.strip_prefix(start) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || start.ends_with('/'),
        None => false,
    }
}

fn has_dots(bytes: &[u8]) -> bool {
    let segments = bytes.split(|byte| matches!(byte, b'/' | b'\\'));
    // `;` starts parameters that some servers cut off (RFC 3986, section 3.3).
    let names = segments.map(|segment| segment.split(|byte| *byte == b';').next().unwrap_or_default());
    bytes.iter().any(u8::is_ascii_control) || names.into_iter().any(|name| name == b"." || name == b"..")
}

fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| first == b'%').and_then(|pair| str::from_utf8(pair).ok());
        let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    decoded
}
