//! Many sessions through the API: all of them end at once, or their broker is switched off.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::session::{Stage, ask};
use crate::support::{Opened, in_time, run, until_after};

/// Requests at a time.
const AT_A_TIME_MAX: usize = 16;
/// What was promised for a thousand sessions that end at once.
const ATTEMPTED_WITHIN: Duration = Duration::from_secs(30);

/// Opens sessions that have so many credentials each.
async fn open(stage: &Stage, sessions: usize, credentials: usize) -> Vec<Opened> {
    let mut opened = Vec::new();
    while opened.len() < sessions {
        let opening: Vec<_> = (opened.len()..sessions.min(opened.len() + AT_A_TIME_MAX))
            .map(|_| {
                let grace = stage.people.grace.clone();
                tokio::spawn(async move {
                    let session = grace.open(json!({ "project": "checkout" })).await;
                    for _ in 0..credentials {
                        ask(&session.caller, &session.id, 900).await;
                    }
                    session
                })
            })
            .collect();
        for session in opening {
            opened.push(session.await.unwrap());
        }
    }
    opened
}

/// Ends sessions, as many at a time as the server takes.
async fn end(sessions: &[Opened]) {
    for some in sessions.chunks(AT_A_TIME_MAX) {
        let ending: Vec<_> = some
            .iter()
            .cloned()
            .map(|session| {
                let path = format!("/v1/sessions/{}/end", session.id);
                tokio::spawn(async move { session.caller.post(&path, json!({ "exit_code": 0 })).await.status })
            })
            .collect();
        for ended in ending {
            assert_eq!(ended.await.unwrap(), 200);
        }
    }
}

/// Roles of these sessions.
fn roles(stage: &Stage, sessions: &[Opened]) -> usize {
    let ulids: BTreeSet<_> = sessions.iter().map(|session| session.id[4..].to_lowercase()).collect();
    let names = stage.real.sql("select rolname from pg_roles where rolname like 's\\_%'");
    names.lines().filter(|name| name.get(2..28).is_some_and(|ulid| ulids.contains(ulid))).count()
}

async fn until_none(stage: &Stage, sessions: &[Opened]) {
    let what = "all roles to be gone";
    until_after(ATTEMPTED_WITHIN, what, || async { (roles(stage, sessions) == 0).then_some(()) }).await;
}

async fn rounds(rounds: usize, sessions: usize) {
    let stage = Stage::start().await;
    for round in 1..=rounds {
        let begun = tokio::time::Instant::now();
        let opened = in_time(Duration::from_secs(120), "a round's sessions", open(&stage, sessions, 1)).await;
        let made = begun.elapsed();
        assert_eq!(roles(&stage, &opened), sessions);
        let begun = tokio::time::Instant::now();
        end(&opened).await;
        until_none(&stage, &opened).await;
        println!("round {round}: {sessions} sessions with a role in {made:.1?}, gone after {:.1?}", begun.elapsed());
    }
}

async fn switched_off(sessions: usize, credentials: usize) {
    let stage = Stage::start().await;
    let opened = in_time(Duration::from_secs(240), "all sessions", open(&stage, sessions, credentials)).await;
    assert_eq!(roles(&stage, &opened), sessions * credentials);
    let begun = tokio::time::Instant::now();
    let answer = stage.people.ada.post("/v1/brokers/db/disable", json!({ "reason": "break glass" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    until_none(&stage, &opened).await;
    println!("{} roles gone {:.1?} after their broker was switched off", sessions * credentials, begun.elapsed());
    assert_eq!(opened[0].caller.get(&format!("/v1/sessions/{}/grants", opened[0].id)).await.status, 200);
}

#[test]
fn forty_sessions_end_at_once() {
    run(rounds(1, 40));
}

#[test]
fn a_broker_that_is_switched_off_leaves_nothing() {
    run(switched_off(10, 5));
}

/// Run by hand: `cargo nextest run -p writ --run-ignored only -E 'test(postgres::crowd)' --no-capture`.
#[test]
#[ignore = "takes minutes"]
fn two_thousand_sessions_through_the_api_leave_no_role_behind() {
    run(rounds(10, 200));
}

/// As above.
#[test]
#[ignore = "takes minutes"]
fn a_thousand_roles_are_gone_in_time_when_their_broker_is_switched_off() {
    run(switched_off(200, 5));
}
