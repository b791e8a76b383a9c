//! A lock's lease is its session's, and the launcher keeps that alive: not what the agent does, and not the agent's model.

use std::path::PathBuf;

use domain::Span;
use domain::limits::BEAT_EXPIRE_AFTER;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::player::Player;
use super::scene::{HERE, Scene, with_timed_writ};
use super::wall::{LatePush, pushed};
use crate::support::{Opened, PATIENCE, until};

/// In a folder that is hot by the rules that writ brings: an agent has all of it for itself.
const MIGRATION: &str = "migrations/0001.sql";
const FOLDER: &str = "migrations";
const FILES: &[(&str, &str)] = &[(MIGRATION, "create table payments (id bigint);\n")];

/// Ana's agent has the migration for itself, and an agent of ben's waits for it.
struct Held {
    origin: PathBuf,
    ana: Player,
    /// Ana's session.
    session: String,
    ticket: Value,
    ben: Opened,
    waiting: Value,
}

impl Held {
    async fn start(scene: &Scene) -> Self {
        let origin = scene.walled(FILES);
        let tree = scene.clone_of(&origin, "ana");
        let mut ana = scene.governed(&scene.developer("ana").await, "ana", &tree, HERE).await;
        let session = scene.session_of("ana").await;
        ana.read(MIGRATION).await.done();
        ana.edit(MIGRATION, "bigint", "uuid").await.done();
        let tickets = scene.tickets(FOLDER).await;
        let held = tickets.iter().find(|ticket| ticket["state"] == "held" && ticket["wants"][0]["mode"] == "X");
        let ticket = held.unwrap_or_else(|| panic!("ana does not hold it: {tickets:#?}")).clone();
        let ben = scene.developer("ben").await.open(json!({ "project": super::scene::PROJECT })).await;
        let waiting = scene.queue(&ben.caller, ticket["wants"][0]["resource"].as_str().unwrap()).await;
        assert_eq!(waiting["state"], "waiting", "{waiting:#}");
        Self { origin, ana, session, ticket, ben, waiting }
    }

    /// What became of ben's ticket.
    async fn of_ben(&self) -> Value {
        let path = format!("/v1/locks/{}", self.waiting["ticket"].as_str().unwrap());
        let answer = self.ben.caller.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn until_ben_holds(&self) -> Value {
        until("ben's turn", || async { Some(self.of_ben().await).filter(|ticket| ticket["state"] == "held") }).await
    }
}

/// Waits until the session's launcher was heard at the time that it is now.
async fn heard(scene: &Scene, session: &str) {
    let plane = &scene.timed().plane;
    let now = plane.clock.now();
    until("a beat", || async {
        let beats = plane.store.last_beats(100).await.unwrap();
        beats.iter().any(|(id, at)| id.to_string() == session && *at >= now).then_some(())
    })
    .await;
}

#[test]
fn a_model_that_is_silent_for_an_hour_keeps_its_lock() {
    with_timed_writ(async |scene| {
        let held = Held::start(&scene).await;
        // The launcher beats every two seconds of its own time, however far this clock goes. Each leap is shorter than what
        // ends a session, all together are longer than an hour.
        let leap = Span::from_secs(14 * 60);
        assert!(leap < BEAT_EXPIRE_AFTER);
        for leaps in 1..=5 {
            scene.timed().pass(Span::from_secs(leaps * 14 * 60));
            heard(&scene, &held.session).await;
        }
        let now = scene.tickets(FOLDER).await;
        let still = now.iter().find(|ticket| ticket["ticket"] == held.ticket["ticket"]).unwrap();
        assert_eq!((&still["state"], &still["token"]), (&json!("held"), &held.ticket["token"]), "{now:#?}");
        assert_eq!(held.of_ben().await["state"], "waiting");
        held.ana.say("All done.").await.1.result();
    });
}

#[test]
fn a_holder_that_slept_while_its_lock_passed_on_pushes_in_vain() {
    with_timed_writ(async |scene| {
        let held = Held::start(&scene).await;
        let token = held.ticket["token"].as_u64().unwrap();
        let push = LatePush::begin(&held.ana, "Use uuids", &format!("-o writ.token={token}")).await;

        let agent = descendants(held.ana.pid);
        assert!(agent.len() >= 2, "the client and its shell: {agent:?}");
        signal(&[held.ana.pid], Signal::SIGSTOP);
        signal(&agent, Signal::SIGSTOP);
        scene.timed().pass(BEAT_EXPIRE_AFTER);
        scene.timed().until_status(&held.session, "expired").await;
        let got = held.until_ben_holds().await;
        assert!(got["token"].as_u64() > Some(token), "{got:#}");

        // The agent wakes before its launcher, which would end it at once.
        signal(&agent, Signal::SIGCONT);
        push.go().await;
        let said = push.refused(PATIENCE).await;
        for part in [held.session.as_str(), "its launcher fell silent"] {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
        assert_eq!(pushed(&held.origin), Vec::<String>::new());

        signal(&[held.ana.pid], Signal::SIGCONT);
        let ran = held.ana.end().await;
        assert!(ran.stderr.contains("expired: its launcher fell silent"), "{ran:#?}");
    });
}

#[test]
fn a_lock_of_a_machine_that_died_is_free_when_its_session_expired() {
    with_timed_writ(async |scene| {
        let held = Held::start(&scene).await;
        let agent = descendants(held.ana.pid);
        signal(&[held.ana.pid], Signal::SIGKILL);
        signal(&agent, Signal::SIGKILL);
        scene.timed().pass(BEAT_EXPIRE_AFTER);
        scene.timed().until_status(&held.session, "expired").await;
        let got = held.until_ben_holds().await;
        assert!(got["token"].as_u64() > held.ticket["token"].as_u64(), "{got:#}");
    });
}

/// All processes below one.
fn descendants(process: u32) -> Vec<u32> {
    let children = |process: u32| std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let mut all = vec![process];
    let mut next = 0;
    while let Some(process) = all.get(next).copied() {
        all.extend(
            children(process).unwrap_or_default().split_ascii_whitespace().map(|child| child.parse::<u32>().unwrap()),
        );
        next += 1;
    }
    all.split_off(1)
}

/// Some may be gone already.
fn signal(processes: &[u32], signal: Signal) {
    for process in processes {
        let _ = kill(Pid::from_raw(i32::try_from(*process).unwrap()), signal);
    }
}
