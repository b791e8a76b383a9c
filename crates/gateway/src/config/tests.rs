#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

fn check(url: &str) -> Result<(), String> {
    let credential = Credential::api_key("k").unwrap();
    let upstream = Upstream { name: "main".to_owned(), base_url: url.parse().unwrap(), credential };
    Config::new(vec![upstream]).check().map_err(|error| error.to_string())
}

#[test]
fn plain_http_is_for_loopback_only() {
    for fine in [
        "https://api.anthropic.com",
        "https://proxy.example/base",
        "http://127.0.0.1:1",
        "http://localhost",
        "http://[::1]:8",
    ] {
        assert_eq!(check(fine), Ok(()), "{fine}");
    }
    for bad in [
        "http://api.anthropic.com",
        "http://127.0.0.1.example",
        "ftp://localhost",
        "/path",
        "https://u:p@host",
        "https://host/?q",
    ] {
        assert!(check(bad).unwrap_err().starts_with("upstream `main`: base_url "), "{bad}");
    }
}

#[test]
fn there_is_at_least_one_upstream_and_not_too_many() {
    assert_eq!(Config::new(Vec::new()).check(), Err(ConfigError::UpstreamCount { found: 0 }));
}

#[test]
fn a_credential_does_not_print() {
    let all = format!("{:?} {:?}", Credential::api_key("sk-secret").unwrap(), Credential::bearer("sk-secret").unwrap());
    assert_eq!(all, "ApiKey(…) Bearer(…)");
    for bad in ["", "two\nlines"] {
        assert!(Credential::api_key(bad).is_err());
        assert!(Credential::bearer(bad).is_err());
    }
    let mut headers = http::HeaderMap::new();
    Credential::bearer("t").unwrap().now().unwrap().1.set_on(&mut headers);
    assert_eq!(headers["authorization"], "Bearer t");
    assert!(!format!("{headers:?}").contains("Bearer t"), "marked as sensitive");
}
