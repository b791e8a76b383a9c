use proptest::prelude::*;

use super::*;
use crate::testing::{ORIGIN, flipped, leaves, log_signer, mth, signed, subproof};
use crate::{Checkpoint, NoteError, Signer};

fn show(previous: &[Digest], shown: &[Digest], proof: Option<&[Digest]>) -> Result<Accept, Alarm> {
    remember(Some(&signed(previous)), &signed(shown), proof, log_signer().verifier_key())
}

fn changed(leaves: &[Digest], at: usize) -> Vec<Digest> {
    let mut leaves = leaves.to_vec();
    leaves[at] = flipped(&leaves[at], 5);
    leaves
}

#[test]
fn a_log_that_grows() {
    let leaves = leaves(9);
    let log = log_signer();
    assert_eq!(remember(None, &signed(&leaves), None, log.verifier_key()), Ok(Accept::First));
    assert_eq!(show(&leaves[..4], &leaves, Some(&subproof(4, &leaves, true))), Ok(Accept::Grown));
    assert_eq!(show(&leaves, &leaves, None), Ok(Accept::Same));
    assert_eq!(show(&[], &leaves, None), Ok(Accept::Grown));
    assert_eq!(proof_needed(Some(&signed(&leaves[..4])), &signed(&leaves)), Some((4, 9)));
    assert_eq!(proof_needed(Some(&signed(&leaves)), &signed(&leaves[..4])), Some((4, 9)));
    assert_eq!(proof_needed(Some(&signed(&leaves)), &signed(&leaves)), None);
    assert_eq!(proof_needed(Some(&signed(&[])), &signed(&leaves)), None);
    assert_eq!(proof_needed(None, &signed(&leaves)), None);
}

#[test]
fn an_old_checkpoint_is_stale_when_that_is_proved() {
    let leaves = leaves(9);
    assert_eq!(show(&leaves, &leaves[..4], Some(&subproof(4, &leaves, true))), Ok(Accept::Stale));
    assert_eq!(show(&leaves, &leaves[..4], None), Err(Alarm::Rollback { old: 9, new: 4 }));
    assert_eq!(show(&leaves[..4], &leaves, None), Err(Alarm::Unproven { old: 4, new: 9 }));
}

#[test]
fn a_fork_carries_both_checkpoints() {
    let leaves = leaves(9);
    let other = changed(&leaves, 2);
    let evidence = |alarm| match alarm {
        Err(Alarm::Fork(evidence)) => *evidence,
        other => panic!("{other:?}"),
    };
    let same_size = evidence(show(&leaves, &other, None));
    assert_eq!(same_size, Evidence { first: signed(&leaves), second: signed(&other), split: Split::SameSize });
    // It grew from another history, and has a proof of that only.
    let proof = subproof(5, &other, true);
    let grown = evidence(show(&leaves[..5], &other, Some(&proof)));
    assert_eq!(grown.split, Split::Inconsistent { error: ProofError::OldRoot, proof: proof.clone() });
    assert_eq!((&grown.first, &grown.second), (&signed(&leaves[..5]), &signed(&other)));
    // It went back to another history.
    let back = evidence(show(&leaves, &other[..5], Some(&subproof(5, &leaves, true))));
    assert!(matches!(back.split, Split::Inconsistent { error: ProofError::OldRoot, .. }));
    // Both are signed: anybody who has the log's key is convinced.
    let signer = log_signer();
    let log = signer.verifier_key();
    for alarm in [same_size, grown, back] {
        assert_eq!((alarm.first.verify_log(log), alarm.second.verify_log(log)), (Ok(()), Ok(())));
        let text = alarm.to_string();
        assert!(text.contains(&alarm.first.to_string()) && text.contains(&alarm.second.to_string()));
    }
}

#[test]
fn what_is_not_signed_is_no_evidence() {
    let leaves = leaves(5);
    let forger = Signer::from_seed(ORIGIN, &[9; 32]).unwrap();
    let forged = Checkpoint::new(ORIGIN, 5, mth(&changed(&leaves, 1))).sign(&forger).unwrap();
    let signer = log_signer();
    let log = signer.verifier_key();
    let unsigned = || CheckpointError::Note(NoteError::Unsigned);
    assert_eq!(remember(Some(&signed(&leaves)), &forged, None, log), Err(Alarm::Shown(unsigned())));
    assert_eq!(remember(None, &forged, None, log), Err(Alarm::Shown(unsigned())));
    assert_eq!(remember(Some(&forged), &signed(&leaves), None, log), Err(Alarm::Remembered(unsigned())));
    let elsewhere = Signer::from_seed("elsewhere.example.test", &[9; 32]).unwrap();
    let foreign = Checkpoint::new("elsewhere.example.test", 5, mth(&leaves)).sign(&elsewhere).unwrap();
    assert!(matches!(remember(None, &foreign, None, log), Err(Alarm::Shown(CheckpointError::Origin { .. }))));
}

proptest! {
    /// Of two trees of any sizes: accepted when one is the beginning of the other, an alarm when not.
    #[test]
    fn one_history_or_an_alarm(old in 0..40_usize, new in 0..40_usize, change in 0..40_usize) {
        let trunk = leaves(40);
        let other = changed(&trunk, change);
        let (from, to) = (old.min(new), old.max(new));
        let proof = |leaves: &[Digest]| if from == 0 { Vec::new() } else { subproof(from, &leaves[..to], true) };
        let verdict = show(&trunk[..old], &trunk[..new], Some(&proof(&trunk)));
        let expected = match old.cmp(&new) {
            std::cmp::Ordering::Less => Accept::Grown,
            std::cmp::Ordering::Equal => Accept::Same,
            std::cmp::Ordering::Greater => Accept::Stale,
        };
        prop_assert_eq!(verdict, Ok(expected));
        // Shown the other history, with the best proof of either: an alarm if and only if the change is in what both have.
        for leaves in [&trunk, &other] {
            let verdict = show(&trunk[..old], &other[..new], Some(&proof(leaves)));
            if change < from {
                prop_assert!(matches!(verdict, Err(Alarm::Fork(_))));
            }
        }
    }
}
