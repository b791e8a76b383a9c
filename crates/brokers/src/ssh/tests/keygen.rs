//! What OpenSSH's own tool thinks of our certificates and signatures (Debian: `openssh-client`).

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use super::commits::{armour, payload};
use super::*;

pub(in crate::ssh) fn keygen(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new("ssh-keygen");
    command.args(arguments).current_dir(folder).env("TZ", "UTC").stdin(File::open(folder.join(input)).unwrap());
    command.output().expect("ssh-keygen is needed: install openssh-client")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("session-cert.pub"), format!("{}\n", certificate())).unwrap();
    std::fs::write(folder.path().join("allowed_signers"), authority().allowed_signers()).unwrap();
    folder
}

#[test]
fn ssh_keygen_reads_our_certificate() {
    let folder = folder();
    let output = keygen(folder.path(), &["-L", "-f", "session-cert.pub"], "session-cert.pub");
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let expected = [
        "session-cert.pub:",
        "Type: ssh-ed25519-cert-v01@openssh.com user certificate",
        &format!("Public key: ED25519-CERT {}", session_key().public().fingerprint()),
        &format!("Signing CA: ED25519 {} (using ssh-ed25519)", authority().public().fingerprint()),
        &format!("Key ID: \"{}\"", claims().key_id),
        "Serial: 4711",
        "Valid: from 2026-11-22T19:55:00 to 2026-11-22T21:00:00",
        "Principals:",
        &claims().principals[0],
        &claims().principals[1],
        "Critical Options: (none)",
        "Extensions:",
    ];
    assert_eq!(lines[..lines.len() - 1], expected, "{told}");
    // Newer versions show the value in another way than older ones.
    assert!(lines[lines.len() - 1].starts_with("session@writ.dev UNKNOWN"), "{told}");
}

#[test]
fn ssh_keygen_accepts_our_signature_for_git_and_within_validity_only() {
    let folder = folder();
    let text = payload(i64::try_from(NOW).unwrap());
    std::fs::write(folder.path().join("text"), &text).unwrap();
    let accepts = |namespace: &str, at: &str| {
        let signature = armour(&session_key(), certificate().blob(), namespace, &text);
        std::fs::write(folder.path().join("text.sig"), signature + "\n").unwrap();
        let time = format!("-Overify-time={at}");
        let who = claims().principals[0].clone();
        let verify = ["-Y", "verify", "-f", "allowed_signers", "-I", &who, "-n", namespace, "-s", "text.sig", &time];
        keygen(folder.path(), &verify, "text").status.success()
    };
    assert!(accepts("git", "20261122200000Z"));
    assert!(!accepts("git", "20261122210000Z"), "the certificate was over");
    assert!(!accepts("git", "20261122195459Z"), "the certificate did not count yet");
    assert!(!accepts("file", "20261122200000Z"), "sessions sign commits and nothing else");
}
