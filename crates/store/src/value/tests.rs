#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use domain::Digest;

use super::Value;

#[test]
fn a_digest_is_stored_as_it_prints() {
    let digest = Digest::of(b"anything");
    assert_eq!(Value::from(&digest), Value::text(digest));
}

#[test]
fn counts_beyond_the_column_are_held_at_its_end() {
    assert_eq!(Value::count(7), Value::from(7));
    assert_eq!(Value::count(u64::MAX), Value::from(i64::MAX));
}
