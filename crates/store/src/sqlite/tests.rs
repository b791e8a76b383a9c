#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use sqlx::SqlSafeStr;

use super::statement::Cell;
use super::{Opening, SqliteConn, SqlitePool, Step};
use crate::StoreError;
use crate::value::Value;

fn pool() -> SqlitePool {
    SqlitePool::new(Opening { path: None, read_only: false, pragmas: Vec::new(), fold_pages: None }, 1)
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
    let opening = Opening { path: Some(path.clone()), read_only: false, pragmas, fold_pages: Some(20) };
    let mut conn = with_table(&SqlitePool::new(opening, 1)).await;
    for number in 0..200 {
        conn.run(rows("INSERT INTO t (a, b) VALUES (?, ?)", 2, [number, 10])).await.unwrap();
    }
    assert_eq!(count(&mut conn).await, 200);
    // A frame is a page and its head.
    let frames = std::fs::metadata(folder.path().join("writ.db-wal")).unwrap().len() / (4096 + 24);
    assert!((20..40).contains(&frames), "{frames}");
}

#[tokio::test]
async fn a_closed_pool_gives_no_connection() {
    let pool = pool();
    drop(with_table(&pool).await);
    pool.close().await;
    pool.close().await;
    assert!(matches!(pool.acquire().await.err(), Some(StoreError::Unavailable { .. })));
}
