#![allow(clippy::unwrap_used)]

use super::*;

fn headers(values: &[&str]) -> HeaderMap {
    let pair = |value: &&str| (AUTHORIZATION, value.parse::<HeaderValue>().unwrap());
    let mut headers = HeaderMap::new();
    for (name, value) in values.iter().map(pair) {
        headers.append(name, value);
    }
    headers
}

/// `eDpzM2NyZXQ=` is `x:s3cret`, `OnMzY3JldDp0` is `:s3cret:t`.
#[test]
fn a_token_comes_as_bearer_or_as_a_password() {
    for (value, expected) in [
        ("Bearer s3cret", Some("s3cret")),
        ("bearer s3cret", Some("s3cret")),
        ("Basic eDpzM2NyZXQ=", Some("s3cret")),
        ("basic OnMzY3JldDp0", Some("s3cret:t")),
        ("Basic s3cret", None),
        ("Digest s3cret", None),
        ("s3cret", None),
        ("", None),
    ] {
        assert_eq!(presented(&headers(&[value])).as_deref(), expected, "{value}");
    }
    assert_eq!(presented(&headers(&[])), None);
    assert_eq!(presented(&headers(&["Bearer a", "Bearer b"])), None, "which of them would the relying party take?");
}
