//! The forms in which a secret may lie somewhere.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::search::LEAST;

/// From this length on each half is looked for by itself: a page of a database or a cut line may part the two.
const HALVED_FROM: usize = 2 * LEAST + 16;

/// Everything to look for: the name of the form, the bytes, at least [`LEAST`], and how many before them may be of the same
/// secret.
pub(super) fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>, usize)> {
    let mut all = Vec::new();
    for (number, piece) in pieces(secret.as_bytes()).into_iter().enumerate() {
        let mut add = |form: &'static str, bytes: Vec<u8>| {
            if bytes.len() >= LEAST && !all.iter().any(|(_, other, _)| *other == bytes) {
                // The other half has as many, and a few where the alphabets of base64 meet.
                let rest = if number == 0 { 0 } else { bytes.len() + 4 };
                all.push((form, bytes, rest));
            }
        };
        add("as it is", piece.to_vec());
        for before in 0..3 {
            add("in base64", base64(&STANDARD_NO_PAD, piece, before));
            add("in base64url", base64(&URL_SAFE_NO_PAD, piece, before));
        }
        add("in hexadecimal", piece.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
        add("in hexadecimal", piece.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect());
        add("percent-encoded", piece.iter().flat_map(percent).collect());
        add("percent-encoded", piece.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect());
        add("in JSON", json(piece));
        add("as a list of bytes", piece.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes());
    }
    all
}

fn pieces(secret: &[u8]) -> Vec<&[u8]> {
    if secret.len() < HALVED_FROM {
        return vec![secret];
    }
    let (first, second) = secret.split_at(secret.len() / 2);
    vec![first, second]
}

/// As it stands in the base64 of something longer, after `before` other bytes: the characters that it alone decides.
fn base64(engine: &impl Engine, piece: &[u8], before: usize) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(piece);
    let text = engine.encode(&bytes).into_bytes();
    text[(before * 8).div_ceil(6)..bytes.len() * 8 / 6].to_vec()
}

fn percent(byte: &u8) -> Vec<u8> {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => vec![*byte],
        byte => format!("%{byte:02X}").into_bytes(),
    }
}

/// Inside the quotes of a JSON string; slashes are escaped by some.
fn json(piece: &[u8]) -> Vec<u8> {
    let text = serde_json::to_string(&String::from_utf8_lossy(piece)).unwrap();
    text[1..text.len() - 1].replace('/', "\\/").into_bytes()
}
