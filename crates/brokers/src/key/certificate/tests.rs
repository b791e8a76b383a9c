#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::process::Command;

use super::*;

/// 2026-11-22T20:00:00Z.
const NOW: Time = Time::from_unix_millis(1_795_377_600_000);

fn keys() -> [SigningKey; 2] {
    [SigningAlgorithm::Rs256, SigningAlgorithm::Es256].map(|algorithm| SigningKey::generate(algorithm).unwrap())
}

/// What openssl says to a certificate, as an independent reader.
fn openssl(certificate: &Certificate, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    let arguments = arguments.iter().map(|argument| argument.replace("FILE", file.to_str().unwrap()));
    let output = Command::new("openssl").args(arguments).output().expect("openssl runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn openssl_verifies_it_and_reads_what_is_in_it() {
    for key in keys() {
        let certificate = Certificate::self_signed(&key, NOW).unwrap();
        // Trusting it by itself checks the signature and the profile of RFC 5280.
        let said = openssl(
            &certificate,
            &["verify", "-x509_strict", "-check_ss_sig", "-attime", "1800000000", "-CAfile", "FILE", "FILE"],
        );
        assert!(said.ends_with("OK\n"), "{said}");
        let text = openssl(&certificate, &["x509", "-in", "FILE", "-noout", "-text"]);
        let algorithm = match key.algorithm() {
            SigningAlgorithm::Rs256 => "sha256WithRSAEncryption",
            SigningAlgorithm::Es256 => "ecdsa-with-SHA256",
        };
        let name = format!("CN = writ {}", key.kid());
        for part in [
            "Version: 3 (0x2)",
            algorithm,
            &format!("Issuer: {name}"),
            &format!("Subject: {name}"),
            "Not Before: Nov 22 19:00:00 2026 GMT",
            "Not After : Nov 19 20:00:00 2036 GMT",
            "X509v3 Basic Constraints: critical\n                CA:FALSE",
            "X509v3 Key Usage: critical\n                Digital Signature\n",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

#[test]
fn its_thumbprint_is_what_openssl_prints() {
    for key in keys() {
        let certificate = Certificate::self_signed(&key, NOW).unwrap();
        let said = openssl(&certificate, &["x509", "-in", "FILE", "-noout", "-fingerprint", "-sha1"]);
        let (_, printed) = said.trim_end().split_once('=').unwrap();
        assert_eq!(certificate.thumbprint(), printed.replace(':', ""));
        assert_eq!(certificate.thumbprint().len(), 40);
    }
}

/// RFC 7517, sections 4.7 to 4.9: standard base64 in `x5c`, base64url of the raw digest in the thumbprints.
#[test]
fn a_published_key_carries_it() {
    let [key, _] = keys();
    let certificate = Certificate::self_signed(&key, NOW).unwrap();
    let jwk = key.public().jwk(Some(&certificate));
    let members: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use", "x5c", "x5t", "x5t#S256"]);
    assert_eq!(STANDARD.decode(jwk["x5c"][0].as_str().unwrap()).unwrap(), certificate.der());
    let sha1 = URL_SAFE_NO_PAD.decode(jwk["x5t"].as_str().unwrap()).unwrap();
    let hexadecimal: String = sha1.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hexadecimal, certificate.thumbprint());
    assert_eq!(URL_SAFE_NO_PAD.decode(jwk["x5t#S256"].as_str().unwrap()).unwrap().len(), 32);
}

#[test]
fn the_public_key_in_it_is_the_keys() {
    for key in keys() {
        let certificate = Certificate::self_signed(&key, NOW).unwrap();
        let pem = openssl(&certificate, &["x509", "-in", "FILE", "-noout", "-pubkey"]);
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        assert_eq!(STANDARD.decode(body).unwrap(), key.public_info().unwrap());
    }
}

#[test]
fn one_moment_has_one_certificate_and_years_beyond_2049_have_four_digits() {
    let [key, _] = keys();
    let made = |at| Certificate::self_signed(&key, at).unwrap();
    assert_eq!(made(NOW), made(NOW));
    assert_ne!(made(NOW), made(NOW + Span::from_secs(1)));
    let late = made(NOW + Span::from_secs(20 * 365 * 86_400));
    let text = openssl(&late, &["x509", "-in", "FILE", "-noout", "-dates"]);
    assert_eq!(text, "notBefore=Nov 17 19:00:00 2046 GMT\nnotAfter=Nov 14 20:00:00 2056 GMT\n");
    let year_10000 = Time::from_unix_millis(253_402_300_800_000);
    assert_eq!(Certificate::self_signed(&key, year_10000).unwrap_err(), KeyError::Encode);
}

#[test]
fn a_stored_certificate_is_bounded() {
    assert!(Certificate::from_der(vec![0x30]).is_ok());
    assert!(Certificate::from_der(Vec::new()).is_err());
    assert!(Certificate::from_der(vec![0x30; CERTIFICATE_BYTES_MAX + 1]).is_err());
}
