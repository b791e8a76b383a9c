//! Opening PostgreSQL: bounded waits on both ends, a write lock for appends, a channel to announce them.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool, Postgres};

use super::Pool;
use crate::limits::{
    CHECK_WAIT_MAX, CONNECT_WAIT_MAX, LOCK_WAIT_MAX, MIGRATION_RUN_MAX, POSTGRES_APPENDING_MAX,
    POSTGRES_CONNECTIONS_MAX, STATEMENT_RUN_MAX, STATEMENTS_CACHED_MAX, TRANSACTION_IDLE_MAX,
};
use crate::{PostgresUrl, StoreError};

/// Where appends are announced.
pub(crate) const CHANNEL: &str = "writ_entries";

/// The advisory lock that orders appends, per database: "writ log" in ASCII.
const APPEND_LOCK: i64 = 0x7772_6974_206c_6f67;

pub(super) async fn open(url: &PostgresUrl) -> Result<Pool, StoreError> {
    let options = options(url, STATEMENT_RUN_MAX, TRANSACTION_IDLE_MAX);
    let pool = pool(POSTGRES_CONNECTIONS_MAX).connect_with(options.clone()).await?;
    let writer = self::pool(POSTGRES_APPENDING_MAX).connect_lazy_with(options.clone());
    Ok(Pool::Postgres { writer, pool, options: Box::new(options) })
}

/// A connection for one long transaction that reads.
pub(super) async fn open_to_read(url: &PostgresUrl) -> Result<PoolConnection<Postgres>, StoreError> {
    let options = options(url, CHECK_WAIT_MAX, CHECK_WAIT_MAX).application_name("writ audit fsck");
    Ok(pool(1).connect_with(options).await?.acquire().await?)
}

fn options(url: &PostgresUrl, run: Duration, idle: Duration) -> PgConnectOptions {
    let millis = |wait: Duration| wait.as_millis().to_string();
    url.options()
        .application_name("writ")
        .statement_cache_capacity(STATEMENTS_CACHED_MAX)
        .disable_statement_logging()
        .options([
            ("statement_timeout", millis(run)),
            ("lock_timeout", millis(LOCK_WAIT_MAX)),
            ("idle_in_transaction_session_timeout", millis(idle)),
        ])
}

/// Tested before use: after a restart of the server the broken ones are replaced and nobody notices.
fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(CONNECT_WAIT_MAX).test_before_acquire(true)
}

/// A pool of one, for a listener: dropped with it when the connection falls silent.
pub(crate) fn listener_pool(options: PgConnectOptions) -> PgPool {
    pool(1).connect_lazy_with(options)
}

/// `READ COMMITTED`, whatever the server's default: each statement after the lock sees what was committed before it.
pub(super) fn begin_sql() -> String {
    format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({APPEND_LOCK})")
}

pub(super) fn migration_sql() -> String {
    format!("SET LOCAL statement_timeout = {}", MIGRATION_RUN_MAX.as_millis())
}
