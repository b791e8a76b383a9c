//! Signature Version 4, for requests without a query: AWS General Reference, "Signing AWS API requests".

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;

use super::identity::Identity;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who signs, for which service, when.
#[derive(Debug)]
pub(super) struct Signing<'a> {
    /// With whose key.
    pub(super) identity: &'a Identity,
    /// In which region.
    pub(super) region: &'a str,
    /// For which service, by its signing name: `sts`, `iam`.
    pub(super) service: &'a str,
    /// When, as in `x-amz-date`: `20150830T123600Z`.
    pub(super) at: &'a str,
}

/// What is signed.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    /// The method.
    pub(super) method: &'a str,
    /// The path, encoded as it is sent.
    pub(super) path: &'a str,
    /// Every header that is signed, `host` and `x-amz-date` among them, names in any case.
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub(super) body: &'a [u8],
}

/// The value of the header `authorization`.
pub(super) fn authorization(signing: &Signing<'_>, signed: &Signed<'_>) -> String {
    let (canonical, names) = canonical(signed);
    let scope = format!("{}/{}/{}/aws4_request", signing.day(), signing.region, signing.service);
    let to_sign =
        format!("{ALGORITHM}\n{}\n{scope}\n{}", signing.at, hex(digest(&SHA256, canonical.as_bytes()).as_ref()));
    let signature = hex(keyed(&signing.key(), to_sign.as_bytes()).as_ref());
    let key_id = signing.identity.access_key_id();
    format!("{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

/// The canonical request, and the names of its signed headers.
fn canonical(signed: &Signed<'_>) -> (String, String) {
    let mut headers: Vec<(String, String)> =
        signed.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), squeezed(value))).collect();
    headers.sort();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let mut text = format!("{}\n{}\n\n", signed.method, signed.path);
    for (name, value) in &headers {
        let _ = writeln!(text, "{name}:{value}");
    }
    let _ = write!(text, "\n{names}\n{}", hex(digest(&SHA256, signed.body).as_ref()));
    (text, names)
}

/// Without spaces around it, and with one where there are several.
fn squeezed(value: &str) -> String {
    value.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn keyed(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

// === impl Signing ===

impl Signing<'_> {
    fn day(&self) -> &str {
        self.at.get(..8).unwrap_or_default()
    }

    /// The key of this day, region and service.
    fn key(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let secret = zeroize::Zeroizing::new(format!("AWS4{}", self.identity.secret_access_key()));
        let parts = [self.day(), self.region, self.service, "aws4_request"];
        parts.iter().fold(zeroize::Zeroizing::new(secret.as_bytes().to_vec()), |key, part| {
            zeroize::Zeroizing::new(keyed(&key, part.as_bytes()).as_ref().to_vec())
        })
    }
}

#[cfg(test)]
mod tests;
