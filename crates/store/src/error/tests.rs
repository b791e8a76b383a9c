#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::{StoreError, from_sqlite_code, from_sqlstate};

fn is_corrupt(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt { .. })
}

#[test]
fn codes_of_sqlite_are_told_apart() {
    // Busy, busy (extended), I/O (extended), full, cannot open.
    for code in [5, 517, 778, 13, 14, 8, 0] {
        assert!(matches!(from_sqlite_code(code), StoreError::Unavailable { .. }), "{code}");
    }
    // Error, constraint (extended), corrupt, not a database.
    for code in [1, 2067, 11, 26] {
        assert!(is_corrupt(&from_sqlite_code(code)), "{code}");
    }
    assert!(from_sqlite_code(13).to_string().contains("disk that holds the database is full"));
}

#[test]
fn codes_of_postgres_are_told_apart() {
    for code in ["53100", "53300", "55P03", "57014", "57P01", "08006", "25006", "28P01", "42501", "3D000", "99999", ""]
    {
        assert!(matches!(from_sqlstate(code), StoreError::Unavailable { .. }), "{code}");
    }
    for code in ["23505", "42P01", "XX001"] {
        assert!(is_corrupt(&from_sqlstate(code)), "{code}");
    }
    assert_eq!(from_sqlstate("53100"), from_sqlite_code(13));
}
