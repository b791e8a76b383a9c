//! Rows of developers, made from their entries.

use domain::developer::{Disabled, Erased, Registered, RolesSet};
use domain::{Role, Roles, Time};

use crate::transaction::Transaction;
use crate::value::Value;
use crate::{StoreError, person};

pub(crate) async fn registered(transaction: &mut Transaction, event: &Registered) -> Result<(), StoreError> {
    let sql = "INSERT INTO developers (id, roles, disabled) VALUES ($1, $2, 0)";
    let values = vec![Value::text(event.developer), words(&event.roles)];
    transaction.execute(sql, values).await.map(drop)
}

pub(crate) async fn roles_set(transaction: &mut Transaction, event: &RolesSet) -> Result<(), StoreError> {
    let values = vec![Value::text(event.developer), words(&event.roles)];
    transaction.execute("UPDATE developers SET roles = $2 WHERE id = $1", values).await.map(drop)
}

pub(crate) async fn disabled(transaction: &mut Transaction, event: &Disabled) -> Result<(), StoreError> {
    let values = vec![Value::text(event.developer)];
    transaction.execute("UPDATE developers SET disabled = 1 WHERE id = $1", values).await.map(drop)
}

/// The person goes with it; what is in earlier copies of the database, nobody opens without their key.
pub(crate) async fn erased(transaction: &mut Transaction, event: &Erased, at: Time) -> Result<(), StoreError> {
    let sql = "UPDATE developers SET disabled = 1, erased_at = $2 WHERE id = $1";
    transaction.execute(sql, vec![Value::text(event.developer), at.into()]).await?;
    person::erase(transaction, event.developer).await
}

/// Roles as words with a space between.
fn words(roles: &Roles) -> Value {
    let words: Vec<_> = roles.iter().copied().map(Role::as_str).collect();
    Value::Text(Some(words.join(" ")))
}
