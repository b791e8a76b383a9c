use std::collections::BTreeMap;

use domain::Digest;
use proptest::prelude::*;

use super::*;
use crate::testing::{ORIGIN, flipped, leaves, log_signer, mth, signed, subproof, vectors, vkey, witness_signer};
use crate::{Checkpoint, Signer};

const NOW: u64 = 1_800_000_000;

fn logs() -> KnownLogs {
    [log_signer().verifier_key().clone()].into_iter().collect()
}

fn request(leaves: &[Digest], old: usize) -> AddCheckpoint {
    let proof = if old == 0 { Vec::new() } else { subproof(old, leaves, true) };
    AddCheckpoint { old_size: old as u64, proof, checkpoint: signed(leaves) }
}

fn accept(latest: Option<&Latest>, request: &AddCheckpoint, now_s: u64) -> Latest {
    match consider(latest, &logs(), request, now_s) {
        Answer::Accept(next) => next,
        Answer::Refuse(refusal) => panic!("refused: {refusal}"),
    }
}

fn refuse(latest: Option<&Latest>, request: &AddCheckpoint, status: u16) -> Refusal {
    match consider(latest, &logs(), request, NOW) {
        Answer::Accept(next) => panic!("accepted size {}", next.checkpoint.size()),
        Answer::Refuse(refusal) => {
            assert_eq!(refusal.status(), status, "{refusal}");
            refusal
        }
    }
}

fn seen(leaves: &[Digest]) -> Latest {
    Latest { checkpoint: signed(leaves), time_s: NOW - 10 }
}

/// A tree of the same size with another last leaf.
fn another(leaves: &[Digest]) -> Vec<Digest> {
    let mut leaves = leaves.to_vec();
    if let Some(last) = leaves.last_mut() {
        *last = flipped(last, 9);
    }
    leaves
}

/// The published checkpoints with their consistency proofs, one after the other, and the published cosignatures.
#[test]
fn published_history() {
    let vectors = vectors();
    let (witness, mut latest) = (witness_signer(), None::<Latest>);
    for (from, to) in [(0, 1), (1, 7), (7, 256), (256, 257), (257, 300), (300, 300)] {
        let proofs = vectors["consistency"].as_array().unwrap();
        let proof = proofs.iter().find(|proof| proof["from"] == from && proof["to"] == to);
        let lines: String = proof.map_or(String::new(), |proof| {
            proof["proof"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().to_owned() + "\n").collect()
        });
        let note = vectors["checkpoints"][to.to_string()].as_str().unwrap();
        let body = format!("old {from}\n{lines}\n{note}");
        let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
        assert_eq!(request.to_string(), body);
        let next = accept(latest.as_ref(), &request, 1_767_225_600 + to);
        // Only the log's signature is kept; ours is the published one.
        assert_eq!(next.checkpoint.note().signatures().len(), 1);
        let ours = next.cosign(&witness).unwrap().to_string();
        assert!(note.ends_with(&format!("{ours}\n")), "{from} to {to}");
        latest = Some(next);
    }
}

#[test]
fn who_may_ask() {
    let leaves = leaves(4);
    let stranger = Signer::from_seed("stranger.example.test", &[9; 32]).unwrap();
    let signed_as = |origin: &str, signer: &Signer| AddCheckpoint {
        old_size: 0,
        proof: vec![],
        checkpoint: Checkpoint::new(origin, 4, mth(&leaves)).sign(signer).unwrap(),
    };
    let unknown = refuse(None, &signed_as("stranger.example.test", &stranger), 404);
    assert_eq!(unknown, Refusal::UnknownLog("stranger.example.test".to_owned()));
    assert_eq!(refuse(None, &signed_as(ORIGIN, &stranger), 403), Refusal::Signature(NoteError::Unsigned));
    // The log's name and id, and not its signature; also beside a true one.
    let mut lies = request(&leaves, 0);
    lies.checkpoint.push(log_signer().sign("another text\n").unwrap()).unwrap();
    assert!(matches!(refuse(None, &lies, 403), Refusal::Signature(NoteError::BadSignature { .. })));
    // A cosignature of ours that comes along is neither needed nor kept.
    let mut cosigned = request(&leaves, 0);
    cosigned.checkpoint.push(witness_signer().cosign(cosigned.checkpoint.note().text(), 5).unwrap()).unwrap();
    assert_eq!(accept(None, &cosigned, NOW).checkpoint, signed(&leaves));
    // A log that changes its key is known by both, and one signature suffices.
    let new = Signer::from_seed(ORIGIN, &[8; 32]).unwrap();
    let mut both = logs();
    both.insert(ORIGIN, new.verifier_key().clone());
    assert_eq!(both.origins().collect::<Vec<_>>(), [ORIGIN]);
    assert!(matches!(consider(None, &both, &signed_as(ORIGIN, &new), NOW), Answer::Accept(_)));
    assert!(matches!(consider(None, &both, &request(&leaves, 0), NOW), Answer::Accept(_)));
}

#[test]
fn sizes_and_proofs() {
    let leaves = leaves(10);
    let latest = seen(&leaves[..6]);
    assert_eq!(accept(Some(&latest), &request(&leaves, 6), NOW), Latest { checkpoint: signed(&leaves), time_s: NOW });
    assert_eq!(accept(Some(&latest), &request(&leaves[..6], 6), NOW).checkpoint.size(), 6);
    // 400: backwards.
    let backwards = AddCheckpoint { old_size: 11, proof: vec![], checkpoint: signed(&leaves) };
    assert_eq!(refuse(Some(&latest), &backwards, 400), Refusal::OldSize { old: 11, size: 10 });
    // 409: from another size, older, newer, or nothing.
    for (old, kept) in [(5, Some(&latest)), (7, Some(&latest)), (0, Some(&latest)), (5, None)] {
        let expected = Refusal::Conflict { old, latest: kept.map_or(0, |_| 6), evidence: None };
        assert_eq!(refuse(kept, &request(&leaves, old as usize), 409), expected);
    }
    // 409 also for an older checkpoint, whatever its proof: the witness never goes back.
    refuse(Some(&latest), &request(&leaves[..5], 5), 409);
    // 422: proofs that fail.
    let mut changed = request(&leaves, 6);
    changed.proof[0] = flipped(&changed.proof[0], 3);
    assert_eq!(refuse(Some(&latest), &changed, 422), Refusal::Proof(ProofError::OldRoot));
    changed.proof.clear();
    assert!(matches!(refuse(Some(&latest), &changed, 422), Refusal::Proof(ProofError::Length { found: 0, .. })));
    let proof_of_nothing = AddCheckpoint { proof: vec![leaves[0]], ..request(&leaves, 0) };
    assert!(matches!(
        refuse(None, &proof_of_nothing, 422),
        Refusal::Proof(ProofError::Length { expected: 0, found: 1 })
    ));
    // The other history has a proof of its own growth, and none from what was seen.
    let other = another(&leaves[..6]).into_iter().chain(leaves[6..].iter().copied()).collect::<Vec<_>>();
    assert_eq!(refuse(Some(&latest), &request(&other, 6), 422), Refusal::Proof(ProofError::OldRoot));
}

#[test]
fn the_empty_log() {
    let leaves = leaves(2);
    let empty = accept(None, &request(&[], 0), NOW);
    assert_eq!(empty.checkpoint.size(), 0);
    assert_eq!(accept(Some(&empty), &request(&leaves, 0), NOW).checkpoint.size(), 2);
    let rooted = Checkpoint::new(ORIGIN, 0, leaves[0]).sign(&log_signer()).unwrap();
    let request = AddCheckpoint { old_size: 0, proof: vec![], checkpoint: rooted };
    assert_eq!(refuse(None, &request, 422), Refusal::EmptyRoot);
}

#[test]
fn a_fork_leaves_evidence() {
    let leaves = leaves(6);
    let (latest, other) = (seen(&leaves), another(&leaves));
    let expected = Evidence { first: signed(&leaves), second: signed(&other), split: Split::SameSize };
    let fork = refuse(Some(&latest), &AddCheckpoint { proof: vec![], ..request(&other, 6) }, 422);
    assert!(matches!(fork, Refusal::Fork { size: 6, .. }));
    assert_eq!(fork.evidence(), Some(&expected));
    // Asked from an older size the status is 409, and the evidence is as good.
    let conflict = refuse(Some(&latest), &request(&other, 3), 409);
    assert_eq!(conflict.evidence(), Some(&expected));
    let printed = expected.to_string();
    assert!(printed.contains(&signed(&leaves).to_string()) && printed.contains(&signed(&other).to_string()));
    assert_eq!(refuse(Some(&latest), &request(&leaves[..5], 0), 409).evidence(), None);
}

#[test]
fn time_does_not_go_back() {
    let leaves = leaves(3);
    let latest = seen(&leaves);
    assert_eq!(accept(Some(&latest), &request(&leaves, 3), NOW - 3_600).time_s, NOW - 10);
    assert_eq!(accept(Some(&latest), &request(&leaves, 3), 0).time_s, NOW - 10);
    let clockless = |now_s| consider(None, &logs(), &request(&leaves, 0), now_s);
    assert_eq!(clockless(0), Answer::Refuse(Refusal::Clock));
    assert_eq!(clockless(1 << 63), Answer::Refuse(Refusal::Clock));
    assert_eq!(Refusal::Clock.status(), 500);
}

#[test]
fn states_of_two_logs_are_not_mixed_up() {
    let leaves = leaves(3);
    let other = Signer::from_seed("other.example.test", &[9; 32]).unwrap();
    let checkpoint = Checkpoint::new("other.example.test", 3, mth(&leaves)).sign(&other).unwrap();
    let latest = Latest { checkpoint, time_s: NOW };
    assert_eq!(refuse(Some(&latest), &request(&leaves, 3), 500), Refusal::WrongState);
}

#[test]
fn what_is_no_request() {
    let text = request(&leaves(7), 3).to_string();
    let hash = text.lines().nth(1).unwrap().to_owned() + "\n";
    let check = |text: String, at: usize| match AddCheckpoint::parse(text.as_bytes()) {
        Err(RequestError::Line { line, .. }) => assert_eq!(line, at, "{text:?}"),
        other => panic!("{text:?}: {other:?}"),
    };
    check(String::new(), 1);
    check(text.replace('\n', "\r\n"), 1);
    check(format!("\n{text}"), 1);
    for old in
        ["old 03", "old +3", "old -3", "old", "old ", "old  3", "old 3 ", "Old 3", "3", "old 9223372036854775808"]
    {
        check(text.replacen("old 3", old, 1), 1);
    }
    check(text.replacen(&hash, &format!(" {hash}"), 1), 2);
    check(text.replacen(&hash, &hash[..20], 1), 2);
    check(text.replacen(&hash, &hash.replace('=', ""), 1), 2);
    let lines = |count: usize| text.replacen(&hash, &hash.repeat(count), 1);
    let others = request(&leaves(7), 3).proof.len() - 1;
    assert_eq!(AddCheckpoint::parse(lines(63 - others).as_bytes()).unwrap().proof.len(), 63);
    check(lines(64 - others), 65);
    assert_eq!(AddCheckpoint::parse(b"old 0\n\xff"), Err(RequestError::Characters));
    let long = vec![b'a'; crate::limits::ADD_CHECKPOINT_BYTES_MAX + 1];
    assert_eq!(AddCheckpoint::parse(&long), Err(RequestError::TooLong { bytes: long.len() }));
    for cut in [1, 2, 30] {
        let cut = &text[..text.len() - cut];
        assert!(matches!(AddCheckpoint::parse(cut.as_bytes()), Err(RequestError::Checkpoint(_))));
    }
}

#[test]
fn answers_are_read_strictly() {
    let (witness, checkpoint) = (witness_signer(), signed(&leaves(3)));
    let cosign = |text: &str, time_s| witness.cosign(text, time_s).unwrap().to_string() + "\n";
    let text = checkpoint.note().text();
    let read = |body: &str| parse_cosignatures(body.as_bytes(), &checkpoint, [witness.verifier_key()]);
    let good = cosign(text, NOW);
    assert_eq!(read(&good).unwrap()[0].to_string() + "\n", good);
    // Those of strangers are left out; strangers alone are nothing.
    let stranger = crate::Cosigner::from_seed("w9", &[9; 32]).unwrap().cosign(text, NOW).unwrap().to_string() + "\n";
    assert_eq!(read(&format!("{stranger}{good}")).unwrap().len(), 1);
    assert_eq!(read(&stranger), Err(ResponseError::Note(NoteError::Unsigned)));
    assert_eq!(read(&cosign(text, 0)), Err(ResponseError::NoTime));
    assert!(matches!(read(&cosign("other\n", NOW)), Err(ResponseError::Note(NoteError::BadSignature { .. }))));
    assert_eq!(read(""), Err(ResponseError::Note(NoteError::Form)));
    assert_eq!(read(good.trim_end()), Err(ResponseError::Note(NoteError::Form)));
    assert_eq!(read(&format!("\n{good}")), Err(ResponseError::Note(NoteError::SignatureLine { line: 1 })));
    assert_eq!(read(&format!("{good}\n")), Err(ResponseError::Note(NoteError::SignatureLine { line: 2 })));
    // The log's own signature is no cosignature.
    let log_line = log_signer().sign(text).unwrap().to_string() + "\n";
    let as_witness = parse_cosignatures(log_line.as_bytes(), &checkpoint, [log_signer().verifier_key()]);
    assert_eq!(as_witness, Err(ResponseError::NoTime));

    assert_eq!(conflict_body(300), "300\n");
    assert_eq!(parse_conflict(b"300\n"), Ok(300));
    for body in [&b""[..], b"300", b"0300\n", b"300\n\n", b"300\r\n", b"-1\n", b"\xff\n", b"9223372036854775808\n"] {
        assert_eq!(parse_conflict(body), Err(ResponseError::Size));
    }
}

#[test]
fn published_request() {
    // The example of tlog-witness: its form. The key is not published.
    let body = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\nexample.com/behind-the-sofa\n20852163\n\
                CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa \
                Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
    assert_eq!((request.old_size, request.proof.len(), request.checkpoint.size()), (20_852_014, 1, 20_852_163));
    assert_eq!(request.to_string(), body);
    let known = [vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")];
    let answer = consider(None, &known.into_iter().collect(), &request, NOW);
    assert!(matches!(answer, Answer::Refuse(Refusal::UnknownLog(_))));
}

#[derive(Debug, Clone)]
struct Asked {
    history: usize,
    size: usize,
    old: usize,
    from: usize,
    now_s: u64,
}

fn asked() -> impl Strategy<Value = Asked> {
    (0..3_usize, 0..=20_usize, 0..=20_usize, 0..=20_usize, 1..100_u64)
        .prop_map(|(history, size, old, from, now_s)| Asked { history, size, old, from, now_s })
}

proptest! {
    /// Whatever is asked in whatever order, by a log that keeps three histories and proves anything it can: the witness
    /// never cosigns two roots for one size, never a smaller size after a larger, never an earlier time after a later,
    /// and everything it cosigned is of one history.
    #[test]
    fn one_history_and_forwards_only(all in prop::collection::vec(asked(), 1..60)) {
        let trunk = leaves(20);
        let fork = |at: usize| trunk.iter().enumerate().map(|(n, leaf)| if n < at { *leaf } else { flipped(leaf, 1) }).collect();
        let histories: [Vec<Digest>; 3] = [trunk.clone(), fork(3), fork(11)];
        let mut latest: Option<Latest> = None;
        let mut cosigned: BTreeMap<u64, Digest> = BTreeMap::new();
        for Asked { history, size, old, from, now_s } in all {
            let tree = &histories[history][..size];
            // Half of the time it asks from where the witness is, as an honest log would.
            let old = if from % 2 == 0 { latest.as_ref().map_or(0, |it| it.checkpoint.size() as usize) } else { old };
            let proof = if (1..=size).contains(&old) { subproof(old, tree, true) } else { Vec::new() };
            let request = AddCheckpoint { old_size: old as u64, proof, checkpoint: signed(tree) };
            if let Answer::Accept(next) = consider(latest.as_ref(), &logs(), &request, now_s) {
                let (size, root) = (next.checkpoint.size(), next.checkpoint.root());
                prop_assert_eq!(root, mth(tree));
                prop_assert_eq!(*cosigned.entry(size).or_insert(root), root);
                if let Some(latest) = &latest {
                    prop_assert!(size >= latest.checkpoint.size() && next.time_s >= latest.time_s);
                }
                prop_assert!(next.time_s >= now_s);
                latest = Some(next);
            }
        }
        let one_history = histories.iter().any(|tree| cosigned.iter().all(|(size, root)| mth(&tree[..*size as usize]) == *root));
        prop_assert!(one_history);
    }

    #[test]
    fn what_is_accepted_is_written_the_same(old in "old [0-9]{1,3}", newlines in "\n{1,3}", cut in 0..3_usize) {
        let text = format!("{old}{newlines}{}", signed(&leaves(2)));
        let text = &text[..text.len() - cut];
        if let Ok(request) = AddCheckpoint::parse(text.as_bytes()) {
            prop_assert_eq!(request.to_string(), text);
        }
    }
}
