//! One of two processes dies under load: nothing is lost, and the other one cleans up.

use std::sync::{Arc, Mutex};

use super::Pair;
use crate::support::chance::Chance;
use crate::support::load::{Load, Told};
use crate::support::postgres::psql;
use crate::support::survivors::Survivors;
use crate::support::{run, until};

/// Calls that clients were told of before the kill.
const CALLS: usize = 100;

/// Waits for half a minute by design: so long a silent process is not given up.
#[test]
fn a_node_that_dies_under_load_loses_nothing() {
    run(async {
        let Some(pair) = Pair::start("lost").await else { return };
        let mut chance = Chance::from_env("a_node_that_dies_under_load_loses_nothing");
        let told = Arc::new(Mutex::new(Told::default()));
        let urls = [pair.a.url.as_str(), pair.b.url.as_str()];
        let load = Load::start(&urls, &pair.people.grace, 4, &told, &mut chance);
        let delivered = |count: usize| {
            let told = &told;
            until(
                "answers at the clients",
                move || async move { (told.lock().unwrap().calls.len() >= count).then_some(()) },
            )
        };
        delivered(CALLS).await;
        pair.a.kill();
        let before = told.lock().unwrap().calls.len();
        delivered(before + CALLS / 2).await;
        load.stop().await;

        let at_b = pair.people.ada.at(&pair.b.url);
        let mut survivors = Survivors::default();
        survivors.check(&at_b, &told, false).await;
        let told = told.lock().unwrap().clone();
        survivors.check_all(&at_b, &told).await;
        eprintln!("{survivors}");
        let nodes = psql(&pair.database.url(), "SELECT COUNT(DISTINCT node) FROM calls WHERE outcome = 'abandoned'");
        assert!(nodes.parse::<u32>().unwrap() <= 1, "only the dead node's calls were given up: {nodes}");
    });
}
