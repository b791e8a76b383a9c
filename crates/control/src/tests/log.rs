//! A log in memory with its key, and a witness in front of it: what the tests of both sides share.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use domain::Digest;
use gateway::Outbound;
use ledger::witness::KnownLogs;
use ledger::{Checkpoint, SignedCheckpoint, Signer, VerifierKey, empty_root, leaf_hash, node_hash};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::seam::Clock;
use crate::witness::{Witness, WitnessSettings};

/// 2026-01-01T00:00:00Z, in seconds.
pub(crate) const NEW_YEAR_S: i64 = 1_767_225_600;
/// The log that everything is about.
pub(crate) const ORIGIN: &str = "writ.example.test/log";

/// Leaves of a tree. Its roots and proofs are the recursive definitions of RFC 6962, sections 2.1 and 2.1.2.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree(Vec<Digest>);

/// A witness that runs, until it is dropped or stopped.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) key: VerifierKey,
    pub(crate) client: Outbound,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Tree {
    /// A tree of so many leaves; `story` tells one history from another.
    pub(crate) fn new(story: &str, size: u64) -> Self {
        Self((0..size).map(|leaf| leaf_hash(format!("{story} {leaf}").as_bytes())).collect())
    }

    /// The same history up to a size, and another from there.
    pub(crate) fn forked(&self, at: u64, size: u64) -> Self {
        let mut leaves = self.0[..usize::try_from(at).unwrap()].to_vec();
        leaves.extend(Self::new("another history", size - at).0);
        Self(leaves)
    }

    pub(crate) fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn head(&self, size: u64) -> &[Digest] {
        &self.0[..usize::try_from(size).unwrap()]
    }

    pub(crate) fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        Checkpoint::new(ORIGIN, size, root(self.head(size))).sign(&signer()).unwrap()
    }

    /// As a log that is asked for proofs answers: none beyond its end.
    pub(crate) fn proof(&self, old: u64, new: u64) -> Option<Vec<Digest>> {
        (new <= self.size()).then(|| consistency(usize::try_from(old).unwrap(), self.head(new), true))
    }
}

fn split(leaves: usize) -> usize {
    leaves.next_power_of_two() / 2
}

fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

fn consistency(old: usize, leaves: &[Digest], is_known: bool) -> Vec<Digest> {
    if old == leaves.len() {
        return if is_known { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if old <= left.len() {
        [consistency(old, left, is_known), vec![root(right)]].concat()
    } else {
        [consistency(old - left.len(), right, false), vec![root(left)]].concat()
    }
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

pub(crate) fn log_key() -> VerifierKey {
    signer().verifier_key().clone()
}

pub(crate) fn settings(state: &Path) -> WitnessSettings {
    WitnessSettings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        state: state.to_owned(),
        name: Some("witness.example.test/w1".to_owned()),
        logs: KnownLogs::from_iter([log_key()]),
        tls: None,
    }
}

/// Starts a witness with a clock that stands still.
pub(crate) async fn witness(settings: WitnessSettings, now_s: i64) -> Running {
    let clock = Clock::Manual(AtomicI64::new(now_s * 1000));
    let witness = Witness::start(settings, clock).await.unwrap();
    let (url, key) = (format!("http://{}", witness.local_addr()), witness.key().clone());
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(witness.run_until(async move { drop(stopped.await) }));
    Running { url, key, client: Outbound::new(None).unwrap(), stop, task }
}

impl Running {
    pub(crate) async fn stop(self) {
        drop(self.stop);
        within("the witness to stop", self.task).await.unwrap();
    }
}

/// Waits for something that must come.
pub(crate) async fn within<T>(what: &str, waited: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(30), waited).await {
        Ok(value) => value,
        Err(_) => panic!("waited 30 s for {what}"),
    }
}
