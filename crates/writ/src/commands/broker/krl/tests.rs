#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use brokers::ssh::{KrlHead, write_krl};

use super::*;

fn name() -> Name {
    "hosts".parse().unwrap()
}

fn list(comment: &str, version: u64, serials: &[u64]) -> Vec<u8> {
    let head = KrlHead { version, made_at: 1_795_377_600, comment: comment.to_owned() };
    write_krl(&head, None, &serials.iter().copied().collect::<BTreeSet<_>>()).unwrap()
}

fn replaces(new: &[u8], held: Option<&[u8]>) -> Result<(), CommandError> {
    let new = accepted(new, &name(), "https://writ.example.com")?;
    check_replaces(&new, held, &name(), Path::new("writ.krl"))
}

#[test]
fn what_is_no_list_of_this_broker_replaces_nothing() {
    let cut = &list("writ broker hosts", 1, &[1, 5, 9])[..80];
    for strange in [b"".as_slice(), b"<html>closed</html>", b"{\"code\":\"not_found\"}", cut] {
        assert!(accepted(strange, &name(), "x").is_err(), "{strange:?}");
    }
    assert!(accepted(&list("writ broker other", 1, &[]), &name(), "x").is_err());
    assert!(accepted(&list("writ broker hosts", 1, &[]), &name(), "x").is_ok());
}

#[test]
fn an_older_list_replaces_no_newer_one() {
    let of = |version| list("writ broker hosts", version, &[version]);
    assert_eq!(replaces(&of(7), None), Ok(()));
    assert_eq!(replaces(&of(7), Some(&of(6))), Ok(()));
    assert_eq!(replaces(&of(7), Some(&of(7))), Ok(()));
    let error = replaces(&of(7), Some(&of(8))).unwrap_err();
    assert!(format!("{error:?}").contains("is newer (version 8) than what the control plane has (version 7)"));
}

#[test]
fn a_list_of_somebody_else_s_is_not_replaced_unless_it_is_empty() {
    let ours = list("writ broker hosts", 7, &[7]);
    assert!(replaces(&ours, Some(&list("writ broker other", 1, &[1]))).is_err());
    assert!(replaces(&ours, Some(&list("", 1, &[1]))).is_err());
    assert!(replaces(&ours, Some(b"ssh-ed25519 AAAA")).is_err(), "a list of keys, as text");
    assert_eq!(replaces(&ours, Some(&list("", 900, &[]))), Ok(()), "what `ssh-keygen -k` makes to begin with");
}

#[test]
fn the_file_is_there_whole_and_readable_by_sshd() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("writ.krl");
    assert_eq!(held(&out), Ok(None));
    for bytes in [b"one".as_slice(), b"two"] {
        put(&out, bytes).unwrap();
        assert_eq!(held(&out).unwrap().as_deref(), Some(bytes));
    }
    assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    fs::write(&out, "").unwrap();
    assert_eq!(held(&out), Ok(None), "an empty file revokes nothing");
    assert!(put(&folder.path().join("missing/writ.krl"), b"x").is_err());
}
