#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const A: &str = "8a5cbf62656e130fc6c441a8347b64890a3dbde8";
const ZERO: &str = "0000000000000000000000000000000000000000";

fn push(lines: &[&str], options: &[&str], pack: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    lines.iter().for_each(|line| pkt::write(&mut bytes, line.as_bytes()));
    bytes.extend_from_slice(FLUSH);
    if !options.is_empty() {
        options.iter().for_each(|option| pkt::write(&mut bytes, option.as_bytes()));
        bytes.extend_from_slice(FLUSH);
    }
    bytes.extend_from_slice(pack);
    bytes
}

#[test]
fn a_push_is_read_up_to_its_pack() {
    let first = format!("{ZERO} {A} refs/heads/a\0 report-status side-band-64k atomic push-options agent=git/2.47");
    let second = format!("{A} {ZERO} refs/heads/b");
    let bytes = push(&[&first, &second], &["writ.token=7", "ci.skip"], b"PACK...");
    let head = Head::read(&bytes).unwrap().unwrap();
    assert_eq!(&bytes[head.length..], b"PACK...");
    assert_eq!(head.updates.len(), 2);
    assert_eq!(head.options.tokens, [7]);
    assert!(head.has("side-band-64k") && !head.has("side-band"));
    // For a server with options; ours stay here.
    let told = format!("{ZERO} {A} refs/heads/a\0 report-status side-band-64k atomic agent=git/2.47 push-options");
    assert_eq!(head.rewritten(true), push(&[&told, &second], &["ci.skip"], b""));
    // For one without.
    let told = told.replace(" push-options", "");
    assert_eq!(head.rewritten(false), push(&[&told, &second], &[], b""));
}

#[test]
fn what_git_sends_to_see_whether_it_is_let_in_asks_for_nothing() {
    assert_eq!(Head::read(b"0000").unwrap(), None);
}

#[test]
fn shallow_lines_pass_and_signed_pushes_do_not() {
    let shallow = format!("shallow {A}");
    let update = format!("{ZERO} {A} refs/heads/a\0report-status");
    let head = Head::read(&push(&[&shallow, &update], &[], b"")).unwrap().unwrap();
    assert_eq!(head.rewritten(false), push(&[&shallow, &format!("{ZERO} {A} refs/heads/a\0 report-status")], &[], b""));
    assert!(Head::read(&push(&["push-cert\0report-status", "certificate version 0.1"], &[], b"")).is_err());
}

#[test]
fn what_is_no_push_is_refused() {
    let update = format!("{ZERO} {A} refs/heads/a\0push-options");
    let many: Vec<String> = (0..=UPDATES_MAX).map(|number| format!("{ZERO} {A} refs/heads/{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for bytes in [
        b"".to_vec(),
        b"PACK".to_vec(),
        push(&["nonsense"], &[], b""),
        push(&[&update], &["writ.token=x"], b""),
        // Options were promised and do not come.
        push(&[&update], &[], b"PACK"),
        push(&many, &[], b""),
    ] {
        assert!(Head::read(&bytes).is_err(), "{}", bytes.escape_ascii());
    }
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Head::read(&bytes);
    }
}
