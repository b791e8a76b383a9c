#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

#[test]
fn a_number_is_replaced_in_place() {
    let body = Bytes::from_static(b"{\"max_tokens\": 32000 ,\"model\":\"m\"}");
    assert_eq!(replace(&body, 15..20, "4096"), "{\"max_tokens\": 4096 ,\"model\":\"m\"}");
}
