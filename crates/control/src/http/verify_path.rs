//! What a proxied request wants, as far as its address says it.

use axum::http::HeaderMap;

/// The headers in which proxies tell the address: nginx (as our documentation has it), Traefik and Caddy. A client may send
/// one that its proxy does not set: it can only say more of itself then than is so.
const ADDRESSES: [&str; 2] = ["x-original-uri", "x-forwarded-uri"];
/// The service of git that takes pushes (gitprotocol-http(5)).
const PUSH: &[u8] = b"git-receive-pack";
/// Times that an address is decoded: proxies decode once, some before they hand it on.
const DECODED_MAX: usize = 3;

/// Whether the request is part of a git push. An address that is written in another way (`git%2Dreceive%2Dpack`) is one to
/// git's server, so it is one here.
pub(super) fn is_push(headers: &HeaderMap) -> bool {
    let addresses = ADDRESSES.into_iter().flat_map(|name| headers.get_all(name));
    addresses.into_iter().any(|address| names_push(address.as_bytes()))
}

fn names_push(address: &[u8]) -> bool {
    let mut address = address.to_vec();
    for _ in 0..=DECODED_MAX {
        if address.windows(PUSH.len()).any(|window| window.eq_ignore_ascii_case(PUSH)) {
            return true;
        }
        address = decoded(&address);
    }
    false
}

/// RFC 3986 section 2.1; what is no such triplet stays as it is.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        match after.first_chunk::<2>().filter(|_| first == b'%').and_then(|digits| byte(*digits)) {
            Some(byte) => {
                plain.push(byte);
                rest = &after[2..];
            }
            None => {
                plain.push(first);
                rest = after;
            }
        }
    }
    plain
}

fn byte(digits: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let value = digit(digits[0])? * 16 + digit(digits[1])?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests;
