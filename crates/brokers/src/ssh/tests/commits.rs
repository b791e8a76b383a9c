//! The chain from a commit to its session: every link that can break.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const HEAD: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
const MESSAGE: &str = "\nPay in time\n\nAgent-Session: ses_anything\n";

/// A commit object as git signs it.
pub(super) fn payload(committed_at: i64) -> String {
    let person = format!("Grace <grace@example.com> {committed_at} +0100");
    format!("{HEAD}author {person}\ncommitter {person}\n{MESSAGE}")
}

/// The `sshsig` of a key over a message, with `public` in it.
pub(super) fn armour(key: &SshKey, public: &[u8], namespace: &str, message: &str) -> String {
    let hash = digest::digest(&digest::SHA512, message.as_bytes());
    let fields = |writer: Writer| writer.string(namespace.as_bytes()).string(b"").string(b"sha512");
    let signed = fields(Writer::new().raw(b"SSHSIG")).string(hash.as_ref()).into_bytes();
    let blob = fields(Writer::new().raw(b"SSHSIG").u32(1).string(public)).string(&key.sign(&signed)).into_bytes();
    let base64 = STANDARD.encode(blob);
    let lines: Vec<&str> = base64.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----", lines.join("\n"))
}

/// Puts the signature where git puts it: after the other headers.
fn with_signature(payload: &str, armour: &str) -> Vec<u8> {
    let (head, message) = payload.split_once("\n\n").unwrap();
    format!("{head}\ngpgsig {}\n\n{message}", armour.replace('\n', "\n ")).into_bytes()
}

fn signed_at(committed_at: i64) -> Vec<u8> {
    let payload = payload(committed_at);
    with_signature(&payload, &armour(&session_key(), certificate().blob(), "git", &payload))
}

fn now() -> i64 {
    i64::try_from(NOW).unwrap()
}

fn verified(raw: &[u8]) -> Result<CommitSignature, CommitError> {
    verify_commit(raw, &authority().public())
}

#[test]
fn a_good_commit_names_its_session() {
    let signature = verified(&signed_at(now())).unwrap();
    assert_eq!((signature.session, signature.serial), (session(), 4711));
    assert_eq!((signature.principals, signature.key_id), (claims().principals, claims().key_id));
    assert_eq!(signature.committed_at, now());
}

#[test]
fn a_commit_without_signature_or_with_another_kind_proves_nothing() {
    assert_eq!(verified(payload(now()).as_bytes()), Err(CommitError::NotSigned));
    let pgp = "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----";
    assert_eq!(verified(&with_signature(&payload(now()), pgp)), Err(CommitError::NotSsh));
}

#[test]
fn a_key_without_its_certificate_proves_nothing() {
    let payload = payload(now());
    let bare = armour(&session_key(), &session_key().public().blob(), "git", &payload);
    let expected = CommitError::Signature(SignatureError::NoCertificate);
    assert_eq!(verified(&with_signature(&payload, &bare)), Err(expected));
}

#[test]
fn another_authority_s_certificate_proves_nothing() {
    let impostor = SshAuthority::from_seed(&[9; 32]).unwrap().certify(&claims(), &[3; 32]).unwrap();
    let payload = payload(now());
    let raw = with_signature(&payload, &armour(&session_key(), impostor.blob(), "git", &payload));
    assert_eq!(verified(&raw), Err(CommitError::OtherAuthority));
}

#[test]
fn another_key_s_signature_under_a_stolen_certificate_proves_nothing() {
    let thief = SshKey::from_seed(&[8; 32]).unwrap();
    let payload = payload(now());
    let raw = with_signature(&payload, &armour(&thief, certificate().blob(), "git", &payload));
    assert_eq!(verified(&raw), Err(CommitError::Tampered));
}

#[test]
fn a_signature_for_something_else_than_git_proves_nothing() {
    let payload = payload(now());
    let raw = with_signature(&payload, &armour(&session_key(), certificate().blob(), "file", &payload));
    assert_eq!(verified(&raw), Err(CommitError::Tampered));
}

#[test]
fn a_date_outside_the_certificate_is_said() {
    for committed_at in [now() - 301, now() + 3600, -1] {
        let found = verified(&signed_at(committed_at)).unwrap_err();
        let expected = CommitError::OutsideValidity { committed_at, valid_after: NOW - 300, valid_before: NOW + 3600 };
        assert_eq!(found, expected);
    }
}

#[test]
fn every_changed_byte_of_a_commit_is_seen() {
    let raw = signed_at(now());
    let good = verified(&raw).unwrap();
    for place in 0..raw.len() {
        let mut changed = raw.clone();
        changed[place] ^= 1;
        // White space inside the armour means nothing; whatever else is still accepted must say the same.
        let is_same = verified(&changed).map_or(true, |found| found == good);
        let payload = |raw: &[u8]| {
            let text = String::from_utf8_lossy(raw).into_owned();
            let (before, rest) = text.split_once("gpgsig ").unwrap_or((&text, ""));
            let after = rest.split_once("-----END SSH SIGNATURE-----").map_or("", |(_, after)| after);
            (before.to_owned(), after.to_owned())
        };
        let is_outside = payload(&changed) != payload(&raw);
        assert!(is_same && !(is_outside && verified(&changed).is_ok()), "byte {place} was changed unnoticed");
    }
}

#[test]
fn two_signatures_or_two_committers_are_no_commit() {
    let payload = payload(now());
    let armour = armour(&session_key(), certificate().blob(), "git", &payload);
    let twice = with_signature(&String::from_utf8(with_signature(&payload, &armour)).unwrap(), &armour);
    assert_eq!(verified(&twice), Err(CommitError::Malformed));
    let two = payload.replace("author ", "committer ");
    assert_eq!(verified(two.as_bytes()), Err(CommitError::Malformed));
    assert_eq!(verified(b"no headers at all"), Err(CommitError::Malformed));
    assert_eq!(verified(b""), Err(CommitError::Malformed));
    assert_eq!(verified(b"tree\n\n"), Err(CommitError::Malformed));
    assert_eq!(verified(&vec![b'x'; COMMIT_BYTES_MAX + 1]), Err(CommitError::Malformed));
}

#[test]
fn a_signature_inside_a_merged_tag_is_not_the_commit_s() {
    let inner = "mergetag object 1\n type commit\n gpgsig -----BEGIN SSH SIGNATURE-----\n";
    let text = payload(now()).replace("author ", &format!("{inner}author "));
    assert_eq!(verified(text.as_bytes()), Err(CommitError::NotSigned));
    let raw = with_signature(&text, &armour(&session_key(), certificate().blob(), "git", &text));
    assert!(verified(&raw).is_ok());
}
