use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, Response, Uri};
use bytes::Bytes;
use ledger::witness::{AddCheckpoint, parse_conflict, parse_cosignatures};
use ledger::{SignedCheckpoint, VerifierKey};

use super::{Witness, WitnessError, key_in, policy_line};
use crate::limits::WITNESS_EVIDENCE_FILES_MAX;
use crate::seam::Clock;
use crate::tests::log::{NEW_YEAR_S, ORIGIN, Running, Tree, settings, within, witness};

const SHORT: Duration = Duration::from_secs(20);

async fn post(running: &Running, body: impl Into<Bytes>) -> Response<Bytes> {
    let url: Uri = format!("{}/add-checkpoint", running.url).parse().unwrap();
    running.client.post(&url, HeaderMap::new(), body.into(), SHORT).await.unwrap()
}

/// Asks to cosign a tree's checkpoint of a size, with a proof from an older one.
async fn add(running: &Running, tree: &Tree, old: u64, size: u64) -> Response<Bytes> {
    post(running, request(tree, old, size).to_string()).await
}

fn request(tree: &Tree, old: u64, size: u64) -> AddCheckpoint {
    let proof = if old == 0 || old >= size { Vec::new() } else { tree.proof(old, size).unwrap() };
    AddCheckpoint { old_size: old, proof, checkpoint: tree.checkpoint(size) }
}

async fn latest(running: &Running) -> Response<Bytes> {
    let url = format!("{}/{}/checkpoint", running.url, domain::Digest::of(ORIGIN.as_bytes()));
    running.client.get(&url.parse().unwrap(), HeaderMap::new(), SHORT).await.unwrap()
}

fn text(answer: &Response<Bytes>) -> &str {
    str::from_utf8(answer.body()).unwrap()
}

/// The time in the cosignature of an answer, once that is verified.
fn cosigned_at(answer: &Response<Bytes>, checkpoint: &SignedCheckpoint, key: &VerifierKey) -> u64 {
    assert_eq!(answer.status(), 200, "{}", text(answer));
    let signatures = parse_cosignatures(answer.body(), checkpoint, [key]).unwrap();
    assert_eq!(signatures.len(), 1);
    u64::from_be_bytes(*signatures[0].bytes().first_chunk().unwrap())
}

fn evidence(state: &Path, prefix: &str) -> Vec<String> {
    let files = std::fs::read_dir(state.join("evidence")).unwrap().map(|entry| entry.unwrap().path());
    let named = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
    named.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test]
async fn a_log_that_grows_is_cosigned_and_shown_to_monitors() {
    let folder = tempfile::tempdir().unwrap();
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    let tree = Tree::new("true", 300);
    assert_eq!(latest(&running).await.status(), 404);
    for (old, size) in [(0, 1), (1, 1), (1, 256), (256, 300)] {
        let answer = add(&running, &tree, old, size).await;
        let time = cosigned_at(&answer, &tree.checkpoint(size), &running.key);
        assert_eq!(i64::try_from(time).unwrap(), NEW_YEAR_S);
        let shown = latest(&running).await;
        let shown = SignedCheckpoint::parse(shown.body()).unwrap();
        assert_eq!((shown.size(), shown.note().signatures().len()), (size, 2), "the log's and the witness's");
    }
    assert_eq!(evidence(folder.path(), ""), [""; 0]);
}

#[tokio::test]
async fn refusals_have_the_statuses_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    let tree = Tree::new("true", 20);
    cosigned_at(&add(&running, &tree, 0, 10).await, &tree.checkpoint(10), &running.key);
    assert_eq!(post(&running, "old 1\nnonsense").await.status(), 400);
    assert_eq!(add(&running, &tree, 12, 11).await.status(), 400, "the old size is above the new one");
    let stranger = ledger::Signer::from_seed("elsewhere.example.test/log", &[7; 32]).unwrap();
    let note = |origin: &str| {
        let root = tree.checkpoint(11).root();
        let checkpoint = ledger::Checkpoint::new("elsewhere.example.test/log", 11, root).sign(&stranger).unwrap();
        format!("old 10\n\n{checkpoint}").replacen("elsewhere.example.test/log", origin, 1)
    };
    assert_eq!(post(&running, note("elsewhere.example.test/log")).await.status(), 404);
    assert_eq!(post(&running, note(ORIGIN)).await.status(), 403);
    let conflict = add(&running, &tree, 0, 11).await;
    assert_eq!((conflict.status().as_u16(), parse_conflict(conflict.body()).unwrap()), (409, 10));
    assert_eq!(conflict.headers()["content-type"], "text/x.tlog.size");
    let long = vec![b'x'; ledger::limits::ADD_CHECKPOINT_BYTES_MAX + 1];
    assert_eq!(post(&running, long).await.status(), 400);
    assert_eq!(
        parse_conflict(add(&running, &tree, 0, 20).await.body()).unwrap(),
        10,
        "nothing of it changed the state"
    );
}

#[tokio::test]
async fn a_fork_is_refused_and_kept_as_evidence_once() {
    let folder = tempfile::tempdir().unwrap();
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    let tree = Tree::new("true", 20);
    cosigned_at(&add(&running, &tree, 0, 10).await, &tree.checkpoint(10), &running.key);
    let other = tree.forked(5, 20);
    // Two roots for one size, whatever old size is claimed.
    assert_eq!(add(&running, &other, 10, 10).await.status(), 422);
    assert_eq!(add(&running, &other, 0, 10).await.status(), 409);
    let kept = evidence(folder.path(), "fork-");
    assert_eq!(kept.len(), 1, "one pair, one file");
    for checkpoint in [tree.checkpoint(10), other.checkpoint(10)] {
        assert!(kept[0].contains(&checkpoint.to_string()), "{}", kept[0]);
    }
    // A longer one that does not continue what was seen.
    assert_eq!(add(&running, &other, 10, 15).await.status(), 422);
    let kept = evidence(folder.path(), "unproven-");
    assert!(kept.len() == 1 && kept[0].contains(&other.checkpoint(15).to_string()), "{kept:?}");
    // And the true log goes on.
    cosigned_at(&add(&running, &tree, 10, 20).await, &tree.checkpoint(20), &running.key);
}

#[tokio::test]
async fn evidence_is_bounded_and_the_first_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    let tree = Tree::new("true", 4);
    cosigned_at(&add(&running, &tree, 0, 4).await, &tree.checkpoint(4), &running.key);
    for number in 0..WITNESS_EVIDENCE_FILES_MAX + 3 {
        let other = Tree::new(&format!("lie {number}"), 4);
        assert_eq!(add(&running, &other, 4, 4).await.status(), 422);
    }
    assert_eq!(evidence(folder.path(), "fork-").len(), WITNESS_EVIDENCE_FILES_MAX);
    let first = Tree::new("lie 0", 4).checkpoint(4).to_string();
    assert!(evidence(folder.path(), "fork-").iter().any(|text| text.contains(&first)));
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_gives_the_same_cosignature() {
    let folder = tempfile::tempdir().unwrap();
    let tree = Tree::new("true", 20);
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    let key = running.key.clone();
    let first = add(&running, &tree, 0, 10).await;
    running.stop().await;
    // The clock went back an hour meanwhile: what was said stands, and the time with it.
    let nameless = super::WitnessSettings { name: None, ..settings(folder.path()) };
    let running = witness(nameless, NEW_YEAR_S - 3600).await;
    assert_eq!((&running.key, &key_in(folder.path()).unwrap()), (&key, &key));
    let again = add(&running, &tree, 10, 10).await;
    assert_eq!(text(&first), text(&again));
    assert_eq!(add(&running, &tree.forked(3, 20), 10, 12).await.status(), 422);
}

#[tokio::test]
async fn of_racing_requests_from_one_state_only_one_is_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let running = Arc::new(witness(settings(folder.path()), NEW_YEAR_S).await);
    let tree = Tree::new("true", 40);
    cosigned_at(&add(&running, &tree, 0, 10).await, &tree.checkpoint(10), &running.key);
    let racing = (0..8_u64).map(|number| {
        let (running, tree) = (Arc::clone(&running), tree.forked(10 + number, 30));
        tokio::spawn(async move { add(&running, &tree, 10, 20 + number).await.status().as_u16() })
    });
    let mut answers = Vec::new();
    for one in racing.collect::<Vec<_>>() {
        answers.push(within("an answer", one).await.unwrap());
    }
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
}

#[tokio::test]
async fn one_process_uses_a_folder_and_its_name_stays() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |settings| Witness::start(settings, Clock::System).await.map(drop).unwrap_err();
    assert!(matches!(key_in(folder.path()), Err(WitnessError::NoWitness(_))));
    let nameless = super::WitnessSettings { name: None, ..settings(folder.path()) };
    assert!(matches!(start(nameless).await, WitnessError::NoName));
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    assert!(matches!(start(settings(folder.path())).await, WitnessError::InUse(_)));
    running.stop().await;
    let renamed = super::WitnessSettings { name: Some("other".to_owned()), ..settings(folder.path()) };
    assert!(matches!(start(renamed).await, WitnessError::OtherName { .. }));
    let open = super::WitnessSettings { listen: "0.0.0.0:0".parse().unwrap(), ..settings(folder.path()) };
    assert!(matches!(start(open).await, WitnessError::PlainHttp(_)));
    let nothing = super::WitnessSettings { logs: Default::default(), ..settings(folder.path()) };
    assert!(matches!(start(nothing).await, WitnessError::NoLogs));
}

#[tokio::test]
async fn what_cannot_be_remembered_is_not_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    let tree = Tree::new("true", 20);
    cosigned_at(&add(&running, &tree, 0, 10).await, &tree.checkpoint(10), &running.key);
    // A folder where the file should be written aside: as a full disk, for whoever runs the tests.
    let name = format!("{}.checkpoint", domain::Digest::of(ORIGIN.as_bytes()));
    let aside = folder.path().join(format!(".{name}.aside"));
    std::fs::create_dir(&aside).unwrap();
    assert_eq!(add(&running, &tree, 10, 12).await.status(), 500);
    std::fs::remove_dir(&aside).unwrap();
    cosigned_at(&add(&running, &tree, 10, 12).await, &tree.checkpoint(12), &running.key);
    // A byte that was changed on the disk: nothing is cosigned on its word, now or after a restart.
    let path = folder.path().join(name);
    let damaged = std::fs::read_to_string(&path).unwrap().replacen("\n12\n", "\n11\n", 1);
    std::fs::write(&path, damaged).unwrap();
    assert_eq!(add(&running, &tree, 12, 13).await.status(), 500);
    running.stop().await;
    let started = Witness::start(settings(folder.path()), Clock::System).await;
    assert!(matches!(started, Err(WitnessError::Folder { .. })));
}

#[tokio::test]
async fn a_witness_whose_clock_is_not_set_does_not_cosign() {
    let folder = tempfile::tempdir().unwrap();
    let running = witness(settings(folder.path()), 0).await;
    let tree = Tree::new("true", 2);
    assert_eq!(add(&running, &tree, 0, 2).await.status(), 500);
}

#[tokio::test]
async fn its_line_stands_in_a_trust_policy() {
    let folder = tempfile::tempdir().unwrap();
    let running = witness(settings(folder.path()), NEW_YEAR_S).await;
    let line = policy_line(&running.key, &running.url);
    let policy = format!("{line}\nquorum {}\n", running.key.name());
    let policy = ledger::TrustPolicy::parse(policy.as_bytes()).unwrap();
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some(running.url.as_str()));
}
