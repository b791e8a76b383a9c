//! What a statement gives back: a row of either engine, read by column number.

use std::str::FromStr;

use domain::{Time, Usd};
use rusqlite::types::FromSql;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

use crate::StoreError;
use crate::sqlite::Cells;
use crate::value::{Kind, Value};

/// One row of an answer. Columns are counted from 0.
pub(crate) enum Row {
    Sqlite(Cells),
    Postgres(PgRow),
}

impl Row {
    /// Reads a column unchecked against its declared type.
    fn get<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: FromSql + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(cells) => {
                let cell = cells.get(column).ok_or_else(misshapen)?;
                T::column_result(cell.into()).map_err(|_| misshapen())
            }
            Self::Postgres(row) => Ok(row.try_get_unchecked(column)?),
        }
    }

    /// Reads a column as what it must be, whatever a stranger put there.
    pub(crate) fn value(&self, column: usize, kind: Kind) -> Result<Value, StoreError> {
        Ok(match (self, kind) {
            (Self::Postgres(row), Kind::Int) => Value::Int(row.try_get(column)?),
            (Self::Postgres(row), Kind::Text) => Value::Text(row.try_get(column)?),
            (Self::Postgres(row), Kind::Blob) => Value::Blob(row.try_get(column)?),
            (Self::Sqlite(_), Kind::Int) => Value::Int(self.get(column)?),
            (Self::Sqlite(_), Kind::Text) => Value::Text(self.get(column)?),
            (Self::Sqlite(_), Kind::Blob) => Value::Blob(self.get(column)?),
        })
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(crate) fn int_or_null(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    /// A position or count: a number that is never negative.
    pub(crate) fn count(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|_| StoreError::corrupt("a count is negative"))
    }

    pub(crate) fn bool(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(crate) fn text_or_null(&self, column: usize) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(crate) fn blob(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }

    pub(crate) fn time(&self, column: usize) -> Result<Time, StoreError> {
        self.int(column).map(Time::from_unix_millis)
    }

    pub(crate) fn time_or_null(&self, column: usize) -> Result<Option<Time>, StoreError> {
        Ok(self.int_or_null(column)?.map(Time::from_unix_millis))
    }

    pub(crate) fn usd(&self, column: usize) -> Result<Usd, StoreError> {
        self.int(column).map(Usd::from_nanos)
    }

    pub(crate) fn usd_or_null(&self, column: usize) -> Result<Option<Usd>, StoreError> {
        Ok(self.int_or_null(column)?.map(Usd::from_nanos))
    }

    /// An id, digest or name.
    pub(crate) fn parse<T: FromStr>(&self, column: usize) -> Result<T, StoreError> {
        parse(&self.text(column)?)
    }

    /// An id, digest or name that may be absent.
    pub(crate) fn parse_or_null<T: FromStr>(&self, column: usize) -> Result<Option<T>, StoreError> {
        self.text_or_null(column)?.as_deref().map(parse).transpose()
    }

    /// A word of one of the domain's enums, as they serialise.
    pub(crate) fn word_or_null<T: for<'de> Deserialize<'de>>(&self, column: usize) -> Result<Option<T>, StoreError> {
        let Some(text) = self.text_or_null(column)? else { return Ok(None) };
        let word: StrDeserializer<'_, Error> = text.as_str().into_deserializer();
        T::deserialize(word).map(Some).map_err(|_| StoreError::corrupt("a column holds an unknown word"))
    }
}

fn misshapen() -> StoreError {
    StoreError::corrupt("a row has an unexpected shape")
}

fn parse<T: FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::corrupt("a column holds something else than an id, digest or name"))
}
