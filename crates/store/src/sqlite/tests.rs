#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::io::Read;

use sqlx::SqlSafeStr;

use super::statement::Cell;
use super::syncs::tests::{End, gated};
use super::{Opening, SqliteConn, SqlitePool, Step};
use crate::StoreError;
use crate::value::Value;

fn pool() -> SqlitePool {
    SqlitePool::new(Opening { path: None, read_only: false, pragmas: Vec::new(), fold_pages: None, syncs: None }, 1)
}

fn script(sql: &'static str) -> Step {
    Step::Script(sql.into_sql_str())
}

fn rows(sql: &'static str, columns: usize, values: impl IntoIterator<Item = i64>) -> Step {
    Step::Rows { sql: sql.into_sql_str(), columns, values: values.into_iter().map(Value::from).collect() }
}

fn statement(sql: &'static str, values: impl IntoIterator<Item = i64>) -> Step {
    Step::Statement { sql: sql.into_sql_str(), values: values.into_iter().map(Value::from).collect() }
}

async fn with_table(pool: &SqlitePool) -> SqliteConn {
    let mut conn = pool.acquire().await.unwrap();
    conn.run(script("CREATE TABLE t (a BIGINT PRIMARY KEY, b BIGINT)")).await.unwrap();
    conn
}

async fn count(conn: &mut SqliteConn) -> i64 {
    let done = conn.run(statement("SELECT COUNT(*) FROM t", [])).await.unwrap();
    let [Cell::Integer(count)] = done.rows[0][..] else { panic!("{done:?}") };
    count
}

#[tokio::test]
async fn placeholders_are_numbers_whatever_their_order() {
    let mut conn = with_table(&pool()).await;
    let done = conn.run(statement("INSERT INTO t (b, a) VALUES ($2, $1)", [10, 20])).await.unwrap();
    assert_eq!(done.changed, 1);
    let done = conn.run(statement("SELECT b, a FROM t WHERE b = $2 AND a = $1 AND $2 > $1", [10, 20])).await.unwrap();
    assert_eq!(done.rows, [[Cell::Integer(20), Cell::Integer(10)]]);
    let missing = conn.run(statement("SELECT $2", [10])).await.unwrap_err();
    assert!(matches!(missing, StoreError::Corrupt { .. }), "{missing}");
}

#[tokio::test]
async fn what_was_put_ahead_is_done_first_and_in_order() {
    let mut conn = with_table(&pool()).await;
    conn.put_ahead(script("BEGIN IMMEDIATE"));
    conn.put_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [1, 10, 2, 20, 3, 30]));
    conn.put_ahead(rows("DELETE FROM t WHERE a = ?", 1, [2]));
    assert_eq!(count(&mut conn).await, 2);
    conn.run(script("COMMIT")).await.unwrap();
    assert_eq!(count(&mut conn).await, 2);
}

/// Otherwise half a transaction would be committed.
#[tokio::test]
async fn after_a_step_that_fails_none_is_done() {
    let mut conn = with_table(&pool()).await;
    conn.put_ahead(script("BEGIN IMMEDIATE"));
    conn.put_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [1, 10, 1, 20]));
    let refused = conn.run_all(script("COMMIT")).await.unwrap().unwrap_err();
    assert!(!refused.at_last);
    conn.roll_back().await.unwrap();
    assert_eq!(count(&mut conn).await, 0);
    let refused = conn.run_all(script("COMMIT")).await.unwrap().unwrap_err();
    assert!(refused.at_last, "there is no transaction to commit");
}

#[tokio::test]
async fn undoing_takes_what_was_put_ahead_with_it() {
    let mut conn = with_table(&pool()).await;
    conn.roll_back().await.unwrap();
    conn.put_ahead(script("BEGIN IMMEDIATE"));
    conn.put_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [1, 10]));
    conn.roll_back().await.unwrap();
    assert_eq!(count(&mut conn).await, 0);
    conn.put_ahead(script("BEGIN IMMEDIATE"));
    conn.put_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [1, 10]));
    assert_eq!(count(&mut conn).await, 1);
    conn.roll_back().await.unwrap();
    assert_eq!(count(&mut conn).await, 0);
}

/// A job that nobody waits for any more is done all the same, before the next.
#[tokio::test]
async fn who_gives_up_waiting_undoes_nothing() {
    let mut conn = with_table(&pool()).await;
    for number in 0..2 {
        let run = conn.run(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [number, 10]));
        let mut run = Box::pin(run);
        // Polled once, so that it is given to the connection, and dropped.
        std::future::poll_fn(|context| {
            let _ = run.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
    }
    assert_eq!(count(&mut conn).await, 2);
}

#[tokio::test]
async fn a_connection_goes_back_unless_it_was_discarded() {
    let pool = pool();
    drop(with_table(&pool).await);
    let mut same = pool.acquire().await.unwrap();
    assert_eq!(count(&mut same).await, 0);
    same.discard();
    drop(same);
    let mut other = pool.acquire().await.unwrap();
    other.run(statement("SELECT COUNT(*) FROM t", [])).await.unwrap_err();
}

/// Otherwise it would grow for as long as the process runs.
#[tokio::test]
async fn the_write_ahead_log_is_folded_when_it_is_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("writ.db");
    let pragmas = vec![("journal_mode", "WAL".to_owned())];
    let opening = Opening { path: Some(path.clone()), read_only: false, pragmas, fold_pages: Some(20), syncs: None };
    let mut conn = with_table(&SqlitePool::new(opening, 1)).await;
    let mut number = 0;
    // When it begins anew is for two threads to settle; a log that is never folded never does.
    while beginnings_of_log(&path) < 3 {
        number += 1;
        assert!(number < 20_000, "{} times", beginnings_of_log(&path));
        conn.run(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [number, 10])).await.unwrap();
    }
    assert_eq!(count(&mut conn).await, number);
    assert!(number > 3 * 20 / 4, "folded after {number} rows already");
}

/// How often the write-ahead log of a database began anew: the fourth number of its head
/// (sqlite.org/fileformat2.html, "WAL File Format").
fn beginnings_of_log(database: &std::path::Path) -> u32 {
    let mut head = [0; 16];
    let read = std::fs::File::open(database.with_extension("db-wal")).unwrap().read_exact(&mut head);
    read.map_or(0, |()| u32::from_be_bytes(head[12..].try_into().unwrap()))
}

#[tokio::test]
async fn a_closed_pool_gives_no_connection() {
    let pool = pool();
    drop(with_table(&pool).await);
    pool.close().await;
    pool.close().await;
    assert!(matches!(pool.acquire().await.err(), Some(StoreError::Unavailable { .. })));
}

/// A connection that writes and one that reads the same file, and what stands for its disk.
async fn with_gated_disk(folder: &tempfile::TempDir) -> (SqlitePool, SqlitePool, std::sync::mpsc::Receiver<End>) {
    let (syncs, begins) = gated();
    let opening = |fold_pages, syncs| {
        let pragmas = vec![("journal_mode", "WAL".to_owned())];
        Opening { path: Some(folder.path().join("writ.db")), read_only: false, pragmas, fold_pages, syncs }
    };
    // Without the gate, which would have to be opened for every table.
    drop(with_table(&SqlitePool::new(opening(Some(1000), None), 1)).await);
    let writers = SqlitePool::new(opening(Some(1000), Some(syncs.clone())), 1);
    (writers, SqlitePool::new(opening(None, Some(syncs)), 1), begins)
}

/// Whether something is not done although it had every chance: it is asked again and again while others are at work.
async fn waits<T>(answer: &mut (impl Future<Output = T> + Unpin)) -> bool {
    for _ in 0..100 {
        tokio::task::yield_now().await;
        std::thread::yield_now();
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *answer).poll(context)));
        if polled.await.is_ready() {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn nobody_is_told_of_what_is_not_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (writers, readers, begins) = with_gated_disk(&folder).await;
    let insert = writers.acquire().await.unwrap().run_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [1, 10]));
    let mut insert = Box::pin(insert.unwrap().durable());
    let end = begins.recv().unwrap();
    assert!(waits(&mut insert).await);
    let mut reader = readers.acquire().await.unwrap();
    let mut found = Box::pin(count(&mut reader));
    assert!(waits(&mut found).await, "it has seen the row");
    end.send(Ok(())).unwrap();
    assert_eq!(found.await, 1);
    insert.await.unwrap().unwrap();
}

/// The connection is let go before the disk is done, and what fails takes nothing with it.
#[tokio::test]
async fn the_next_one_need_not_wait_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (writers, _, begins) = with_gated_disk(&folder).await;
    let mut first = writers.acquire().await.unwrap();
    first.put_ahead(script("BEGIN IMMEDIATE"));
    first.put_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [1, 10]));
    let first = first.run_ahead(script("COMMIT")).unwrap();
    let first_end = begins.recv().unwrap();
    let mut twin = writers.acquire().await.unwrap();
    twin.put_ahead(script("BEGIN IMMEDIATE"));
    twin.put_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [2, 10, 1, 10]));
    let twin = twin.run_ahead(script("COMMIT")).unwrap();
    twin.durable().await.unwrap().unwrap_err();
    let mut guarded = writers.acquire().await.unwrap();
    guarded.put_ahead(script("BEGIN IMMEDIATE"));
    guarded.put_ahead(Step::Guard { sql: "SELECT 1 FROM t WHERE a = 2".into_sql_str(), values: Vec::new() });
    guarded.put_ahead(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [3, 10]));
    let guarded = guarded.run_ahead(script("COMMIT")).unwrap();
    assert!(!guarded.durable().await.unwrap().unwrap_err().at_last);
    let mut last = writers.acquire().await.unwrap();
    assert_eq!(count(&mut last).await, 1, "whoever writes need not wait for what it does not go by");
    assert!(waits(&mut Box::pin(last.settled())).await);
    first_end.send(Ok(())).unwrap();
    last.settled().await.unwrap();
    first.durable().await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_disk_did_not_take_is_written_anew_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let (writers, readers, begins) = with_gated_disk(&folder).await;
    let insert = async |row| {
        let insert = rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [row, 10]);
        writers.acquire().await.unwrap().run_ahead(insert).unwrap()
    };
    let lost = insert(1).await;
    begins.recv().unwrap().send(Err(std::io::ErrorKind::StorageFull.into())).unwrap();
    let refused = lost.durable().await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    readers.acquire().await.unwrap().run(statement("SELECT COUNT(*) FROM t", [])).await.unwrap_err();
    let next = insert(2).await;
    let end = begins.recv().unwrap();
    // The first row is in the database itself now; nobody has to wait for the log to tell of it.
    let log = std::fs::metadata(folder.path().join("writ.db-wal")).unwrap().len();
    end.send(Ok(())).unwrap();
    next.durable().await.unwrap().unwrap();
    assert_eq!(count(&mut readers.acquire().await.unwrap()).await, 2);
    assert!((1..8 * 4096).contains(&log), "{log}");
}
