#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{commit_digits, session_ids, spellings};

const ID: &str = "ses_01JDZ5C3M8T7Q2W4X6Y8A0B1CD";

#[test]
fn session_ids_are_found_inside_other_names() {
    let id = ID.parse().unwrap();
    let lower = ID.to_lowercase();
    for name in [
        ID.to_owned(),
        format!("s/{ID}/fix-tests"),
        format!("arn:aws:sts::1:assumed-role/agent/{ID}"),
        format!("writ_{lower}_ro"),
        format!("{ID}{ID}"),
        format!("{ID}@writ.example"),
    ] {
        assert_eq!(session_ids(&name), [id], "{name}");
    }
    for name in [
        "",
        "ses_",
        "SES_01JDZ5C3M8T7Q2W4X6Y8A0B1C",
        "ses_01JDZ5C3M8T7Q2W4X6Y8A0B1CU",
        "ses_é1JDZ5C3M8T7Q2W4X6Y8A0B1CD",
    ] {
        assert_eq!(session_ids(name), [], "{name}");
    }
}

#[test]
fn pull_requests_are_known_by_address_and_by_number() {
    let check = |thing: &str, expected: &[&str]| assert_eq!(spellings(thing), expected, "{thing}");
    check("https://github.com/acme/shop/pull/12", &["https://github.com/acme/shop/pull/12", "acme/shop#12"]);
    check(
        "https://git.example/acme/shop/pulls/12/files",
        &["https://git.example/acme/shop/pulls/12/files", "acme/shop#12"],
    );
    check(
        "https://git.example/a/b/shop/-/merge_requests/7?tab=x#n",
        &["https://git.example/a/b/shop/-/merge_requests/7?tab=x#n", "a/b/shop#7"],
    );
    check("acme/shop#12", &["acme/shop#12", "https://github.com/acme/shop/pull/12"]);
    check("https://github.com/pull/12", &["https://github.com/pull/12"]);
    check("AKIAX", &["AKIAX", "akiax"]);
    check("a#b", &["a#b"]);
}

#[test]
fn commits_are_hexadecimal_and_not_too_short() {
    assert_eq!(commit_digits("ABC1234", 7).as_deref(), Some("abc1234"));
    assert_eq!(commit_digits("abc123", 7), None);
    assert_eq!(commit_digits("abc123", 4).as_deref(), Some("abc123"));
    assert_eq!(commit_digits("abc123g", 4), None);
    assert_eq!(commit_digits(&"a".repeat(65), 4), None);
}
