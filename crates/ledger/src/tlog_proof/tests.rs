use proptest::prelude::*;

use super::*;
use crate::testing::{leaves, log_signer, mth, path, signed, vector_entries, vectors, witness_signer};
use crate::{Checkpoint, NoteError};

fn policy(quorum: &str) -> TrustPolicy {
    let (log, witness) = (log_signer(), witness_signer());
    let text = format!("log {}\nwitness w {}\nquorum {quorum}", log.verifier_key(), witness.verifier_key());
    TrustPolicy::parse(text.as_bytes()).unwrap()
}

fn published() -> String {
    vectors()["tlog_proof_300_255"].as_str().unwrap().to_owned()
}

#[test]
fn the_published_proof() {
    let text = published();
    let proof = TlogProof::parse(text.as_bytes()).unwrap();
    assert_eq!((proof.index, proof.hashes.len(), &proof.extra), (255, 9, &None));
    assert_eq!(proof.to_string(), text);
    let entries = vector_entries();
    let cosigned = proof.verify(&entries[255], &policy("w")).unwrap();
    assert_eq!(cosigned, [Cosigned { witness: "w".to_owned(), time_s: 1_767_225_900 }]);
    let wrong = proof.verify(&entries[254], &policy("w")).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "the entry is not number 255 of the log `audit.example.test/writ`: the proof does not lead to the root"
    );
}

/// Every byte of the file and every byte of the entry, each with every bit changed.
#[test]
fn every_changed_bit_is_noticed() {
    let (text, policy) = (published().into_bytes(), policy("w"));
    let entry = &vector_entries()[255];
    let holds = |proof: &[u8], entry: &[u8]| TlogProof::parse(proof).is_ok_and(|it| it.verify(entry, &policy).is_ok());
    assert!(holds(&text, entry));
    let changed = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in 0..entry.len() * 8 {
        assert!(!holds(&text, &changed(entry, bit)), "bit {bit} of the entry");
    }
    for bit in 0..text.len() * 8 {
        assert!(!holds(&changed(&text, bit), entry), "bit {bit} of the proof");
    }
    for length in 0..text.len() {
        assert!(!holds(&text[..length], entry), "the first {length} bytes");
    }
}

#[test]
fn without_the_quorum_nothing_is_shown() {
    let leaves = leaves(5);
    let proof = |checkpoint| TlogProof { extra: None, index: 2, hashes: path(2, &leaves), checkpoint };
    let bare = proof(signed(&leaves));
    assert_eq!(bare.verify_leaf(&leaves[2], &policy("none")), Ok(vec![]));
    assert!(matches!(
        bare.verify_leaf(&leaves[2], &policy("w")),
        Err(TlogProofRejected::Trust(TrustError::Quorum { .. }))
    ));
    let foreign = Checkpoint::new("audit.example.test/writ", 5, mth(&leaves));
    let forger = crate::Signer::from_seed("audit.example.test/writ", &[9; 32]).unwrap();
    assert_eq!(
        proof(foreign.sign(&forger).unwrap()).verify_leaf(&leaves[2], &policy("none")),
        Err(TlogProofRejected::Trust(TrustError::Note(NoteError::Unsigned)))
    );
}

#[test]
fn extra_data_and_a_log_of_one() {
    let leaves = leaves(1);
    let proof = TlogProof { extra: Some(b"hello".to_vec()), index: 0, hashes: vec![], checkpoint: signed(&leaves) };
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra aGVsbG8=\nindex 0\n\naudit.example.test/writ\n1\n"));
    assert_eq!(TlogProof::parse(text.as_bytes()), Ok(proof));
}

#[test]
fn what_is_no_proof() {
    let text = published();
    let hash = "CLUtMouHr2J2YkGKFFdQyYBjt9+xizCFnGdfrvwstn4=\n";
    let lines = |count: usize| text.replacen(hash, &hash.repeat(count), 1);
    let check = |text: String, at: usize| match TlogProof::parse(text.as_bytes()) {
        Err(TlogProofError::Line { line, .. }) => assert_eq!(line, at, "{text:?}"),
        other => panic!("{text:?}: {other:?}"),
    };
    check(String::new(), 1);
    check(text.replace("\n\n", "\n"), 1);
    check(text.replace('\n', "\r\n"), 1);
    check(text.replace("@v1", "@v2"), 1);
    check(format!("\n{text}"), 1);
    check(format!(" {text}"), 1);
    check(text.replace("index 255\n", ""), 2);
    for index in ["0255", "+255", "-1", "", " 255", "255 ", "9223372036854775807", "18446744073709551616"] {
        check(text.replace("index 255", &format!("index {index}")), 2);
    }
    check(text.replace("index 255", "Index 255"), 2);
    for extra in ["", "=", "aGVsbG9=", "aGVsbG8", " aGVsbG8="] {
        check(text.replace("index", &format!("extra {extra}\nindex")), 2);
    }
    check(text.replace("index", "extra AAAA\nextra AAAA\nindex"), 3);
    check(text.replace("index", &format!("extra {}\nindex", text::base64(&[7; PROOF_EXTRA_BYTES_MAX + 1]))), 2);
    check(text.replacen("CLUt", "CLU", 1), 3);
    check(text.replacen("tn4=", "tn5=", 1), 3);
    check(text.replacen("EQaUb", "", 1).replacen("CLUt", " CLUt", 1), 3);
    // 63 lines are read, 64 are not: eight stand there besides the one that is repeated.
    assert_eq!(TlogProof::parse(lines(55).as_bytes()).unwrap().hashes.len(), 63);
    check(lines(56), 66);
    assert_eq!(TlogProof::parse(b"\xff"), Err(TlogProofError::Characters));
    let long = vec![b'a'; TLOG_PROOF_BYTES_MAX + 1];
    assert_eq!(TlogProof::parse(&long), Err(TlogProofError::TooLong { bytes: long.len() }));
    assert!(matches!(TlogProof::parse(&text.as_bytes()[..text.len() - 1]), Err(TlogProofError::Checkpoint(_))));
}

proptest! {
    #[test]
    fn what_is_accepted_is_written_the_same(
        head in "c2sp.org/tlog-proof@v1\n(extra (AAAA|AA==|AB==|)\n)?index [0-9]{1,3}\n",
        hashes in 0..3_usize,
        cut in 0..4_usize,
    ) {
        let text = published();
        let rest = text.split_once("index 255\n").unwrap().1;
        let rest: String = rest.split_inclusive('\n').skip(9 - hashes).collect();
        let text = format!("{head}{rest}");
        let text = &text[..text.len() - cut];
        if let Ok(proof) = TlogProof::parse(text.as_bytes()) {
            prop_assert_eq!(proof.to_string(), text);
        }
    }
}
