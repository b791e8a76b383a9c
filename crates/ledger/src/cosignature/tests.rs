use super::*;
use crate::testing::{log_signer, vectors, witness_signer};
use crate::{Note, NoteError, SignedCheckpoint};

/// All five: our cosignatures are byte by byte those that Go's `crypto/ed25519` made, at 1767225600 + size.
#[test]
fn published_cosignatures() {
    let (log, witness) = (log_signer(), witness_signer());
    for (size, note) in vectors()["checkpoints"].as_object().unwrap() {
        let note = note.as_str().unwrap();
        let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        let time_s = 1_767_225_600 + size.parse::<u64>().unwrap();
        let verified = signed.note().verify([witness.verifier_key()]).unwrap();
        assert_eq!(verified.iter().map(|verified| verified.time_s).collect::<Vec<_>>(), [Some(time_s)]);
        let mut ours = signed.checkpoint().clone().sign(&log).unwrap();
        ours.push(witness.cosign(signed.note().text(), time_s).unwrap()).unwrap();
        assert_eq!(ours.to_string(), note);
    }
}

#[test]
fn a_cosignature_is_of_its_text_and_time() {
    let witness = witness_signer();
    let note = |signature| {
        let mut note = Note::new("a\n1\nb\n").unwrap();
        note.push(signature).unwrap();
        note
    };
    let verify = |note: Note| note.verify([witness.verifier_key()]).map(|verified| verified[0].time_s);
    assert_eq!(verify(note(witness.cosign("a\n1\nb\n", 7).unwrap())), Ok(Some(7)));
    assert_eq!(
        verify(note(witness.cosign("a\n1\nb\n", COSIGNATURE_TIME_S_MAX).unwrap())),
        Ok(Some(COSIGNATURE_TIME_S_MAX))
    );
    let bad = |signature| assert!(matches!(verify(note(signature)), Err(NoteError::BadSignature { .. })));
    bad(witness.cosign("a\n2\nb\n", 7).unwrap());
    // A time beyond what the specification allows, though truly signed.
    bad(witness.cosign("a\n1\nb\n", COSIGNATURE_TIME_S_MAX + 1).unwrap());
    // Another time put in front; a plain signature by the same key; too short for either.
    let true_one = witness.cosign("a\n1\nb\n", 7).unwrap();
    let mut bytes = true_one.bytes().to_vec();
    bytes[7] = 8;
    bad(Signature::new(witness.verifier_key(), bytes));
    bad(Signature::new(witness.verifier_key(), witness.0.sign(b"a\n1\nb\n").unwrap()));
    bad(Signature::new(witness.verifier_key(), vec![0; 8]));
    bad(Signature::new(witness.verifier_key(), vec![0; 7]));
}
