use proptest::prelude::*;

use super::*;
use crate::testing::{log_signer, vkey};

const TEXT: &str = "This is an example message.\n";
const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const LINE: &str =
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn parse(text: &str) -> Result<Note, NoteError> {
    Note::parse(text.as_bytes())
}

/// The example of C2SP signed-note.
#[test]
fn the_published_note() {
    let written = format!("{TEXT}\n{LINE}");
    let note = parse(&written).unwrap();
    assert_eq!((note.text(), note.to_string()), (TEXT, written));
    let key = vkey(KEY);
    let verified = note.verify([&key]).unwrap();
    assert_eq!((verified.len(), verified[0].key, verified[0].time_s), (1, &key, None));
    assert_eq!(verified[0].signature.id().to_string(), "530d903a");
}

#[test]
fn unknown_signatures_are_ignored_and_false_ones_are_not() {
    let ours = log_signer().sign(TEXT).unwrap();
    let mut note = parse(&format!("{TEXT}\n{LINE}")).unwrap();
    note.push(ours.clone()).unwrap();
    let (foo, log) = (vkey(KEY), log_signer().verifier_key().clone());
    assert_eq!(note.verify([&log]).unwrap().len(), 1);
    assert_eq!(note.verify([&log, &foo]).unwrap().len(), 2);
    assert_eq!(note.verify([]), Err(NoteError::Unsigned));
    // The known key's name and id over another text: the whole note is refused, though the other signature is true.
    let other = log_signer().sign("Another.\n").unwrap();
    let mut lies = parse(&format!("{TEXT}\n{LINE}")).unwrap();
    lies.push(other).unwrap();
    let bad = NoteError::BadSignature { name: log.name().to_owned(), id: log.id() };
    assert_eq!(lies.verify([&foo, &log]), Err(bad.clone()));
    assert!(lies.verify([&foo]).is_ok());
    // One true and one false line of the same key.
    note.push(lies.signatures()[1].clone()).unwrap();
    assert_eq!(note.verify([&foo, &log]), Err(bad));
    // Same name, another id; same id, another name: unknown both.
    let renamed = LINE.replace("example.com/foo", "example.com/bar");
    assert_eq!(parse(&format!("{TEXT}\n{renamed}")).unwrap().verify([&foo]), Err(NoteError::Unsigned));
    let id = LINE.replace("Uw2QO", "Uw2QP");
    assert!(matches!(parse(&format!("{TEXT}\n{id}")).unwrap().verify([&foo]), Err(NoteError::Unsigned)));
}

#[test]
fn the_same_line_twice() {
    let key = vkey(KEY);
    let twice = parse(&format!("{TEXT}\n{LINE}{LINE}")).unwrap();
    assert!(twice.verify([&key]).unwrap().iter().all(|verified| verified.key == &key));
    let mut note = parse(&format!("{TEXT}\n{LINE}")).unwrap();
    note.push(twice.signatures()[1].clone()).unwrap();
    assert_eq!(note.signatures().len(), 1);
}

#[test]
fn what_is_no_note() {
    let check = |text: &str, expected: NoteError| assert_eq!(parse(text), Err(expected), "{text:?}");
    check("", NoteError::Form);
    check(TEXT, NoteError::Form);
    check(&format!("{TEXT}{LINE}"), NoteError::Form);
    check(&format!("{TEXT}\n"), NoteError::Form);
    check(&format!("{TEXT}\n\n"), NoteError::Form);
    check(&format!("\n{LINE}"), NoteError::Form);
    check(&format!("{TEXT}\n{}", LINE.trim_end()), NoteError::Form);
    check(&format!("{TEXT}\n{LINE}\n"), NoteError::Form);
    check(&format!("{TEXT}\n{LINE}").replace('\n', "\r\n"), NoteError::Characters);
    check(&format!("{TEXT}\n{LINE}").replace("is", "is\t"), NoteError::Characters);
    check(&format!("{TEXT}\0\n{LINE}"), NoteError::Characters);
    let line = |line: &str, number| {
        check(&format!("{TEXT}\n{LINE}{line}\n"), NoteError::SignatureLine { line: number });
    };
    line("- example.com/foo Uw2QOkn8srV1yJGh", 2);
    line("—  example.com/foo Uw2QOkn8srV1yJGh", 2);
    line("— example.com/foo  Uw2QOkn8srV1yJGh", 2);
    line("— example.com/foo Uw2QOkn8srV1yJGh ", 2);
    line("— example.com/f+o Uw2QOkn8srV1yJGh", 2);
    line("— example.com/f\u{2003}o Uw2QOkn8srV1yJGh", 2);
    line("— example.com/foo", 2);
    line("— Uw2QOkn8srV1yJGh", 2);
    line("— example.com/foo Uw2Q", 2);
    line("— example.com/foo Uw2QOg==", 2);
    line("— example.com/foo Uw2QOkn8srV1yJG", 2);
    // Unused bits that are not zero: a second spelling.
    line(&LINE.trim_end().replace("yaQM=", "yaQN="), 2);
    line(&LINE.trim_end().replace("yaQM=", "yaQM"), 2);
    assert_eq!(Note::parse(b"\xff\n\n\xe2\x80\x94 a AAAAAAA="), Err(NoteError::Characters));
    assert_eq!(Note::new("no newline"), Err(NoteError::Form));
    assert_eq!(Note::new("a\r\n"), Err(NoteError::Characters));
}

#[test]
fn bounds() {
    let note = |lines: usize| format!("{TEXT}\n{}", LINE.repeat(lines));
    assert_eq!(parse(&note(100)).unwrap().signatures().len(), 100);
    assert_eq!(parse(&note(101)), Err(NoteError::TooManySignatures));
    let mut full = parse(&note(100)).unwrap();
    assert_eq!(full.push(log_signer().sign(TEXT).unwrap()), Err(NoteError::TooManySignatures));
    let long = "a".repeat(NOTE_BYTES_MAX);
    let bytes = long.len() + note(1).len();
    assert_eq!(parse(&format!("{long}{}", note(1))), Err(NoteError::TooLong { bytes }));
    // A hundred signatures as long as ML-DSA-44's fit.
    let large = format!("— a {}\n", text::base64(&[7; 4 + 8 + 2420]));
    assert_eq!(parse(&format!("{TEXT}\n{}", large.repeat(100))).unwrap().signatures().len(), 100);
}

#[test]
fn a_text_may_have_empty_lines() {
    let text = "Ognuno sta solo\n\ned è subito sera.\n\n";
    let mut note = Note::new(text).unwrap();
    note.push(log_signer().sign(text).unwrap()).unwrap();
    let again = parse(&note.to_string()).unwrap();
    assert_eq!(again, note);
    assert!(again.verify([log_signer().verifier_key()]).is_ok());
}

#[test]
fn every_changed_byte_is_noticed() {
    let mut note = Note::new(TEXT).unwrap();
    note.push(log_signer().sign(TEXT).unwrap()).unwrap();
    let bytes = note.to_string().into_bytes();
    let log = log_signer();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let accepted = Note::parse(&changed).is_ok_and(|note| note.verify([log.verifier_key()]).is_ok());
            assert!(!accepted, "byte {at}, bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_accepted_is_written_the_same(text in "[a\n ]{0,6}\n\n?(— [ab] AAAAAA(A=|B=|AA)\n?){0,3}\n?") {
        if let Ok(note) = parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn parsing_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Note::parse(&bytes);
    }
}
