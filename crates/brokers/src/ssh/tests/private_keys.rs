//! Private keys as `ssh-keygen` writes them.

use super::keygen::keygen;
use super::*;

/// A folder with the private key `key` that these arguments make.
fn made(arguments: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let output =
        keygen(folder.path(), &[&["-q", "-f", "key", "-C", "a comment of some length"], arguments].concat(), ".");
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(folder.path().join("key")).unwrap();
    (folder, text)
}

#[test]
fn the_key_of_a_file_is_the_one_beside_it() {
    let (folder, text) = made(&["-t", "ed25519", "-N", ""]);
    let public = std::fs::read_to_string(folder.path().join("key.pub")).unwrap();
    let key = SshKey::from_openssh(&text).unwrap();
    assert_eq!(key.public(), public.parse().unwrap());
    assert!(key.public().verifies(b"text", &key.sign(b"text")));
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let error = |text: &str| SshKey::from_openssh(text).unwrap_err();
    assert_eq!(error(&made(&["-t", "ed25519", "-N", "a passphrase"]).1), PrivateKeyError::Encrypted);
    assert_eq!(error(&made(&["-t", "ecdsa", "-N", ""]).1), PrivateKeyError::OtherAlgorithm);
    let (_folder, text) = made(&["-t", "ed25519", "-N", ""]);
    for wrong in ["", "-----BEGIN OPENSSH PRIVATE KEY-----", &text[..text.len() / 2], &text.replacen('\n', "\nAAAA", 1)]
    {
        assert_eq!(error(wrong), PrivateKeyError::Malformed, "{wrong}");
    }
}

#[test]
fn a_changed_byte_is_another_key_or_none() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let (folder, text) = made(&["-t", "ed25519", "-N", ""]);
    let public: SshPublicKey = std::fs::read_to_string(folder.path().join("key.pub")).unwrap().parse().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let blob = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
    for place in 0..blob.len() {
        let mut changed = blob.clone();
        changed[place] ^= 1;
        let text = format!("{}\n{}\n{}\n", lines[0], STANDARD.encode(changed), lines[lines.len() - 1]);
        // A letter of the comment may be another one; the key may not.
        if let Ok(key) = SshKey::from_openssh(&text) {
            assert_eq!(key.public(), public, "byte {place}");
        }
    }
}
