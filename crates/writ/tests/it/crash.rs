//! `kill -9` at random moments under load: what a client was told is in the log, and the restart needs no help.
//!
//! The seed is printed and `WRIT_SEED` sets it; `WRIT_CRASH_ROUNDS` sets the number of kills (`scripts/crash-campaign`).

mod vending;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::chance::Chance;
use crate::support::load::{Load, Told};
use crate::support::postgres::{self, Database};
use crate::support::survivors::Survivors;
use crate::support::{People, Writ, WritOptions, run};

/// Kills when nobody says.
const ROUNDS_SQLITE: u64 = 20;
/// Fewer: what differs is the store, and its own tests run on both engines.
const ROUNDS_POSTGRES: u64 = 4;
/// Clients that make model calls.
const CALLERS: usize = 8;
/// Longest load before a kill: several answers of each kind.
const LOAD_MS_MAX: u64 = 800;
/// Longest start before a kill: past the moment from which it serves.
const START_MS_MAX: u64 = 150;

#[test]
fn crash_sqlite() {
    run(campaign("crash_sqlite", ROUNDS_SQLITE, None));
}

#[test]
fn crash_postgres() {
    let Some(server) = postgres::server() else { return };
    let database = Database::create(&server, "crash");
    run(campaign("crash_postgres", ROUNDS_POSTGRES, Some(database.url())));
}

async fn campaign(name: &str, rounds: u64, database: Option<String>) {
    let rounds = std::env::var("WRIT_CRASH_ROUNDS").map_or(rounds, |text| text.parse().unwrap());
    let is_alone = database.is_none();
    let mut chance = Chance::from_env(name);
    let mut writ = Writ::start_with(WritOptions { database, ..WritOptions::default() }).await;
    let people = writ.people().await;
    let told = Arc::new(Mutex::new(Told::default()));
    let mut survivors = Survivors::default();
    for round in 1..=rounds {
        let after = crash(&writ, &people, &told, &mut chance).await;
        while chance.one_in(4) {
            writ.start_and_kill(Duration::from_millis(chance.below(START_MS_MAX)));
        }
        writ.restart().await;
        eprintln!("{name}: round {round} of {rounds}, killed after {after:?} of load");
        survivors.check(&people.ada.at(&writ.url), &told, is_alone).await;
    }
    let ada = people.ada.at(&writ.url);
    let told = told.lock().unwrap().clone();
    survivors.check_all(&ada, &told).await;
    assert!(writ.terminate().success());
    let log = writ.log();
    assert!(!log.contains("panicked"), "{log}");
    eprintln!("{name}: {survivors}");
}

/// Puts load on it, and kills it at a random moment.
async fn crash(writ: &Writ, people: &People, told: &Arc<Mutex<Told>>, chance: &mut Chance) -> Duration {
    let load = Load::start(&[&writ.url], &people.grace, CALLERS, told, chance);
    let after = Duration::from_millis(chance.below(LOAD_MS_MAX));
    // The moment of the kill is the experiment, not something to wait for.
    tokio::time::sleep(after).await;
    writ.kill();
    load.stop().await;
    after
}
