//! `kill -9` between asking a target for a credential and having its answer recorded, and between a session's end and the
//! revocation: after the restart everything that was made is known, and what should be dead is dead or listed.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::brokers::vault::{Vault, session, try_ask};
use crate::support::chance::Chance;
use crate::support::{Caller, Opened, People, Writ, run, until_after, within};

/// Kills of each kind when nobody says.
const ROUNDS: u64 = 6;
/// Sessions that ask, or end, at the moment of a kill.
const SESSIONS: usize = 4;
/// Longest wait before a kill: past the slowest answer of the target.
const KILL_MS_MAX: u64 = 1500;
/// How long what is left over may take to be dead: asking may be on its way for half a minute, and the dead process is
/// found out about after as long.
const SETTLED_MAX: Duration = Duration::from_secs(120);

#[test]
fn crash_between_mint_and_reply_and_between_end_and_revoke() {
    run(async {
        let rounds = std::env::var("WRIT_CRASH_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
        let mut chance = Chance::from_env("crash_vending");
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        let vault = Vault::open(&writ, &people).await;
        let (mut made, mut told) = (0, 0);
        for round in 1..=rounds {
            let (asked, answered) = kill_while_minting(&writ, &people, &vault, &mut chance).await;
            told += answered;
            writ.restart().await;
            made += vault.live().len();
            all_known(&people.ada.at(&writ.url), &vault).await;
            kill_while_revoking(&writ, &people, &vault, &mut chance, asked).await;
            writ.restart().await;
            all_known(&people.ada.at(&writ.url), &vault).await;
            eprintln!("crash_vending: round {round} of {rounds}: {made} alive after a kill, {told} delivered");
        }
        assert!(made > 0 && told > 0, "kills that hit nothing prove nothing: {made} made, {told} told");
        end_all(&people.ada.at(&writ.url)).await;
        all_dead(&people.ada.at(&writ.url), &vault).await;
        assert!(!writ.log().contains("panicked"), "{}", writ.log());
    });
}

/// Kills it while sessions ask for credentials; these sessions, and how many of them were told theirs.
async fn kill_while_minting(writ: &Writ, people: &People, vault: &Vault, chance: &mut Chance) -> (Vec<Opened>, usize) {
    vault.tell("slow-answer", &format!("0.{}", chance.below(3)));
    let grace = people.grace.at(&writ.url);
    let (mut sessions, mut asking) = (Vec::new(), Vec::new());
    for _ in 0..SESSIONS {
        let session = session(&grace).await;
        sessions.push(session.clone());
        asking.push(tokio::spawn(async move {
            let path = format!("/v1/sessions/{}/credentials", session.id);
            let body = json!({"broker": "vault", "target": "safe"});
            let answer = session.caller.try_ask(http::Method::POST, &path, body).await;
            answer.ok().filter(|answer| answer.status == 201).map(|answer| answer.json()["id"].to_string())
        }));
    }
    tokio::time::sleep(Duration::from_millis(chance.below(KILL_MS_MAX))).await;
    writ.kill();
    vault.tell("slow-answer", "");
    let mut told = 0;
    for asked in asking {
        told += usize::from(within("a caller of a killed server", asked).await.unwrap().is_some());
    }
    (sessions, told)
}

/// Kills it while sessions that hold credentials end, and with them those over whose asking it was killed before.
async fn kill_while_revoking(writ: &Writ, people: &People, vault: &Vault, chance: &mut Chance, asked: Vec<Opened>) {
    let grace = people.grace.at(&writ.url);
    let at_new_address = |session: Opened| Opened { caller: session.caller.at(&writ.url), ..session };
    let mut sessions: Vec<_> = asked.into_iter().map(at_new_address).collect();
    for _ in 0..SESSIONS {
        let session = session(&grace).await;
        let answer = try_ask(&session, json!({"broker": "vault", "target": "safe"})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        sessions.push(session);
    }
    vault.tell("slow-revoke", &format!("0.{}", chance.below(3)));
    for session in &sessions {
        session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
    }
    tokio::time::sleep(Duration::from_millis(chance.below(KILL_MS_MAX))).await;
    writ.kill();
    vault.tell("slow-revoke", "");
}

/// Everything that is alive at the target is listed as alive.
async fn all_known(ada: &Caller, vault: &Vault) {
    let list = ada.get("/v1/credentials?live=true&limit=1000").await.json();
    let listed: BTreeSet<String> =
        list["credentials"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    for (credential, session) in vault.live() {
        assert!(listed.contains(&credential), "{credential} of {session} lives and nobody knows: {listed:?}");
    }
}

async fn end_all(ada: &Caller) {
    let answer = ada.post("/v1/developers/grace/disable", json!({"reason": "the test is over"})).await;
    assert!(answer.status.is_success(), "{}", answer.text());
}

/// With all sessions over, all is dead, by the log and at the target.
async fn all_dead(ada: &Caller, vault: &Vault) {
    until_after(SETTLED_MAX, "everything to be dead", || async {
        let list = ada.get("/v1/credentials?live=true&limit=1000").await.json();
        list["credentials"].as_array().unwrap().is_empty().then_some(())
    })
    .await;
    assert_eq!(vault.live(), [], "dead by the log and alive at the target");
}
