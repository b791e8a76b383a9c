#![allow(clippy::unwrap_used)]

use super::*;

fn pushes(name: &'static str, address: &str) -> bool {
    let mut headers = HeaderMap::new();
    headers.append(name, address.parse().unwrap());
    is_push(&headers)
}

#[test]
fn a_push_is_known_however_it_is_written() {
    for address in [
        "/payments.git/git-receive-pack",
        "/payments.git/info/refs?service=git-receive-pack",
        "/payments.git/info/refs?service=git%2Dreceive%2dpack",
        "/payments.git/%67it-receive-pack",
        "/payments.git/git%252Dreceive-pack",
        "/payments.git/%25%36%37it-receive-pack",
        "/payments.git/GIT-Receive-Pack",
    ] {
        assert!(pushes("x-original-uri", address), "{address}");
        assert!(pushes("x-forwarded-uri", address), "{address}");
    }
}

#[test]
fn what_only_reads_is_no_push() {
    for address in [
        "/payments.git/info/refs?service=git-upload-pack",
        "/payments.git/git-upload-pack",
        "/",
        "%",
        "/%zz%2",
        "/git-receive",
    ] {
        assert!(!pushes("x-original-uri", address), "{address}");
    }
    assert!(!pushes("referer", "/git-receive-pack"));
    assert!(!is_push(&HeaderMap::new()));
}

#[test]
fn one_address_of_several_is_enough() {
    let mut headers = HeaderMap::new();
    headers.append("x-original-uri", "/a/git-upload-pack".parse().unwrap());
    headers.append("x-original-uri", "/a/git-receive-pack".parse().unwrap());
    assert!(is_push(&headers));
}
