//! A control plane that answers what it is told to, with a log of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use brokers::ssh::SshAuthority;
use domain::certificate::{Issued, Purpose};
use domain::session::Opened;
use domain::{Actor, DeveloperId, Digest, Event, NodeId, SessionId, Time};
use ledger::{Checkpoint, Entry, Frontier, ProofPlan, Signer, TileSet, TlogProof};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::WRIT;

pub(super) const NOW: Time = Time::from_unix_millis(1_795_351_234_567);
pub(super) const SERIAL: u64 = 4_711_000_001;
const ORIGIN: &str = "writ.example.test/log";

/// What the control plane answers, by path and query. Everything else is 404.
pub(super) struct Plane {
    pub(super) answers: BTreeMap<String, Value>,
    pub(super) authority: SshAuthority,
    pub(super) session: SessionId,
    /// Another session, of the same human.
    pub(super) other: SessionId,
    entries: Vec<Vec<u8>>,
}

pub(super) fn developer() -> DeveloperId {
    DeveloperId::new(NOW, 1)
}

impl Plane {
    /// A log of four entries: two sessions opened, and a certificate issued to each.
    pub(super) fn new() -> Self {
        let (session, other) = (SessionId::new(NOW, 1), SessionId::new(NOW, 2));
        let issued = |session, serial| {
            Event::CertificateIssued(Issued {
                session,
                serial,
                purpose: Purpose::GitSigning,
                key: "SHA256:key".to_owned(),
                valid_until: NOW,
            })
        };
        let events = [opened(session), opened(other), issued(session, SERIAL), issued(other, SERIAL + 1)];
        let mut plane = Self {
            answers: BTreeMap::new(),
            authority: SshAuthority::from_seed(&[7; 32]).unwrap(),
            session,
            other,
            entries: events.into_iter().map(|event| ledger::encode(&entry(event)).unwrap()).collect(),
        };
        plane.answers.insert("/v1/git/allowed_signers".to_owned(), json!(plane.authority.allowed_signers()));
        plane.publish(&signer());
        for position in 0..plane.entries.len() as u64 {
            let answer = plane.proof(position, &signer());
            plane.answers.insert(proof_path(position), answer);
        }
        plane
    }

    /// Shows a checkpoint of the log as it is, to those who saw it and to those who did not.
    fn publish(&mut self, signer: &Signer) {
        let checkpoint = Checkpoint::new(ORIGIN, self.entries.len() as u64, self.root()).sign(signer).unwrap();
        let key = signer.verifier_key().to_string();
        let answer = json!({"checkpoint": checkpoint.to_string(), "key": key, "consistency": []});
        for since in ["", "?since=4"] {
            self.answers.insert(format!("/v1/log/checkpoint{since}"), answer.clone());
        }
    }

    /// Writes another history into the log, signed with the same key, and proves it.
    pub(super) fn rewrite(&mut self) {
        let forged = String::from_utf8(self.entries[3].clone()).unwrap().replace("SHA256:key", "SHA256:kex");
        self.entries[3] = forged.into_bytes();
        self.publish(&signer());
        for position in 0..self.entries.len() as u64 {
            let answer = self.proof(position, &signer());
            self.answers.insert(proof_path(position), answer);
        }
    }

    fn leaves(&self) -> Vec<Digest> {
        self.entries.iter().map(|bytes| ledger::leaf_hash(bytes)).collect()
    }

    fn root(&self) -> Digest {
        let mut frontier = Frontier::new();
        self.leaves().into_iter().for_each(|leaf| frontier.push(leaf));
        frontier.root()
    }

    /// The proof of an entry, under a checkpoint of this signer's.
    pub(super) fn proof(&self, position: u64, signer: &Signer) -> Value {
        let leaves = self.leaves();
        let size = leaves.len() as u64;
        let plan = ProofPlan::inclusion(position, size).unwrap();
        let mut tiles = TileSet::new();
        plan.tiles().into_iter().for_each(|tile| tiles.insert_hashes(tile, leaves.clone()));
        let checkpoint = Checkpoint::new(ORIGIN, size, self.root()).sign(signer).unwrap();
        let proof = TlogProof { extra: None, index: position, hashes: plan.hashes(&tiles).unwrap(), checkpoint };
        let entry = String::from_utf8(self.entries[usize::try_from(position).unwrap()].clone()).unwrap();
        json!({"position": position, "entry": entry, "proof": proof.to_string()})
    }

    /// Answers a question for a thing of a kind.
    pub(super) fn tell(&mut self, thing: &str, kind: &str, answer: Value) {
        self.answers.insert(format!("/v1/who?thing={thing}&kind={kind}"), answer);
    }

    /// Nothing is known of a thing.
    pub(super) fn tell_nothing(&mut self, thing: &str, kind: &str) {
        self.tell(thing, kind, json!({"outcome": "unknown", "thing": thing, "searched": []}));
    }

    /// That a thing leads to a session, as entry `position` says.
    pub(super) fn found(&self, session: SessionId, kind: &str, value: &str, position: u64) -> Value {
        let claims = ["commit", "client_session"];
        json!({
            "outcome": "found",
            "thing": value,
            "links": [{
                "kind": kind, "value": value, "position": position, "says": "so it is",
                "evidence": if claims.contains(&kind) { "claim" } else { "proof" },
                "time": "2026-11-22T10:00:00.000Z", "entry_type": "an.entry", "by": "writ",
            }],
            "session": {
                "id": session.to_string(), "developer": {"id": developer().to_string(), "login": "grace"},
                "project": {"id": "prj_1", "name": "checkout"}, "team": {"id": "team_1", "name": "payments"},
                "status": "active", "opened_at": "2026-11-22T10:00:00.000Z", "expires_at": "2026-11-22T18:00:00.000Z",
            },
            "human": {"id": developer().to_string(), "login": "grace", "display_name": "Grace Hopper", "disabled": false},
            "opened_in": if session == self.session { 0 } else { 1 },
            "agent": {"user_agents": [], "client_sessions": [], "agents": []},
            "policy": null, "approvals": [], "call": null, "hidden": 0,
            "neighbours": {"of": "project", "at": null, "before": [], "after": []},
        })
    }

    /// Answers from now on, and gives a `writ` that is signed in there.
    pub(super) fn serve(self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(self.answers));
        let for_thread = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that left early is its own test's business.
                let _ = answer(&stream, &for_thread);
            }
        });
        let home = tempfile::tempdir().unwrap();
        let credentials = json!({"server": url, "token": "writ_sin_test", "developer": "ada"});
        std::fs::write(home.path().join("credentials.json"), credentials.to_string()).unwrap();
        Served { home, answers }
    }
}

/// A `writ` that asks the mock.
pub(super) struct Served {
    home: TempDir,
    answers: Answers,
}

type Answers = Arc<Mutex<BTreeMap<String, Value>>>;

impl Served {
    /// Answers as another one from now on, at the same address.
    pub(super) fn become_another(&self, plane: Plane) {
        *self.answers.lock().unwrap() = plane.answers;
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(WRIT);
        command.env_clear().env("WRIT_HOME", self.home.path()).env("HOME", self.home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null());
        command
    }
}

pub(super) fn proof_path(position: u64) -> String {
    format!("/v1/log/entries/{position}/proof")
}

pub(super) fn signer() -> Signer {
    Signer::from_seed(ORIGIN, &[9; 32]).unwrap()
}

/// Somebody else's key under the log's name.
pub(super) fn forger() -> Signer {
    Signer::from_seed(ORIGIN, &[8; 32]).unwrap()
}

fn entry(event: Event) -> Entry {
    Entry { time: NOW, actor: Actor::System, node: NodeId::new(NOW, 1), request: None, chain: None, event }
}

fn opened(session: SessionId) -> Event {
    Event::SessionOpened(Box::new(Opened {
        session,
        parent: None,
        agent: None,
        developer: developer(),
        project: None,
        team: None,
        profile: "default".parse().unwrap(),
        token: Digest::of(session.to_string().as_bytes()),
        expires_at: NOW,
        beats: false,
        budget: None,
    }))
}

fn answer(mut stream: &TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut line = String::from("head");
    while !line.trim_end().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let (status, text) = match answers.lock().unwrap().get(&path) {
        Some(Value::String(text)) => (200, text.clone()),
        Some(answer) => (200, answer.to_string()),
        None => (404, json!({"status": 404, "code": "not_found", "title": "Not Found"}).to_string()),
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
    stream.write_all(format!("{head}{text}").as_bytes())
}
