use proptest::prelude::*;

use super::*;
use crate::testing::{ORIGIN, leaves, log_signer, mth, signed, vectors, vkey};

fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
    text.parse()
}

#[test]
fn published_checkpoints() {
    let vectors = vectors();
    let log = vkey(vectors["log_vkey"].as_str().unwrap());
    for (size, note) in vectors["checkpoints"].as_object().unwrap() {
        let note = note.as_str().unwrap();
        let checkpoint = SignedCheckpoint::open(note.as_bytes(), &log).unwrap();
        assert_eq!((checkpoint.origin(), checkpoint.size().to_string()), (ORIGIN, size.clone()));
        assert_eq!((checkpoint.to_string().as_str(), checkpoint.note().signatures().len()), (note, 2));
    }
}

#[test]
fn what_is_no_checkpoint() {
    let root = "kaHizBYtMAIwalI0opYpKZ+1UPGAr6wX0N9oQZSufhs=";
    assert!(parse(&format!("o\n7\n{root}\n")).is_ok());
    assert!(parse(&format!("o\n0\n{root}\n")).is_ok());
    assert!(parse(&format!("o\n9223372036854775807\n{root}\n")).is_ok());
    assert_eq!(parse(&format!("o\n7\n{root}\nmore\nand more\n")).unwrap().extensions, ["more", "and more"]);
    let wrong = |text: String, at: usize| match parse(&text) {
        Err(CheckpointError::Line { line, .. }) => assert_eq!(line, at, "{text:?}"),
        other => panic!("{text:?}: {other:?}"),
    };
    wrong(format!("\n7\n{root}\n"), 1);
    wrong(format!("{}\n7\n{root}\n", "o".repeat(256)), 1);
    wrong("o\n".to_owned(), 2);
    for size in [
        "",
        "07",
        "00",
        "+7",
        "-1",
        " 7",
        "7 ",
        "0x7",
        "7.0",
        "1e3",
        "٧",
        "9223372036854775808",
        "18446744073709551616",
    ] {
        wrong(format!("o\n{size}\n{root}\n"), 2);
    }
    wrong("o\n7\n".to_owned(), 3);
    for root in [
        "",
        "AAAA",
        &root[..43],
        &root.replace("s=", "t="),
        &root.replace('+', "-"),
        &format!("{root} "),
        &format!(" {root}"),
    ] {
        wrong(format!("o\n7\n{root}\n"), 3);
    }
    wrong(format!("o\n7\n{root}\n\n"), 4);
    wrong(format!("o\n7\n{root}\na\n\nb\n"), 5);
    wrong(format!("o\n7\n{root}\n{}", "a\n".repeat(17)), 20);
    for text in [format!("o\n7\n{root}"), format!("o\r\n7\r\n{root}\r\n"), String::new()] {
        assert_eq!(parse(&text), Err(CheckpointError::Note(NoteError::Form)), "{text:?}");
    }
}

#[test]
fn opening_is_strict() {
    let leaves = leaves(3);
    let signer = log_signer();
    let log = signer.verifier_key();
    let note = signed(&leaves).to_string();
    assert_eq!(SignedCheckpoint::open(note.as_bytes(), log), Ok(signed(&leaves)));
    // Another log's key; our key under another origin; a root for an empty log.
    let other = Signer::from_seed("other.example.test/writ", &[9; 32]).unwrap();
    assert!(matches!(
        SignedCheckpoint::open(note.as_bytes(), other.verifier_key()),
        Err(CheckpointError::Origin { .. })
    ));
    let foreign = Checkpoint::new("other.example.test/writ", 3, mth(&leaves)).sign(&signer).unwrap();
    assert!(matches!(foreign.verify_log(log), Err(CheckpointError::Origin { .. })));
    let empty = Checkpoint::new(ORIGIN, 0, mth(&leaves)).sign(&signer).unwrap();
    assert!(matches!(empty.verify_log(log), Err(CheckpointError::Line { line: 3, .. })));
    assert_eq!(signed(&[]).verify_log(log), Ok(()));
    // Same origin, another key.
    let impostor = Signer::from_seed(ORIGIN, &[9; 32]).unwrap();
    let forged = Checkpoint::new(ORIGIN, 3, mth(&leaves)).sign(&impostor).unwrap();
    assert_eq!(forged.verify_log(log), Err(CheckpointError::Note(NoteError::Unsigned)));
}

#[test]
fn what_nobody_could_read_is_not_signed() {
    let sign = |checkpoint: Checkpoint| checkpoint.sign(&log_signer());
    let root = mth(&leaves(1));
    assert!(sign(Checkpoint::new("", 1, root)).is_err());
    assert!(sign(Checkpoint::new("a\n5", 1, root)).is_err());
    assert!(sign(Checkpoint::new("a\tb", 1, root)).is_err());
    assert!(sign(Checkpoint::new("a", 1 << 63, root)).is_err());
    let extended = |line: &str| Checkpoint { extensions: vec![line.to_owned()], ..Checkpoint::new("a", 1, root) };
    assert!(sign(extended("")).is_err());
    assert!(sign(extended("a\nb")).is_err());
    assert!(sign(extended("a")).is_ok());
}

proptest! {
    #[test]
    fn what_is_accepted_is_written_the_same(origin in "[ -~]{0,3}", size in "[0-9]{1,20}", end in "(\n|\n\n|\nx\n|)") {
        let text = format!("{origin}\n{size}\nkaHizBYtMAIwalI0opYpKZ+1UPGAr6wX0N9oQZSufhs={end}");
        if let Ok(checkpoint) = parse(&text) {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}
