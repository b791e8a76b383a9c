//! What only many processes on one PostgreSQL can get wrong.

use std::time::Duration;

use domain::Event;
use domain::node::Started;
use tokio::time::timeout;

use super::support::{NOW, TestDatabase, Writer, node, open};
use crate::{Options, Store, StoreError};

/// A wait that only ends early when the test fails.
const LONG: Duration = Duration::from_secs(20);

async fn count(store: &Store, sql: &'static str) -> i64 {
    store.fetch(sql, Vec::new()).await.unwrap()[0].int(0).unwrap()
}

const WAITING: &str = "SELECT COUNT(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()";

#[tokio::test]
async fn appends_of_two_nodes_exclude_each_other() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let (one, two) = (database.open().await, database.open().await);
    let entries = Writer::default().entries(NOW, [open(1, 1)]);
    let mut first = one.begin_append().await.unwrap();
    assert_eq!(first.next_position().await.unwrap(), 0);
    let second = tokio::spawn(async move { two.begin_append().await.unwrap().next_position().await.unwrap() });
    let waiting = async {
        while count(&one, WAITING).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, waiting).await.expect("the second append waits for the lock");
    first.insert(&entries, &[]).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), 1, "the second sees what the first wrote");
}

#[tokio::test]
async fn an_append_that_waits_too_long_gives_up_and_holds_nothing() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let (one, two) = (database.open().await, database.open().await);
    let first = one.begin_append().await.unwrap();
    let refused = timeout(LONG, two.begin_append()).await.unwrap().err().unwrap();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    drop(first);
    two.begin_append().await.unwrap().commit().await.unwrap();
    one.begin_append().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_append_lets_go_of_the_lock() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let store = database.open().await;
    let first = store.begin_append().await.unwrap();
    let other = store.clone();
    let second = tokio::spawn(async move { other.begin_append().await.map(|_| ()) });
    let waiting = async {
        while count(&store, WAITING).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, waiting).await.unwrap();
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    drop(first);
    store.begin_append().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let options = Options::new(database.url());
    let (one, two, three) = tokio::join!(Store::open(&options), Store::open(&options), Store::open(&options));
    let store = one.and(two).and(three).unwrap();
    assert_eq!(count(&store, "SELECT COUNT(*) FROM migrations").await, crate::migrate::VERSION);
}

/// The server drops everybody, as when it restarts: an open append is lost and says so, the next one works.
#[tokio::test]
async fn lost_connections_are_replaced() {
    const KICK: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let Some(database) = TestDatabase::postgres().await else { return };
    let (store, other) = (database.open().await, database.open().await);
    let entries = Writer::default().entries(NOW, [open(1, 1)]);
    let mut append = store.begin_append().await.unwrap();
    assert!(count(&other, KICK).await > 0);
    let lost = append.insert(&entries, &[]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    assert!(matches!(append.commit().await, Err(StoreError::Unavailable { .. })));

    store.ping().await.unwrap();
    super::support::append(&store, &entries, &[]).await;
    assert!(count(&other, KICK).await > 0);
    assert_eq!(store.entries(None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_doorbell_rings_when_another_node_commits() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let (listening, appending) = (database.open().await, database.open().await);
    let doorbell = listening.doorbell();
    timeout(LONG, doorbell.rung()).await.expect("rings once when it begins to listen");
    let started = Event::NodeStarted(Started { node: node(), version: String::new() });
    let mut writer = Writer::default();
    writer.append(&appending, NOW, [started.clone()]).await;
    timeout(LONG, doorbell.rung()).await.expect("rings after the commit");

    let kick = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(count(&appending, kick).await > 0);
    timeout(LONG, doorbell.rung()).await.expect("rings when it lost its connection");
    timeout(LONG, doorbell.rung()).await.expect("rings when it listens again");
    writer.append(&appending, NOW, [started]).await;
    timeout(LONG, doorbell.rung()).await.expect("and hears again");
}
