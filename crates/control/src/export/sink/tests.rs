#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

#[test]
fn statuses_about_the_event_refuse_it_and_those_about_the_receiver_are_waited_for() {
    let of = |status| judge(StatusCode::from_u16(status).unwrap());
    for status in [200, 202, 204] {
        assert_eq!(of(status), None, "{status}");
    }
    for status in [301, 308, 401, 403, 404, 408, 425, 429, 500, 502, 503, 599] {
        assert_eq!(of(status), Some(FailureKind::Passing), "{status}");
    }
    for status in [400, 406, 409, 410, 413, 415, 422] {
        assert_eq!(of(status), Some(FailureKind::Refused), "{status}");
    }
}

#[test]
fn a_receiver_may_ask_for_a_pause_but_not_for_ever() {
    let answer = |after: &str| {
        let response = http::Response::builder().status(503).header(RETRY_AFTER, after).body(()).unwrap();
        Failure::answered(FailureKind::Passing, &response).retry_after
    };
    assert_eq!(answer("3"), Some(Duration::from_secs(3)));
    assert_eq!(answer("86400"), Some(EXPORT_BACK_OFF_MAX));
    assert_eq!(answer("Fri, 31 Dec 1999 23:59:59 GMT"), None);
}

#[test]
fn what_went_wrong_stays_one_short_line() {
    let failure = Failure::new(FailureKind::Away, format!("a\nb{}", "x".repeat(10_000)));
    assert!(failure.what.starts_with("abx") && failure.what.len() == EXPORT_ERROR_CHARS_MAX);
}
