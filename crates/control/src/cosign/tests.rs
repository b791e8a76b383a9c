use std::sync::Arc;
use std::time::Duration;

use domain::{Digest, Time};
use gateway::Outbound;
use ledger::fork::Split;
use ledger::{Cosigner, ProofError, SignedCheckpoint, TrustPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Cosigning, PolicyUnusable, Witnesses};
use crate::tests::log::{NEW_YEAR_S, Running, Tree, log_key, settings, within, witness};
use crate::witness::{WitnessSettings, policy_line};

const NOW: Time = Time::from_unix_millis(NEW_YEAR_S * 1000);

/// Witnesses of this log by lines of a policy.
fn witnesses(lines: &[String], quorum: &str) -> Witnesses {
    let text = format!("log {}\n{}\nquorum {quorum}\n", log_key(), lines.join("\n"));
    let policy = TrustPolicy::parse(text.as_bytes()).unwrap();
    Witnesses::new(policy, log_key(), Outbound::new(None).unwrap()).unwrap()
}

async fn cosign(witnesses: &Witnesses, tree: &Tree, size: u64) -> Cosigning {
    let shared = Arc::new(tree.clone());
    let proofs = move |old, new| {
        let proof: Result<Option<Vec<Digest>>, String> = Ok(shared.proof(old, new));
        std::future::ready(proof)
    };
    within("the witnesses", witnesses.cosign(&tree.checkpoint(size), proofs, NOW)).await
}

async fn named(name: &str, folder: &tempfile::TempDir) -> Running {
    let state = folder.path().join(name);
    witness(WitnessSettings { name: Some(name.to_owned()), ..settings(&state) }, NEW_YEAR_S).await
}

/// Somebody who claims to be the witness with this seed and answers each request with the same bytes, or never.
async fn liar(name: &str, answer: Option<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut vec![0; 1 << 16]).await;
                match answer {
                    Some(answer) => drop(stream.write_all(&answer).await),
                    None => std::future::pending().await,
                }
                let _ = stream.shutdown().await;
                // What is still unread would turn the close into a reset.
                let _ = stream.read_to_end(&mut Vec::new()).await;
            });
        }
    });
    policy_line(cosigner(name).verifier_key(), &url)
}

fn cosigner(name: &str) -> Cosigner {
    Cosigner::from_seed(name, &[9; 32]).unwrap()
}

fn http(status: &str, body: &str) -> Option<Vec<u8>> {
    Some(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes())
}

fn reason(cosigning: &Cosigning) -> &str {
    assert!(!cosigning.met && cosigning.missing.len() == 1, "{cosigning:?}");
    assert_eq!(cosigning.note.note().signatures().len(), 1, "nothing of it is in the note");
    &cosigning.missing[0].reason
}

#[tokio::test]
async fn a_checkpoint_comes_back_with_cosignatures_that_the_policy_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (named("one", &folder).await, named("two", &folder).await);
    let lines = [policy_line(&one.key, &one.url), policy_line(&two.key, &two.url), "group both all one two".to_owned()];
    let witnesses = witnesses(&lines, "both");
    let tree = Tree::new("true", 300);
    for size in [1, 7, 7, 300] {
        let cosigning = cosign(&witnesses, &tree, size).await;
        assert!(cosigning.met && cosigning.missing.is_empty() && cosigning.skewed.is_empty(), "{cosigning:?}");
        let read = SignedCheckpoint::parse(cosigning.note.to_string().as_bytes()).unwrap();
        assert_eq!(witnesses.policy().check(&read).unwrap().len(), 2);
    }
    // Another process of the log, or the same after a restart, knows no sizes and asks once more.
    let fresh = self::witnesses(&lines, "both");
    assert!(cosign(&fresh, &tree, 300).await.met);
}

#[tokio::test]
async fn a_witness_that_is_down_is_named_and_catches_up_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let one = named("one", &folder).await;
    let address = one.url.strip_prefix("http://").unwrap().parse().unwrap();
    let witnesses = witnesses(&[policy_line(&one.key, &one.url)], "one");
    let tree = Tree::new("true", 50);
    assert!(cosign(&witnesses, &tree, 10).await.met);
    one.stop().await;
    let cosigning = cosign(&witnesses, &tree, 20).await;
    assert!(reason(&cosigning).contains("cannot connect") || reason(&cosigning).contains("broke"), "{cosigning:?}");
    let again = WitnessSettings { listen: address, name: None, ..settings(&folder.path().join("one")) };
    let _back = witness(again, NEW_YEAR_S).await;
    // It rests for a moment first, so that a witness that is away costs nothing.
    let back = async {
        loop {
            let cosigning = cosign(&witnesses, &tree, 50).await;
            if cosigning.met {
                return cosigning;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert_eq!(within("the witness to be asked again", back).await.note.size(), 50);
}

#[tokio::test]
async fn a_slow_witness_is_waited_for_within_a_bound_and_not_once_the_quorum_is_met() {
    let folder = tempfile::tempdir().unwrap();
    let one = named("one", &folder).await;
    let slow = liar("slow", None).await;
    let alone = witnesses(std::slice::from_ref(&slow), "slow");
    let tree = Tree::new("true", 9);
    assert!(reason(&cosign(&alone, &tree, 9).await).contains("no whole answer within"));
    let beside = witnesses(&[slow, policy_line(&one.key, &one.url)], "one");
    let before = tokio::time::Instant::now();
    let cosigning = cosign(&beside, &tree, 9).await;
    assert!(cosigning.met && cosigning.missing[0].witness == "slow", "{cosigning:?}");
    assert!(before.elapsed() < crate::limits::WITNESS_ANSWER_MAX, "the grace is shorter");
}

#[tokio::test]
async fn liars_are_named_and_nothing_of_theirs_is_believed() {
    let tree = Tree::new("true", 20);
    let checkpoint = tree.checkpoint(20);
    let false_text = cosigner("liar").cosign(tree.checkpoint(19).note().text(), 1_767_225_600).unwrap();
    let strangers = cosigner("stranger").cosign(checkpoint.note().text(), 1_767_225_600).unwrap();
    let timeless = cosigner("liar").cosign(checkpoint.note().text(), 0).unwrap();
    let cases = [
        (http("200 OK", &format!("{false_text}\n")), "is false"),
        (http("200 OK", &format!("{strangers}\n")), "not signed by a known key"),
        (http("200 OK", &format!("{timeless}\n")), "states no time"),
        (http("200 OK", "<html>welcome</html>"), "of no use"),
        (http("200 OK", ""), "of no use"),
        (http("302 Found", ""), "it answered 302"),
        (http("409 Conflict", "9223372036854775807\n"), "its word is ignored"),
        (http("409 Conflict", "19\n"), "asked twice"),
        (http("409 Conflict", "99999999999999999999999\n"), "not the size of a log"),
        (http("422 Unprocessable Content", "you have forked\n"), "its word is ignored"),
        (http("404 Not Found", ""), "does not know this log"),
        (http("403 Forbidden", ""), "does not know this log's key"),
        (http("500 Internal Server Error", ""), "it answered 500"),
        (Some(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nhalf".to_vec()), "the connection broke"),
        (Some([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 5 << 20]].concat()), "larger than"),
    ];
    for (answer, expected) in cases {
        let witnesses = witnesses(&[liar("liar", answer).await], "liar");
        let cosigning = cosign(&witnesses, &tree, 20).await;
        assert!(reason(&cosigning).contains(expected), "expected `{expected}`: {cosigning:?}");
        assert_eq!(cosigning.alarm, None, "{expected}: a claim without proof is no alarm");
    }
}

#[tokio::test]
async fn a_rewritten_log_is_told_what_the_witness_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let one = named("one", &folder).await;
    let line = [policy_line(&one.key, &one.url)];
    let tree = Tree::new("true", 20);
    assert!(cosign(&witnesses(&line, "one"), &tree, 15).await.met);
    // The same length, longer, and cut off; each as the first thing a process does that has no memory.
    let cases = [(tree.forked(5, 15), 15), (tree.forked(5, 18), 18), (tree.forked(5, 12), 12)];
    for (other, size) in cases {
        let cosigning = cosign(&witnesses(&line, "one"), &other, size).await;
        assert!(reason(&cosigning).contains("ANOTHER HISTORY"), "{cosigning:?}");
        let alarm = cosigning.alarm.unwrap();
        assert_eq!((alarm.witness.as_str(), alarm.evidence.first.size()), ("one", 15));
        assert_eq!(alarm.evidence.second.size(), size);
        assert!(alarm.evidence.first.verify_log(&log_key()).is_ok());
        match (size, alarm.evidence.split) {
            (15, Split::SameSize) | (18, Split::Inconsistent { .. }) => {}
            (12, Split::Inconsistent { error: ProofError::Backwards { old: 15, new: 12 }, .. }) => {}
            (_, split) => panic!("{size}: {split:?}"),
        }
    }
    // A process that is merely behind another one of the same log is no fork.
    let behind = cosign(&witnesses(&line, "one"), &tree, 12).await;
    assert!(reason(&behind).contains("seen size 15") && behind.alarm.is_none(), "{behind:?}");
}

#[tokio::test]
async fn clocks_that_disagree_are_told_from_those_that_agree() {
    let folder = tempfile::tempdir().unwrap();
    let ahead = WitnessSettings { name: Some("ahead".to_owned()), ..settings(&folder.path().join("ahead")) };
    let ahead = witness(ahead, NEW_YEAR_S + 3600).await;
    let agreed = named("agreed", &folder).await;
    let lines = [policy_line(&ahead.key, &ahead.url), policy_line(&agreed.key, &agreed.url)];
    let lines = [lines.to_vec(), vec!["group both all ahead agreed".to_owned()]].concat();
    let cosigning = cosign(&witnesses(&lines, "both"), &Tree::new("true", 3), 3).await;
    assert!(cosigning.met, "{cosigning:?}");
    let skewed: Vec<_> = cosigning.skewed.iter().map(|skew| (skew.witness.as_str(), skew.ahead_s)).collect();
    assert_eq!(skewed, [("ahead", 3600)]);
}

#[tokio::test]
async fn a_policy_for_others_is_refused_and_one_without_addresses_says_so() {
    let outbound = Outbound::new(None).unwrap();
    let key = cosigner("one").verifier_key().clone();
    let policy = |text: String| TrustPolicy::parse(text.as_bytes()).unwrap();
    let other = policy(format!("witness one {key}\nquorum one\n"));
    let refused = Witnesses::new(other, log_key(), outbound.clone()).map(drop);
    assert!(matches!(refused, Err(PolicyUnusable::OtherLog(_))));
    let plain = policy(format!("log {}\nwitness one {key} http://witness.example.test\nquorum one\n", log_key()));
    assert!(matches!(Witnesses::check(&plain), Err(PolicyUnusable::Address { .. })));
    let cosigning = cosign(&witnesses(&[format!("witness one {key}")], "one"), &Tree::new("true", 3), 3).await;
    assert!(reason(&cosigning).contains("no address"), "{cosigning:?}");
    let none = cosign(&witnesses(&[format!("witness one {key}")], "none"), &Tree::new("true", 3), 3).await;
    assert!(none.met, "no cosignature is asked for");
}
