use proptest::prelude::*;

use super::*;
use crate::testing::{leaves, log_signer, signed, vectors, witness_signer};
use crate::{Cosigner, Signer};

fn cosigner(number: u8) -> Cosigner {
    Cosigner::from_seed(&format!("w{number}.example.test"), &[100 + number; 32]).unwrap()
}

/// A policy with the log of the vectors, witnesses `w0`, `w1`… and these lines.
fn policy_of(witnesses: u8, lines: &str) -> Result<TrustPolicy, PolicyError> {
    let mut text = format!("log {} https://log.example.test/\n", log_signer().verifier_key());
    for number in 0..witnesses {
        text += &format!("witness w{number} {}\n", cosigner(number).verifier_key());
    }
    TrustPolicy::parse((text + lines).as_bytes())
}

fn cosigned_by(numbers: &[u8]) -> SignedCheckpoint {
    let mut checkpoint = signed(&leaves(3));
    for number in numbers {
        let line = cosigner(*number).cosign(checkpoint.note().text(), 1000 + u64::from(*number)).unwrap();
        checkpoint.push(line).unwrap();
    }
    checkpoint
}

#[test]
fn the_published_checkpoints_under_a_policy() {
    let (log, witness) = (log_signer(), witness_signer());
    let (log, witness) = (log.verifier_key(), witness.verifier_key());
    let text = format!("# who we trust\n\n\tlog  {log}\nwitness W1 {witness} https://w1.example.test/\n quorum W1 \n");
    let policy = TrustPolicy::parse(text.as_bytes()).unwrap();
    assert_eq!((policy.logs()[0].key.clone(), policy.logs()[0].url.clone()), (log.clone(), None));
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w1.example.test/"));
    for (size, note) in vectors()["checkpoints"].as_object().unwrap() {
        let checkpoint = SignedCheckpoint::parse(note.as_str().unwrap().as_bytes()).unwrap();
        let time_s = 1_767_225_600 + size.parse::<u64>().unwrap();
        assert_eq!(policy.check(&checkpoint), Ok(vec![Cosigned { witness: "W1".to_owned(), time_s }]));
    }
}

/// The example of tlog-policy: two groups, both of which must have seen it.
#[test]
fn nested_groups() {
    let lines = "group X 2 w0 w1 w2\ngroup Y any w3 w4 w5\ngroup X-and-Y all X Y\nquorum X-and-Y\n";
    let policy = policy_of(6, lines).unwrap();
    assert!(policy.asks_for_witnesses());
    let met = |numbers: &[u8]| policy.evaluate(&cosigned_by(numbers)).unwrap().quorum_met;
    for numbers in [&[0, 1, 3][..], &[1, 2, 5], &[0, 1, 2, 3, 4, 5], &[3, 0, 2]] {
        assert!(met(numbers), "{numbers:?}");
    }
    for numbers in [&[][..], &[0, 1], &[0, 3], &[3, 4, 5], &[0, 3, 4, 5]] {
        assert!(!met(numbers), "{numbers:?}");
    }
    let refused = policy.check(&cosigned_by(&[0, 9])).unwrap_err();
    assert_eq!(refused.to_string(), "the quorum is not met: 1 of the 6 witnesses cosigned");
}

#[test]
fn quorum_none_asks_for_the_log_only() {
    let policy = policy_of(1, "quorum none\n").unwrap();
    assert!(!policy.asks_for_witnesses());
    assert_eq!(policy.check(&cosigned_by(&[])), Ok(vec![]));
    assert_eq!(policy.check(&cosigned_by(&[0])).unwrap().len(), 1);
    // A false cosignature is refused even when none is asked for.
    let mut lies = signed(&leaves(3));
    lies.push(cosigner(0).cosign("another\n1\ntext\n", 7).unwrap()).unwrap();
    assert!(matches!(policy.check(&lies), Err(TrustError::Note(NoteError::BadSignature { .. }))));
}

#[test]
fn only_the_logs_of_the_policy() {
    let policy = policy_of(0, "quorum none").unwrap();
    let other = Signer::from_seed("other.example.test", &[9; 32]).unwrap();
    let sign = |origin: &str, signer: &Signer| crate::Checkpoint::new(origin, 0, empty_root()).sign(signer).unwrap();
    let unknown = policy.check(&sign("other.example.test", &other));
    assert_eq!(unknown, Err(TrustError::UnknownLog("other.example.test".to_owned())));
    // A trusted log's key does not speak for another origin, nor another key for the trusted origin.
    assert!(matches!(policy.check(&sign("other.example.test", &log_signer())), Err(TrustError::UnknownLog(_))));
    assert_eq!(policy.check(&sign(crate::testing::ORIGIN, &other)), Err(TrustError::Note(NoteError::Unsigned)));
    let rooted = crate::Checkpoint::new(crate::testing::ORIGIN, 0, leaves(1)[0]).sign(&log_signer()).unwrap();
    assert_eq!(policy.check(&rooted), Err(TrustError::EmptyRoot));
}

#[test]
fn a_witness_that_cosigned_twice_counts_once() {
    let policy = policy_of(2, "group g 2 w0 w1\nquorum g").unwrap();
    let mut checkpoint = cosigned_by(&[0]);
    let earlier = cosigner(0).cosign(checkpoint.note().text(), 900).unwrap();
    checkpoint.push(earlier).unwrap();
    let evaluation = policy.evaluate(&checkpoint).unwrap();
    assert_eq!(evaluation.cosigned, [Cosigned { witness: "w0".to_owned(), time_s: 900 }]);
    assert!(!evaluation.quorum_met);
}

#[test]
fn lines_that_are_wrong_are_named() {
    let check = |lines: &str, line: usize, text: &str| {
        let error = policy_of(3, lines).unwrap_err();
        // The log and three witnesses stand above.
        assert_eq!(
            (error.line, error.to_string()),
            (4 + line, format!("line {} of the trust policy: {text}", 4 + line))
        );
    };
    let key = cosigner(7).verifier_key().to_string();
    let log = Signer::from_seed("l2", &[9; 32]).unwrap().verifier_key().to_string();
    check("", 2, "the file ends without a quorum");
    check("quorum none\nquorum none\n", 2, "there is a quorum already");
    check("quorum w9\n", 1, "no line above defines `w9`");
    check("quorum\n", 1, "expected `quorum <name>|none`");
    check("quorum w0 w1\n", 1, "expected `quorum <name>|none`");
    check("Quorum none\n", 1, "`Quorum` is not one of log, witness, group, quorum");
    check("group a all\n", 1, "expected `group <name> all|any|<number> <member>…`");
    check("group a all b\ngroup b all w0\n", 1, "no line above defines `b`");
    check("group a all a\n", 1, "no line above defines `a`");
    check("group a all none\n", 1, "no line above defines `none`");
    check("group a all w0 w0\n", 1, "`w0` is a member of a group already");
    check("group a all w0\ngroup b any w0 w1\n", 2, "`w0` is a member of a group already");
    check("group w0 all w1\n", 1, "the name `w0` is taken");
    check("group none all w1\n", 1, "the name `none` is taken");
    for threshold in ["0", "3", "02", "+1", "-1", "All", "99999999999999999999"] {
        let expected = format!("expected `all`, `any` or a number from 1 to 2, not `{threshold}`");
        check(&format!("group a {threshold} w0 w1\n"), 1, &expected);
    }
    check(&format!("witness w0 {key}\n"), 1, "the name `w0` is taken");
    check(&format!("witness none {key}\n"), 1, "the name `none` is taken");
    check(&format!("witness w7 {key}\nwitness w8 {key}\n"), 2, "this key is on another line already");
    check(&format!("witness w7 {key} url more\n"), 1, "expected `witness <name> <vkey> [<url>]`");
    check("log\n", 1, "expected `log <vkey> [<url>]`");
    check(&format!("log {log}\nlog {log}\n"), 2, "this key is on another line already");
    let purpose = "the key is for cosigning checkpoints (Ed25519), here one for signing notes (Ed25519) is needed";
    check(&format!("log {key}\n"), 1, purpose);
    check("quorum none\r\n", 1, "a trust policy is UTF-8 without control characters other than tab and newline");
    check("# \u{7f}\n", 1, "a trust policy is UTF-8 without control characters other than tab and newline");
}

#[test]
fn bounds() {
    let witnesses = |count: u8| policy_of(count, "quorum none");
    assert_eq!(witnesses(64).unwrap().witnesses().len(), 64);
    assert_eq!(witnesses(65).unwrap_err().problem, PolicyProblem::TooMany);
    let bytes = vec![b'#'; POLICY_BYTES + 1];
    assert_eq!(TrustPolicy::parse(&bytes).unwrap_err().problem, PolicyProblem::TooLong { bytes: bytes.len() });
    assert_eq!(TrustPolicy::parse(b"\xff\nquorum none").unwrap_err().problem, PolicyProblem::Characters);
    // The deepest policy: every group has the one before it as its member.
    let mut lines = "group g0 all w0\n".to_owned();
    for number in 1..64 {
        lines += &format!("group g{number} all g{}\n", number - 1);
    }
    let policy = policy_of(1, &(lines + "quorum g63\n")).unwrap();
    assert!(policy.check(&cosigned_by(&[0])).is_ok() && policy.check(&cosigned_by(&[])).is_err());
}

/// A cosignature that is too old does not count, and one that is false is refused whatever time it states.
#[test]
fn cosignatures_have_an_age() {
    let policy = policy_of(3, "group g 2 w0 w1 w2\nquorum g\n").unwrap();
    let checkpoint = cosigned_by(&[0, 1, 2]);
    for (oldest_s, met) in [(0, true), (1000, true), (1001, true), (1002, false), (u64::MAX, false)] {
        assert_eq!(policy.check_since(&checkpoint, oldest_s).is_ok(), met, "since {oldest_s}");
    }
    // A fresh one beside an old one of the same witness counts.
    let mut renewed = cosigned_by(&[0, 1]);
    renewed.push(cosigner(0).cosign(renewed.note().text(), 5000).unwrap()).unwrap();
    renewed.push(cosigner(1).cosign(renewed.note().text(), 5000).unwrap()).unwrap();
    assert_eq!(policy.check_since(&renewed, 4000).unwrap().iter().map(|one| one.time_s).sum::<u64>(), 10_000);
    let mut forged = checkpoint;
    forged.push(cosigner(0).cosign("of something else\n", 10).unwrap()).unwrap();
    assert!(matches!(policy.check_since(&forged, 1000), Err(TrustError::Note(NoteError::BadSignature { .. }))));
}

const POLICY_BYTES: usize = crate::limits::POLICY_BYTES_MAX;

proptest! {
    /// A group of k of n is met by k and not by k - 1, whoever they are.
    #[test]
    fn thresholds(n in 1..=6_u8, k in 1..=6_u8, have in prop::collection::btree_set(0..6_u8, 0..=6)) {
        prop_assume!(k <= n);
        let members: Vec<String> = (0..n).map(|number| format!("w{number}")).collect();
        let policy = policy_of(n, &format!("group g {k} {}\nquorum g", members.join(" "))).unwrap();
        let numbers: Vec<u8> = have.iter().copied().collect();
        let counted = have.iter().filter(|number| **number < n).count();
        prop_assert_eq!(policy.evaluate(&cosigned_by(&numbers)).unwrap().quorum_met, counted >= usize::from(k));
    }

    #[test]
    fn parsing_never_panics(text in "((log|witness|group|quorum|none|all|any|#|[a-c]|[0-9]{1,2})[ \t\n]){0,30}") {
        let _ = TrustPolicy::parse(text.as_bytes());
    }
}
