//! PostgreSQL stops under load and comes back.

use super::Outage;
use crate::support::postgres::{Database, Private};
use crate::support::{Writ, WritOptions, run};

#[test]
fn walls_close_without_postgres_and_open_again_with_it() {
    run(async {
        let Some(server) = Private::start() else { return };
        let database = Database::create(server.url(), "gone");
        let writ = Writ::start_with(WritOptions { database: Some(database.url()), ..WritOptions::default() }).await;
        let mut outage = Outage::before(&writ, "walls_close_without_postgres").await;
        server.halt();
        outage.during(&writ).await;
        server.resume();
        let told = outage.after(&writ).await;
        assert!(told.lock().unwrap().refused[&503] > 0, "clients were refused meanwhile");
    });
}

#[test]
fn a_restart_of_postgres_is_only_a_pause() {
    run(async {
        let Some(server) = Private::start() else { return };
        let database = Database::create(server.url(), "gone");
        let writ = Writ::start_with(WritOptions { database: Some(database.url()), ..WritOptions::default() }).await;
        let outage = Outage::before(&writ, "a_restart_of_postgres").await;
        for _ in 0..2 {
            server.halt();
            server.resume();
            outage.more_calls().await;
        }
        writ.simulator().open_gate();
        outage.after(&writ).await;
    });
}
