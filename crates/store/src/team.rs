//! Rows of teams, made from their entries: names for whoever reads the tables with SQL.

use domain::team::Created;

use crate::StoreError;
use crate::transaction::Transaction;
use crate::value::Value;

pub(crate) async fn created(transaction: &mut Transaction, event: &Created) -> Result<(), StoreError> {
    let values = vec![Value::text(event.team), Value::text(&event.name)];
    transaction.execute("INSERT INTO teams (id, name) VALUES ($1, $2)", values).await.map(drop)
}
