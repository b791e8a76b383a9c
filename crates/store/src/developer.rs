//! Rows of developers, made from their entries.

use domain::developer::{Disabled, Registered, RolesSet};
use domain::{Role, Roles};

use crate::StoreError;
use crate::transaction::Transaction;
use crate::value::Value;

pub(crate) async fn registered(transaction: &mut Transaction, event: &Registered) -> Result<(), StoreError> {
    let sql = "INSERT INTO developers (id, login, roles, disabled) VALUES ($1, $2, $3, 0)";
    let values = vec![Value::text(event.developer), (&event.login).into(), words(&event.roles)];
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

/// Roles as words with a space between.
fn words(roles: &Roles) -> Value {
    let words: Vec<_> = roles.iter().copied().map(Role::as_str).collect();
    Value::Text(Some(words.join(" ")))
}
