//! Bringing the schema up to date, under the write lock, so that two nodes may start at the same moment.

use crate::StoreError;
use crate::conn::composed;
use crate::limits::{MIGRATION_RUN_MAX, STATEMENT_WAIT_MAX};
use crate::pool::{self, Pool};
use crate::transaction::Transaction;
use crate::value::Value;

/// All migrations in order: the first is version 1. One that was released is never changed.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_log_and_read_tables.sql"),
    include_str!("../migrations/0002_proofs_and_artifacts.sql"),
    include_str!("../migrations/0003_exports.sql"),
    include_str!("../migrations/0004_sealed_people.sql"),
    include_str!("../migrations/0005_audit_search.sql"),
    include_str!("../migrations/0006_credentials.sql"),
    include_str!("../migrations/0007_locks_and_writes.sql"),
];

/// The schema's version after all migrations.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Applies what is missing of some migrations: all of them but in tests.
pub(crate) async fn migrate(pool: &Pool, migrations: &[&str]) -> Result<(), StoreError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    let mut transaction = Transaction::begin(pool).await?;
    let table = "CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY)";
    transaction.execute(table, Vec::new()).await?;
    let found = version(&mut transaction).await?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if let Some(sql) = pool::migration_sql(pool.engine()) {
        transaction.script(sql, STATEMENT_WAIT_MAX).await?;
    }
    for (version, sql) in (1..).zip(migrations) {
        if version > found {
            let engine = pool.engine();
            let sql = sql.replace("{POSITION}", pool::position_type(engine));
            let sql = sql.replace("{WITHOUT_ROWID}", pool::without_rowid(engine));
            transaction.script(composed(sql), MIGRATION_RUN_MAX).await?;
            transaction.execute("INSERT INTO migrations (version) VALUES ($1)", vec![Value::from(version)]).await?;
        }
    }
    transaction.commit(false).await
}

async fn version(transaction: &mut Transaction) -> Result<i64, StoreError> {
    let rows = transaction.fetch("SELECT COALESCE(MAX(version), 0) FROM migrations", Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}
