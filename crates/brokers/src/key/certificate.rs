//! A certificate over a signing key that it signed itself: not to be trusted by anybody's store, but because Ceph's RGW
//! reads keys from `x5c` only and pins the certificate's thumbprint, and the Docker registry wants one in the header.
//!
//! Profile: RFC 5280, version 3, an end entity that may sign. The same key made at the same moment has the same
//! certificate where the algorithm is RS256; it is kept with the key all the same, because relying parties pin it.

use std::fmt;

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::{Span, Time};

use super::{KeyError, SigningAlgorithm, SigningKey, der};

/// How long a certificate counts: longer than any key is used. Whoever pins it asks no authority about it.
const LIFE: Span = Span::from_secs(10 * 365 * 86_400);
/// How long before it is made it counts: a relying party's clock may be behind.
const BACKDATED: Span = Span::from_secs(3600);
/// Bytes of a stored certificate: with an RSA key of 8,192 bits it has about 2,300.
const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;

/// Object identifiers (RFC 8017 appendix C, RFC 5758 section 3.2, RFC 5280 appendix A), without tag and length.
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// A certificate, as DER.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate(Vec<u8>);

// === impl Certificate ===

impl Certificate {
    /// A certificate over a key, by itself, that counts from about now for ten years.
    ///
    /// # Errors
    /// The key did not sign, or the moment has no date.
    pub fn self_signed(key: &SigningKey, now: Time) -> Result<Self, KeyError> {
        let signed = to_be_signed(key, now).ok_or(KeyError::Encode)?;
        let signature = key.sign(&signed).ok_or(KeyError::Encode)?;
        let signature = match key.algorithm() {
            SigningAlgorithm::Rs256 => signature,
            SigningAlgorithm::Es256 => ecdsa_signature(&signature),
        };
        Ok(Self(der::sequence(&[&signed, &algorithm(key.algorithm()), &der::bits(&signature)])))
    }

    /// A certificate that was made before. What is in it is not looked at.
    ///
    /// # Errors
    /// It is empty or longer than any certificate of ours.
    pub fn from_der(der: Vec<u8>) -> Result<Self, KeyError> {
        if (1..=CERTIFICATE_BYTES_MAX).contains(&der.len()) { Ok(Self(der)) } else { Err(KeyError::Public) }
    }

    /// The certificate as DER.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// The certificate as PEM (RFC 7468).
    pub fn pem(&self) -> String {
        let text = STANDARD.encode(&self.0);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
        pem
    }

    /// Its SHA-1 thumbprint in upper-case hexadecimal, as AWS's and Ceph's `ThumbprintList` have it.
    pub fn thumbprint(&self) -> String {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// The element of `x5c` (RFC 7517 section 4.7): base64, not base64url.
    pub fn x5c(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// `x5t` (RFC 7517 section 4.8).
    pub fn x5t(&self) -> String {
        self.hashed(&SHA1_FOR_LEGACY_USE_ONLY)
    }

    /// `x5t#S256` (RFC 7517 section 4.9).
    pub fn x5t_s256(&self) -> String {
        self.hashed(&SHA256)
    }

    fn hashed(&self, by: &'static Algorithm) -> String {
        URL_SAFE_NO_PAD.encode(digest(by, &self.0))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.thumbprint())
    }
}

/// `TBSCertificate` (RFC 5280 section 4.1).
fn to_be_signed(key: &SigningKey, now: Time) -> Option<Vec<u8>> {
    let info = key.public_info()?;
    let name = name(&format!("writ {}", key.kid()));
    Some(der::sequence(&[
        &der::context(0, &der::unsigned(&[2])),
        &serial(&info),
        &algorithm(key.algorithm()),
        &name,
        &der::sequence(&[&moment(now - BACKDATED)?, &moment(now + LIFE)?]),
        &name,
        &info,
        &der::context(3, &extensions()),
    ]))
}

/// Sixteen bytes that no other key has, positive and without leading zeros (RFC 5280 section 4.1.2.2).
fn serial(info: &[u8]) -> Vec<u8> {
    let hash = digest(&SHA256, info);
    let mut number = [0_u8; 16];
    number.copy_from_slice(&hash.as_ref()[..16]);
    number[0] = number[0] & 0x7f | 0x40;
    der::unsigned(&number)
}

fn algorithm(algorithm: SigningAlgorithm) -> Vec<u8> {
    match algorithm {
        SigningAlgorithm::Rs256 => {
            der::sequence(&[&der::element(der::OBJECT_IDENTIFIER, SHA256_WITH_RSA), &der::element(der::NULL, &[])])
        }
        SigningAlgorithm::Es256 => der::sequence(&[&der::element(der::OBJECT_IDENTIFIER, ECDSA_WITH_SHA256)]),
    }
}

/// A name of one common name: the key's name fits into the 64 characters that RFC 5280 allows.
fn name(common: &str) -> Vec<u8> {
    let kind = der::element(der::OBJECT_IDENTIFIER, COMMON_NAME);
    let value = der::sequence(&[&kind, &der::element(der::UTF8_STRING, common.as_bytes())]);
    der::sequence(&[&der::element(der::SET, &value)])
}

/// Two digits for the year up to 2049, four from then on (RFC 5280 section 4.1.2.5).
fn moment(at: Time) -> Option<Vec<u8>> {
    let at = jiff::Timestamp::from_second(at.unix_seconds()).ok()?;
    let year: i32 = at.strftime("%Y").to_string().parse().ok()?;
    if !(1950..=9999).contains(&year) {
        return None;
    }
    let (tag, format) =
        if year < 2050 { (der::UTC_TIME, "%y%m%d%H%M%SZ") } else { (der::GENERALIZED_TIME, "%Y%m%d%H%M%SZ") };
    Some(der::element(tag, at.strftime(format).to_string().as_bytes()))
}

/// No authority; may sign, and nothing else.
fn extensions() -> Vec<u8> {
    let critical = der::element(der::BOOLEAN, &[0xff]);
    let extension = |kind: &[u8], value: &[u8]| {
        let kind = der::element(der::OBJECT_IDENTIFIER, kind);
        der::sequence(&[&kind, &critical, &der::element(der::OCTET_STRING, value)])
    };
    // A string of one bit, digitalSignature: seven bits of its byte are unused.
    let may_sign = der::element(der::BIT_STRING, &[7, 0x80]);
    der::sequence(&[&extension(BASIC_CONSTRAINTS, &der::sequence(&[])), &extension(KEY_USAGE, &may_sign)])
}

/// `Ecdsa-Sig-Value` (RFC 3279 section 2.2.3) of a signature as JOSE writes it.
fn ecdsa_signature(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    der::sequence(&[&der::unsigned(r), &der::unsigned(s)])
}

#[cfg(test)]
mod tests;
