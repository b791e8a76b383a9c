//! Two nodes on one PostgreSQL have one cursor: one delivers, and the other goes on when it is gone.

use super::webhooks::{bodies, webhook};
use super::{assert_complete, entries, passed_all, work};
use crate::support::postgres::{self, Database};
use crate::support::receiver::{Receiver, Reply};
use crate::support::{Writ, WritOptions, run, until};

#[test]
fn one_node_delivers_and_another_takes_over() {
    run(async {
        let Some(server) = postgres::server() else { return };
        let database = Database::create(&server, "exports");
        let receiver = Receiver::start(|_, _| Reply::Status(200)).await;
        let (_folder, table) = webhook(&receiver.address, "");
        let keys = tempfile::tempdir().unwrap(); // they share it
        let options = || WritOptions {
            database: Some(database.url()),
            tables: table.clone(),
            more: format!("log_origin = \"writ.test/log\"\nkeys_dir = {:?}\n", keys.path()),
            ..WritOptions::default()
        };
        let a = Writ::start_with(options()).await;
        let people = a.people().await;
        let b = Writ::start_with(options()).await;
        work(&people.grace.at(&b.url)).await;
        passed_all(&people.ada, "hook").await;
        let taken = bodies(&receiver.taken());
        assert_complete(&taken, entries(&a, &people.ada).await);
        assert_eq!(taken.len() as u64, entries(&a, &people.ada).await, "two nodes, one delivery");

        assert!(a.terminate().success());
        let ada = people.ada.at(&b.url);
        work(&people.grace.at(&b.url)).await;
        until("the other node to deliver", || async {
            let count = receiver.taken().len() as u64;
            (count >= entries(&b, &ada).await).then_some(())
        })
        .await;
        assert_complete(&bodies(&receiver.taken()), entries(&b, &ada).await);
    });
}
