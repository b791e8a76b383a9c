#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::groups::{Group, groups};
use super::*;
use crate::ssh::tests::{keygen, login_authority, login_certificate, login_claims};
use crate::ssh::{KRL_SERIALS_MAX, LoginAuthority, LoginCertificate, Malformed, SshKey};

fn head() -> KrlHead {
    KrlHead { version: 12, made_at: 1_795_377_600, comment: "writ broker hosts".to_owned() }
}

fn set(serials: impl IntoIterator<Item = u64>) -> BTreeSet<u64> {
    serials.into_iter().collect()
}

/// Numbers in every form: alone, a few near each other, a run, a dense patch, the largest there is.
fn mixed() -> BTreeSet<u64> {
    let runs = (1000..2000).chain([5000, 5003]).chain((9000..9800).filter(|number| number % 3 != 1));
    set([1, 40, 7_777_777_777, (1 << 53) - 1, u64::MAX].into_iter().chain(runs))
}

/// Whether `ssh-keygen` finds the certificate revoked in the list.
fn keygen_says_revoked(krl: &[u8], certificate: &LoginCertificate) -> bool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("krl"), krl).unwrap();
    std::fs::write(folder.path().join("c-cert.pub"), format!("{certificate}\n")).unwrap();
    let output = keygen(folder.path(), &["-Q", "-f", "krl", "c-cert.pub"], "krl");
    let told = String::from_utf8(output.stdout).unwrap();
    let is_revoked = told.contains("REVOKED");
    assert!(is_revoked || told.contains(": ok"), "{told}{}", String::from_utf8_lossy(&output.stderr));
    is_revoked
}

#[test]
fn ssh_keygen_finds_what_is_listed_and_nothing_else() {
    let authority = login_authority().public();
    let krl = write_krl(&head(), Some(&authority), &mixed()).unwrap();
    for serial in [1, 40, 1000, 1500, 1999, 5000, 5003, 9000, 9002, 9799, 7_777_777_777, (1 << 53) - 1, u64::MAX] {
        let is_listed = mixed().contains(&serial);
        assert_eq!(keygen_says_revoked(&krl, &login_certificate(serial)), is_listed, "{serial}");
    }
    for serial in [2, 39, 999, 2000, 5001, 9001, 9004, 7_777_777_776, u64::MAX - 1] {
        assert!(!keygen_says_revoked(&krl, &login_certificate(serial)), "{serial}");
    }
}

#[test]
fn a_list_without_an_authority_is_about_every_authority() {
    let other = LoginAuthority::new(SshKey::from_seed(&[8; 32]).unwrap());
    let theirs = other.certify(&login_claims(40), &[3; 32]).unwrap();
    let ours = login_authority().public();
    let (of_one, of_all) = (write_krl(&head(), Some(&ours), &mixed()), write_krl(&head(), None, &mixed()));
    assert!(!keygen_says_revoked(&of_one.clone().unwrap(), &theirs));
    assert!(keygen_says_revoked(&of_all.clone().unwrap(), &theirs));
    assert!(!Krl::from_bytes(&of_one.unwrap()).unwrap().revokes(&theirs));
    assert!(Krl::from_bytes(&of_all.unwrap()).unwrap().revokes(&theirs));
}

#[test]
fn an_empty_list_revokes_nothing() {
    let krl = write_krl(&head(), None, &set([])).unwrap();
    assert!(!keygen_says_revoked(&krl, &login_certificate(1)));
    let read = Krl::from_bytes(&krl).unwrap();
    assert_eq!((read.head(), read.count()), (&head(), 0));
}

#[test]
fn what_is_written_is_read_again_number_by_number() {
    let krl = Krl::from_bytes(&write_krl(&head(), None, &mixed()).unwrap()).unwrap();
    assert_eq!(krl.head(), &head());
    assert_eq!(krl.count(), u64::try_from(mixed().len()).unwrap());
    for serial in
        (1..3).chain(998..1003).chain(1998..2003).chain(4999..5005).chain(8999..9010).chain([u64::MAX - 1, u64::MAX])
    {
        assert_eq!(krl.revokes(&login_certificate(serial)), mixed().contains(&serial), "{serial}");
    }
}

#[test]
fn a_list_of_ssh_keygen_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("ca.pub", login_authority().public().to_string());
    write("spec", "serial: 5\nserial: 10-20\nserial: 22\nserial: 24\nserial: 99999\n".to_owned());
    let output = keygen(folder.path(), &["-k", "-z", "3", "-f", "krl", "-s", "ca.pub", "spec"], "spec");
    assert!(output.status.success(), "{output:?}");
    let krl = Krl::from_bytes(&std::fs::read(folder.path().join("krl")).unwrap()).unwrap();
    assert_eq!((krl.head().version, krl.count()), (3, 15));
    let revoked: Vec<u64> = (1..40).filter(|&serial| krl.revokes(&login_certificate(serial))).collect();
    assert_eq!(revoked, [5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 24]);
}

#[test]
fn numbers_take_the_shortest_form() {
    assert_eq!(groups(&set([7])), [Group::List(vec![7])]);
    assert_eq!(groups(&set([7, 8, 9_000_000])), [Group::List(vec![7, 8, 9_000_000])]);
    assert_eq!(groups(&set(7..=9)), [Group::Range { first: 7, last: 9 }]);
    let even = set((0..100).map(|number| 1000 + number * 2));
    let [Group::Bitmap { first: 1000, bits }] = &groups(&even)[..] else { panic!("{:?}", groups(&even)) };
    assert_eq!((bits.len(), bits[0], bits[24]), (25, 0x55 & 0x7f, 0x55));
    // A bit that would be read as a sign is led by a zero.
    let odd = groups(&set((0..100).map(|number| 1000 + number * 2).chain([1199])));
    let [Group::Bitmap { bits, .. }] = &odd[..] else { panic!("{odd:?}") };
    assert_eq!((bits.len(), bits[0]), (26, 0));
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    let krl = write_krl(&head(), None, &mixed()).unwrap();
    assert_eq!(krl, write_krl(&head(), None, &mixed().into_iter().rev().collect()).unwrap());
}

#[test]
fn lists_have_bounds() {
    let many = set((1..=u64::try_from(KRL_SERIALS_MAX).unwrap() + 1).map(|number| number * 1000));
    assert_eq!(write_krl(&head(), None, &many), Err(KrlError::TooMany { found: KRL_SERIALS_MAX + 1 }));
    let most = set(many.into_iter().skip(1));
    let krl = write_krl(&head(), None, &most).unwrap();
    assert_eq!(Krl::from_bytes(&krl).unwrap().count(), u64::try_from(KRL_SERIALS_MAX).unwrap());
    assert_eq!(write_krl(&head(), None, &set([0, 1])), Err(KrlError::Zero));
    let comment = "two\nlines".to_owned();
    assert_eq!(write_krl(&KrlHead { comment, ..head() }, None, &set([1])), Err(KrlError::Comment));
}

#[test]
fn what_is_cut_or_something_else_is_not_a_list() {
    let krl = write_krl(&head(), Some(&login_authority().public()), &mixed()).unwrap();
    let whole = write_krl(&head(), None, &set([])).unwrap().len();
    for end in (0..krl.len()).filter(|&end| end != whole) {
        assert_eq!(Krl::from_bytes(&krl[..end]), Err(Malformed), "{end} bytes were taken for a list");
    }
    for wrong in
        [b"".as_slice(), b"<html>it is closed</html>", b"{\"code\":\"not_found\"}", &[krl.clone(), vec![1]].concat()]
    {
        assert_eq!(Krl::from_bytes(wrong), Err(Malformed));
    }
}
