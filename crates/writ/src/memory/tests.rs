#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use control::seam::Clock;
use domain::Digest;
use ledger::{Checkpoint, Cosigner, Frontier, ProofPlan, SignedCheckpoint, Signer, TileSet, leaf_hash};
use serde_json::json;

use super::Watch;
use crate::client::Client;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;

/// A control plane that shows one checkpoint, or none.
struct Plane {
    url: String,
    shows: Arc<Mutex<Option<Shows>>>,
}

#[derive(Clone)]
struct Shows {
    leaves: Vec<Digest>,
    seed: u8,
    proves: bool,
    cosigned_s: Option<u64>,
}

/// So many entries of a history; up to `common` it is the same as every other one.
fn history(story: &str, common: usize, size: usize) -> Shows {
    let leaf = |at| leaf_hash(format!("{} {at}", if at < common { "true" } else { story }).as_bytes());
    Shows { leaves: (0..size).map(leaf).collect(), seed: 1, proves: true, cosigned_s: None }
}

fn truth(size: usize) -> Shows {
    history("true", 0, size)
}

fn signer(seed: u8) -> Signer {
    Signer::from_seed("writ.example.test/log", &[seed; 32]).unwrap()
}

fn cosigner() -> Cosigner {
    Cosigner::from_seed("w1", &[9; 32]).unwrap()
}

impl Shows {
    fn checkpoint(&self) -> SignedCheckpoint {
        let mut tree = Frontier::new();
        self.leaves.iter().for_each(|leaf| tree.push(*leaf));
        let checkpoint = Checkpoint::new("writ.example.test/log", self.leaves.len() as u64, tree.root());
        let mut signed = checkpoint.sign(&signer(self.seed)).unwrap();
        if let Some(time_s) = self.cosigned_s {
            signed.push(cosigner().cosign(signed.note().text(), time_s).unwrap()).unwrap();
        }
        signed
    }

    fn answer(&self, since: u64) -> String {
        let size = self.leaves.len() as u64;
        let mut consistency = Vec::new();
        if self.proves && since > 0 && since < size {
            let plan = ProofPlan::consistency(since, size).unwrap();
            let mut tiles = TileSet::new();
            for tile in plan.tiles() {
                assert_eq!((tile.level(), tile.index()), (0, 0), "small trees only");
                tiles.insert_hashes(tile, self.leaves[..tile.width() as usize].to_vec());
            }
            consistency = plan.hashes(&tiles).unwrap();
        }
        let consistency: Vec<_> = consistency.iter().map(|hash| STANDARD.encode(hash.as_bytes())).collect();
        let key = signer(self.seed).verifier_key().to_string();
        json!({ "checkpoint": self.checkpoint().to_string(), "key": key, "consistency": consistency }).to_string()
    }
}

impl Plane {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shows: Arc<Mutex<Option<Shows>>> = Arc::default();
        let shared = Arc::clone(&shows);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut buffer = [0; 16_384];
                let count = stream.read(&mut buffer).unwrap_or(0);
                let head = String::from_utf8_lossy(&buffer[..count]).into_owned();
                let since = head.split("since=").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
                let (status, body) = match shared.lock().unwrap().as_ref() {
                    Some(shows) => ("200 OK", shows.answer(since.unwrap_or(0))),
                    None => ("404 Not Found", json!({ "title": "no such path" }).to_string()),
                };
                let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { url, shows }
    }

    fn show(&self, shows: Shows) {
        *self.shows.lock().unwrap() = Some(shows);
    }
}

/// A machine with a memory of its own, and the plane it speaks to.
struct Machine {
    folder: tempfile::TempDir,
    plane: Plane,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), plane: Plane::start() }
    }

    fn home(&self) -> Home {
        let folder = self.folder.path().as_os_str().to_owned();
        Home::from_variables(|name| (name == "WRIT_HOME").then(|| folder.clone())).unwrap()
    }

    fn watch(&self) -> Result<Watch, CommandError> {
        Watch::new(&self.home(), &self.plane.url.parse().unwrap(), None)
    }

    /// What a command finds when it looks: the size, or what it ends with.
    async fn look(&self) -> Result<Option<u64>, CommandError> {
        let client = Client::new(self.plane.url.parse().unwrap()).unwrap();
        let seen = self.watch()?.check(&client).await?;
        Ok(seen.map(|seen| seen.checkpoint.size()))
    }

    fn remembered(&self) -> Option<u64> {
        self.watch().unwrap().remembered().unwrap().and_then(|known| known.checkpoint.map(|seen| seen.size()))
    }

    fn evidence(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.folder.path().join("evidence")) else { return Vec::new() };
        files.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    }
}

#[tokio::test]
async fn a_log_that_grows_is_followed_in_silence() {
    let machine = Machine::new();
    assert_eq!(machine.look().await.unwrap(), None, "an older server has nothing to show");
    for size in [1, 7, 7, 200] {
        machine.plane.show(truth(size));
        assert_eq!(machine.look().await.unwrap(), Some(size as u64));
        assert_eq!(machine.remembered(), Some(size as u64));
    }
    assert!(machine.evidence().is_empty());
}

#[tokio::test]
async fn another_history_is_refused_with_both_checkpoints_as_evidence() {
    let machine = Machine::new();
    machine.plane.show(truth(20));
    machine.look().await.unwrap();
    for (number, other) in [history("lie", 5, 20), history("lie", 5, 30), history("lie", 5, 12)].into_iter().enumerate()
    {
        machine.plane.show(other.clone());
        let error = machine.look().await.unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        assert!(error.to_string().contains("writ audit trust --forget"), "{error}");
        let evidence = machine.evidence();
        assert_eq!(evidence.len(), number + 1, "each time something is kept");
        let newest = other.checkpoint().to_string();
        let kept = evidence.iter().find(|text| text.contains(&newest)).unwrap();
        assert!(kept.contains(&truth(20).checkpoint().to_string()), "{kept}");
    }
    assert_eq!(machine.remembered(), Some(20), "what was remembered stays");
    machine.plane.show(truth(21));
    assert_eq!(machine.look().await.unwrap(), Some(21), "and the true log goes on");
}

#[tokio::test]
async fn a_shorter_log_and_one_without_a_proof_are_refused() {
    let machine = Machine::new();
    machine.plane.show(truth(20));
    machine.look().await.unwrap();
    machine.plane.show(truth(19));
    let error = machine.look().await.unwrap_err().to_string();
    assert!(error.contains("size 19 after 20") && error.contains("rolled back"), "{error}");
    machine.plane.show(Shows { proves: false, ..truth(25) });
    let error = machine.look().await.unwrap_err().to_string();
    assert!(error.contains("without a consistency proof"), "{error}");
    assert_eq!(machine.evidence().len(), 2);
}

#[tokio::test]
async fn another_key_is_refused_until_the_first_is_forgotten() {
    let machine = Machine::new();
    machine.plane.show(truth(20));
    machine.look().await.unwrap();
    machine.plane.show(Shows { seed: 2, ..truth(30) });
    let error = machine.look().await.unwrap_err().to_string();
    assert!(error.contains(&signer(1).verifier_key().to_string()) && error.contains("pinned"), "{error}");
    assert!(machine.watch().unwrap().forget().unwrap());
    assert_eq!(machine.look().await.unwrap(), Some(30));
}

#[tokio::test]
async fn a_key_that_was_pinned_is_not_trusted_on_first_use() {
    let machine = Machine::new();
    machine.watch().unwrap().pin(signer(2).verifier_key().clone()).unwrap();
    machine.plane.show(truth(20));
    assert!(machine.look().await.unwrap_err().to_string().contains("pinned"));
    machine.plane.show(Shows { seed: 2, ..truth(20) });
    assert_eq!(machine.look().await.unwrap(), Some(20));
    let other = machine.watch().unwrap().pin(signer(1).verifier_key().clone()).unwrap_err();
    assert!(other.to_string().contains("another key is pinned"), "{other}");
}

#[tokio::test]
async fn with_a_policy_a_quorum_of_fresh_cosignatures_is_demanded() {
    let machine = Machine::new();
    let (log, witness) = (signer(1), cosigner());
    let policy = format!("log {}\nwitness w1 {}\nquorum w1\n", log.verifier_key(), witness.verifier_key());
    std::fs::write(machine.folder.path().join("trust.policy"), policy).unwrap();
    let now_s = u64::try_from(Clock::System.now().unix_seconds()).unwrap();
    let day = 24 * 3600;
    assert!(machine.look().await.unwrap_err().to_string().contains("shows no checkpoint"));
    for refused in [None, Some(now_s - day - 60)] {
        machine.plane.show(Shows { cosigned_s: refused, ..truth(20) });
        let error = machine.look().await.unwrap_err().to_string();
        assert!(error.contains("quorum is not met"), "{error}");
    }
    assert_eq!(machine.remembered(), None, "what is not trusted is not remembered");
    machine.plane.show(Shows { cosigned_s: Some(now_s - day + 60), ..truth(20) });
    assert_eq!(machine.look().await.unwrap(), Some(20));
    machine.plane.show(Shows { seed: 2, cosigned_s: Some(now_s), ..truth(30) });
    machine.watch().unwrap().forget().unwrap();
    assert!(machine.look().await.unwrap_err().to_string().contains("not in the trust policy"));
    std::fs::write(machine.folder.path().join("trust.policy"), "log nonsense\n").unwrap();
    let error = machine.look().await.unwrap_err();
    assert!(error.exit() == Exit::Usage && error.to_string().contains("line 1"), "{error}");
}

#[tokio::test]
async fn a_server_that_shows_nothing_any_more_loses_no_memory() {
    let machine = Machine::new();
    machine.plane.show(truth(20));
    machine.look().await.unwrap();
    *machine.plane.shows.lock().unwrap() = None;
    assert_eq!(machine.look().await.unwrap(), None);
    assert_eq!(machine.remembered(), Some(20));
}

#[tokio::test]
async fn of_commands_side_by_side_the_one_that_saw_most_is_remembered() {
    let machine = Arc::new(Machine::new());
    machine.plane.show(truth(5));
    machine.look().await.unwrap();
    let looks = (6..40).map(|size| {
        let machine = Arc::clone(&machine);
        tokio::spawn(async move {
            machine.plane.show(truth(size));
            // Another one may have moved the log on, never back beyond what this one remembers: that is retried.
            let _ = machine.look().await;
        })
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap();
    }
    machine.plane.show(truth(60));
    assert_eq!(machine.look().await.unwrap(), Some(60));
    let (home, key, now) = (machine.home(), signer(1).verifier_key().clone(), Clock::System.now());
    let advance = async |shown: Shows| super::file::advance(&home, &key, &shown.checkpoint(), now).await.unwrap();
    assert_eq!(advance(truth(50)).await, Ok(()));
    assert_eq!(machine.remembered(), Some(60), "never back");
    assert!(advance(history("lie", 5, 60)).await.is_err());
}

#[tokio::test]
async fn what_one_server_showed_binds_another_one_with_the_same_log() {
    let machine = Machine::new();
    machine.plane.show(truth(20));
    machine.look().await.unwrap();
    let Machine { folder, .. } = machine;
    let other = Machine { folder, plane: Plane::start() };
    other.plane.show(history("lie", 5, 30));
    let error = other.look().await.unwrap_err().to_string();
    assert!(error.contains("a history that is not the one it showed before"), "{error}");
    assert_eq!(other.evidence().len(), 1);
    other.plane.show(truth(30));
    assert_eq!(other.look().await.unwrap(), Some(30));
}

#[tokio::test]
async fn a_damaged_memory_is_not_passed_over() {
    let machine = Machine::new();
    machine.plane.show(truth(20));
    machine.look().await.unwrap();
    let folder = machine.folder.path().join("log");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.map(|path| (std::fs::read_to_string(&path).unwrap(), path));
    let (text, file) = texts.into_iter().find(|(text, _)| text.contains("checkpoint")).unwrap();
    std::fs::write(&file, text.replace("\\n20\\n", "\\n10\\n")).unwrap();
    let error = machine.look().await.unwrap_err().to_string();
    assert!(error.contains("the checkpoint remembered is not to be believed"), "{error}");
    std::fs::write(&file, "{").unwrap();
    assert!(machine.look().await.unwrap_err().to_string().contains("damaged"));
}
