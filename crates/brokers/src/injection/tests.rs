#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::plugin::tests::order;

fn injection(methods: &[&str], paths: &[&str]) -> Injection {
    let set = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let (header, value) = (http::header::AUTHORIZATION, HeaderValue::from_static("Bearer s3cr3t/value"));
    Injection::new(
        "https://api.example.com/v2/".parse().unwrap(),
        header,
        value,
        "s3cr3t/value",
        set(methods),
        set(paths),
    )
}

fn verdict(injection: &Injection, scope: &[(&str, &[&str])], method: &str, path: &str) -> Result<(), String> {
    let method = method.parse().unwrap();
    injection.allows(&order("x", scope).scope, &method, path).map_err(|error| error.text)
}

#[test]
fn a_request_is_within_the_target_and_the_scope() {
    let injection = injection(&["GET", "POST"], &["/issues", "/users/"]);
    for (scope, method, path, is_allowed) in [
        (&[][..], "GET", "/issues", true),
        (&[], "GET", "/issues/7?x", true),
        (&[], "GET", "/issuesx", false),
        (&[], "GET", "/users/ada", true),
        (&[], "GET", "/users", false),
        (&[], "DELETE", "/issues", false),
        (&[("methods", &["GET"][..])], "POST", "/issues", false),
        (&[("methods", &["*"])], "POST", "/issues", true),
        (&[("methods", &["DELETE"])], "DELETE", "/issues", false),
        (&[("paths", &["/issues/1"])], "GET", "/issues/1/notes", true),
        (&[("paths", &["/issues/1"])], "GET", "/issues/2", false),
        (&[("paths", &["/admin"])], "GET", "/admin", false),
    ] {
        let path = path.split('?').next().unwrap();
        assert_eq!(verdict(&injection, scope, method, path).is_ok(), is_allowed, "{method} {path} {scope:?}");
    }
    assert_eq!(
        verdict(&injection, &[], "PUT", "/issues").unwrap_err(),
        "`PUT` is not granted here, only `GET`, `POST`"
    );
}

#[test]
fn a_path_that_could_lead_elsewhere_is_refused() {
    let injection = injection(&["GET"], &["/issues"]);
    for path in [
        "/issues/../admin",
        "/issues/./x",
        "/issues/%2e%2e/admin",
        "/issues/%2E./admin",
        "/issues/%252e%252e/admin",
        "/issues/%25252e%25252e/admin",
        "/issues/..%2fadmin",
        "/issues%2f..%2fadmin",
        "/issues/..%5cadmin",
        "/issues/..\\admin",
        "/issues/..;x/admin",
        "/issues/%00",
        "issues",
    ] {
        assert!(verdict(&injection, &[], "GET", path).is_err(), "{path}");
    }
    for path in ["/issues/a%2Fb", "/issues/..a", "/issues/a..", "/issues/%20", "/issues/100%", "/issues//x"] {
        assert_eq!(verdict(&injection, &[], "GET", path), Ok(()), "{path}");
    }
}

#[test]
fn the_address_is_below_the_base() {
    let injection = injection(&["GET"], &["/"]);
    let url = |path: &str| injection.url(&path.parse().unwrap()).unwrap().to_string();
    assert_eq!(url("/issues?q=1"), "https://api.example.com/v2/issues?q=1");
    assert_eq!(url("//evil.example.com/"), "https://api.example.com/v2//evil.example.com/");
    assert_eq!(url("/@evil.example.com/"), "https://api.example.com/v2/@evil.example.com/");
}

#[test]
fn the_header_replaces_what_was_there() {
    let mut headers = HeaderMap::new();
    headers.append("authorization", HeaderValue::from_static("Bearer mine"));
    headers.append("authorization", HeaderValue::from_static("Basic mine"));
    injection(&["GET"], &["/"]).set_on(&mut headers);
    assert_eq!(headers.get_all("authorization").iter().collect::<Vec<_>>(), ["Bearer s3cr3t/value"]);
    assert!(!format!("{headers:?}").contains("s3cr3t"), "{headers:?}");
}

#[test]
fn every_common_form_of_the_secret_is_found() {
    let withheld = Withheld::new("s3cr3t/va\"lue");
    for text in ["x s3cr3t/va\"lue y", "{\"a\":\"s3cr3t/va\\\"lue\"}", "?t=s3cr3t%2Fva%22lue"] {
        assert!(withheld.is_in(text.as_bytes()), "{text}");
    }
    assert!(!withheld.is_in(b"s3cr3t/va"));
    // `ada:correct-horse`, as Basic carries it.
    let basic = Withheld::new("YWRhOmNvcnJlY3QtaG9yc2U=");
    assert!(basic.is_in(b"password=correct-horse") && !basic.is_in(b"ada"));
    assert_eq!(format!("{withheld:?}"), "Withheld(…)");
}
