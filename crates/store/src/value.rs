//! What a statement takes: three kinds of column, each of which may be absent.

use domain::{Digest, Time, Usd};
use serde::Serialize;
use sqlx::Arguments;
use sqlx::postgres::PgArguments;

use crate::StoreError;

/// One argument of a statement. Columns are BIGINT, TEXT or BYTEA on both engines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// BIGINT: counts, Unix milliseconds, nano-dollars, 0 and 1.
    Int(Option<i64>),
    /// TEXT: ids, digests in hexadecimal, names.
    Text(Option<String>),
    /// BYTEA.
    Blob(Option<Vec<u8>>),
}

/// The three kinds of column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Blob,
}

impl Value {
    /// An id, or anything else that is stored as it prints.
    pub(crate) fn text(value: impl ToString) -> Self {
        Self::Text(Some(value.to_string()))
    }

    /// An id that may be absent.
    pub(crate) fn text_or_null(value: Option<impl ToString>) -> Self {
        Self::Text(value.map(|value| value.to_string()))
    }

    /// A value as JSON.
    ///
    /// # Errors
    /// It is none that JSON can carry.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, StoreError> {
        let text = serde_json::to_string(value).map_err(|error| StoreError::corrupt(error.to_string()))?;
        Ok(Self::Text(Some(text)))
    }

    /// A count; those beyond `i64` are held at its end.
    pub(crate) fn count(count: u64) -> Self {
        Self::Int(Some(i64::try_from(count).unwrap_or(i64::MAX)))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Time> for Value {
    fn from(value: Time) -> Self {
        Self::Int(Some(value.unix_millis()))
    }
}

impl From<Usd> for Value {
    fn from(value: Usd) -> Self {
        Self::Int(Some(value.nanos()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(Some(value))
    }
}

impl From<&Digest> for Value {
    /// Hexadecimal by table: every entry has a digest, and formatting machinery costs ten times as much.
    fn from(value: &Digest) -> Self {
        let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 15)]);
        let mut text = String::with_capacity(64);
        for &byte in value.as_bytes() {
            text.push(digit(byte >> 4));
            text.push(digit(byte));
        }
        Self::Text(Some(text))
    }
}

pub(crate) fn for_postgres(values: Vec<Value>) -> Result<PgArguments, StoreError> {
    let mut arguments = PgArguments::default();
    // 24 bytes: between a number with its length (12) and an id (35).
    arguments.reserve(values.len(), values.len() * 24);
    for value in values {
        let added = match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Blob(value) => arguments.add(value),
        };
        added.map_err(too_large)?;
    }
    Ok(arguments)
}

fn too_large(_: sqlx::error::BoxDynError) -> StoreError {
    StoreError::corrupt("a value is too large for a column")
}

#[cfg(test)]
mod tests;
