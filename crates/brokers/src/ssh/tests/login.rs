//! Certificates for logging in: ours as OpenSSH's own tool reads them, and its as we read them.

use std::collections::BTreeSet;

use domain::CredentialId;

use super::keygen::keygen;
use super::*;

pub(in crate::ssh) fn login_authority() -> LoginAuthority {
    LoginAuthority::new(SshKey::from_seed(&[5; 32]).unwrap())
}

fn credential() -> CredentialId {
    CredentialId::new(Time::from_unix_millis(1_795_377_600_000), 9)
}

pub(in crate::ssh) fn login_claims(serial: u64) -> LoginClaims {
    LoginClaims {
        key: session_key().public(),
        serial,
        key_id: format!("session={} developer=grace@example.com project=checkout", session()),
        principals: BTreeSet::from(["deploy".to_owned(), "logs".to_owned()]),
        valid_after: NOW - 300,
        valid_before: NOW + 300,
        force_command: Some("/usr/bin/deploy --now".to_owned()),
        source_addresses: vec!["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()],
        permits: BTreeSet::from([Permit::Pty, Permit::PortForwarding]),
        session: session(),
        credential: credential(),
    }
}

pub(in crate::ssh) fn login_certificate(serial: u64) -> LoginCertificate {
    login_authority().certify(&login_claims(serial), &[3; 32]).unwrap()
}

#[test]
fn ssh_keygen_reads_our_certificate_for_logging_in() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("login-cert.pub"), format!("{}\n", login_certificate(4711))).unwrap();
    let output = keygen(folder.path(), &["-L", "-f", "login-cert.pub"], "login-cert.pub");
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let expected = [
        "login-cert.pub:",
        "Type: ssh-ed25519-cert-v01@openssh.com user certificate",
        &format!("Public key: ED25519-CERT {}", session_key().public().fingerprint()),
        &format!("Signing CA: ED25519 {} (using ssh-ed25519)", login_authority().public().fingerprint()),
        &format!("Key ID: \"{}\"", login_claims(1).key_id),
        "Serial: 4711",
        "Valid: from 2026-11-22T19:55:00 to 2026-11-22T20:05:00",
        "Principals:",
        "deploy",
        "logs",
        "Critical Options:",
        "force-command /usr/bin/deploy --now",
        "source-address 10.0.0.0/8,2001:db8::/32",
        "Extensions:",
    ];
    assert_eq!(lines[..expected.len()], expected, "{told}");
    // Newer versions show the value of what they do not know in another way than older ones.
    let extensions: Vec<&str> = lines[expected.len()..].iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        extensions,
        ["credential@writ.dev", "permit-port-forwarding", "permit-pty", SESSION_EXTENSION],
        "in the order that the format wants"
    );
}

#[test]
fn a_certificate_of_ssh_keygen_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let make = |arguments: &[&str]| {
        let output = keygen(folder.path(), arguments, ".");
        assert!(output.status.success(), "{output:?}");
    };
    make(&["-q", "-t", "ed25519", "-N", "", "-f", "ca"]);
    make(&["-q", "-t", "ed25519", "-N", "", "-f", "key"]);
    let options = ["-O", "clear", "-O", "permit-pty", "-O", "source-address=127.0.0.0/8", "-O", "force-command=date"];
    let sign =
        ["-q", "-s", "ca", "-I", "who ever", "-z", "77", "-n", "root,deploy", "-V", "20261122195500:20261122200500"];
    make(&[&sign[..], &options, &["key.pub"]].concat());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let certificate: LoginCertificate = read("key-cert.pub").parse().unwrap();
    assert_eq!((certificate.serial(), certificate.key_id()), (77, "who ever"));
    assert_eq!(certificate.principals(), ["root", "deploy"]);
    assert_eq!((certificate.valid_after(), certificate.valid_before()), (NOW - 300, NOW + 300));
    assert_eq!(certificate.force_command(), Some("date"));
    assert_eq!(certificate.source_addresses(), Some("127.0.0.0/8"));
    assert_eq!(certificate.extensions().collect::<Vec<_>>(), ["permit-pty"]);
    assert_eq!(certificate.key(), read("key.pub").parse().unwrap());
    assert_eq!(certificate.session(), None);
    assert!(certificate.is_from(&read("ca.pub").parse().unwrap()));
    assert!(!certificate.is_from(&login_authority().public()));
    // Conditions that are not known here are not met here.
    make(&["-q", "-s", "ca", "-I", "x", "-n", "root", "-O", "verify-required", "key.pub"]);
    assert_eq!(read("key-cert.pub").parse::<LoginCertificate>(), Err(CertificateError::NotForLogin));
    make(&["-q", "-s", "ca", "-h", "-I", "x", "-n", "host", "key.pub"]);
    assert_eq!(read("key-cert.pub").parse::<LoginCertificate>(), Err(CertificateError::NotForLogin));
    make(&["-q", "-s", "ca", "-I", "for every account", "key.pub"]);
    assert_eq!(read("key-cert.pub").parse::<LoginCertificate>(), Err(CertificateError::NotForLogin));
}

#[test]
fn a_certificate_that_any_account_would_take_is_not_made() {
    let claims = LoginClaims { principals: BTreeSet::new(), ..login_claims(1) };
    assert_eq!(login_authority().certify(&claims, &[3; 32]), Err(CertificateError::NotForLogin));
}

#[test]
fn what_could_not_be_read_back_is_not_signed() {
    let refused = |claims: LoginClaims| login_authority().certify(&claims, &[3; 32]).unwrap_err();
    let expected = CertificateError::Malformed(Malformed);
    assert_eq!(refused(LoginClaims { key_id: "two\nlines".to_owned(), ..login_claims(1) }), expected);
    assert_eq!(refused(LoginClaims { force_command: Some("a\0b".to_owned()), ..login_claims(1) }), expected);
    let long = "c".repeat(OPTION_BYTES_MAX + 1);
    assert_eq!(refused(LoginClaims { force_command: Some(long), ..login_claims(1) }), expected);
    let many = (0..=PRINCIPALS_MAX).map(|number| number.to_string()).collect();
    assert_eq!(refused(LoginClaims { principals: many, ..login_claims(1) }), expected);
}

#[test]
fn every_changed_byte_of_it_is_seen_and_cut_ones_are_none() {
    let blob = login_certificate(1).blob().to_vec();
    for place in 0..blob.len() {
        let mut changed = blob.clone();
        changed[place] ^= 1;
        let believed =
            LoginCertificate::from_blob(&changed).is_ok_and(|read| read.is_from(&login_authority().public()));
        assert!(!believed, "byte {place} was changed unnoticed");
        assert!(LoginCertificate::from_blob(&blob[..place]).is_err(), "{place} bytes were taken for a certificate");
    }
}

#[test]
fn what_opens_doors_signs_no_commits_and_the_other_way_round() {
    // It carries critical options, so it is none for commits; without them it is, but of an authority that git does not know.
    let line = login_certificate(1).to_string();
    assert_eq!(line.parse::<Certificate>(), Err(CertificateError::Unusable));
    let plain = LoginClaims { force_command: None, source_addresses: vec![], ..login_claims(1) };
    let plain = login_authority().certify(&plain, &[3; 32]).unwrap();
    let read: Certificate = plain.to_string().parse().unwrap();
    assert!(!read.is_from(&authority().public()));
    let commit: LoginCertificate = certificate().to_string().parse().unwrap();
    assert!(!commit.is_from(&login_authority().public()));
}
