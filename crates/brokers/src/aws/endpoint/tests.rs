#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn an_address_is_https_or_on_this_machine() {
    for good in [
        "https://sts.example.com",
        "https://rgw.corp:8443",
        "http://127.0.0.1:8000",
        "http://[::1]:1",
        "http://localhost",
    ] {
        assert_eq!(Address::read("endpoint_sts", good).unwrap().to_string(), good);
    }
    assert_eq!(Address::read("endpoint_sts", "https://a/").unwrap().to_string(), "https://a");
    for bad in [
        "",
        "sts.example.com",
        "http://sts.example.com",
        "http://127.0.0.1.example.com",
        "https://a/b",
        "https://a?b",
        "https://u:p@a",
        "ftp://a",
        "https://",
    ] {
        let error = Address::read("endpoint_sts", bad).unwrap_err().to_string();
        assert!(error.starts_with("`endpoint_sts` is not an address"), "{bad}: {error}");
    }
}
