//! What every signed statement must fulfil.

use domain::limits::SESSION_DEPTH_MAX;

use super::limits::{AUDIENCES_MAX, ISSUER_CHARS_MAX, WRIT_AUDIENCE_CHARS_MAX};
use super::{IssuerError, WritClaims};

pub(super) fn address(address: &str) -> Result<(), IssuerError> {
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'\\');
    let is_usable = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !host.ends_with('/'))
        && address.bytes().all(plain)
        && address.len() <= ISSUER_CHARS_MAX;
    if is_usable { Ok(()) } else { Err(IssuerError::Address) }
}

pub(super) fn address_warnings(address: &str) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    if scheme != "https" {
        warnings.push("it is not https, and only Ceph takes such an issuer");
    }
    let port = host.rsplit_once(']').map_or(host, |(_, after)| after).rsplit_once(':');
    if port.is_some() {
        warnings.push("it has a port, and AWS takes no such issuer");
    }
    if address.bytes().any(|byte| byte.is_ascii_uppercase()) {
        warnings.push("it has capital letters, and relying parties compare it letter by letter");
    }
    warnings
}

pub(super) fn writ(claims: &WritClaims) -> Result<(), IssuerError> {
    if claims.expires_at.unix_seconds() <= claims.issued_at.unix_seconds() {
        return Err(IssuerError::Expiry);
    }
    let longest = claims.audience.iter().map(|audience| audience.chars().count()).max().unwrap_or(0);
    within("parent sessions", claims.parents.len(), SESSION_DEPTH_MAX)?;
    within("audiences", claims.audience.len(), AUDIENCES_MAX)?;
    within("characters in an audience", longest, WRIT_AUDIENCE_CHARS_MAX)
}

pub(super) fn within(what: &'static str, count: usize, max: usize) -> Result<(), IssuerError> {
    if count > max { Err(IssuerError::TooMuch { what, max }) } else { Ok(()) }
}
