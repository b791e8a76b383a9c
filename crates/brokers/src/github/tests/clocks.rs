//! Clocks that differ: GitHub's is the one that counts for GitHub.

use bytes::Bytes;
use domain::{Span, Time};
use http::Response;
use serde_json::Value;

use super::support::*;

fn dated(mut answer: Response<Bytes>, date: &str) -> Response<Bytes> {
    answer.headers_mut().insert("date", date.parse().unwrap());
    answer
}

/// When the statement in a request says it was made.
fn issued_at(statement: &str) -> i64 {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = URL_SAFE_NO_PAD.decode(statement.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["iat"].as_i64().unwrap()
}

#[tokio::test]
async fn ten_minutes_either_way_work() {
    let ten = Span::from_secs(600);
    for ours in [NOW + ten, NOW - ten] {
        let script = Script::of([answer(401, ""), created(&granted("ghs_1"))]);
        let minted = broker().mint(&narrow(), &script.tools(), chance(ours)).await.unwrap();
        let story: Vec<i64> = (0..2).map(|index| issued_at(&script.bearer(index))).collect();
        assert_eq!(story, [ours.unix_seconds() - 60, NOW.unix_seconds() - 60]);
        // an hour from now, by our clock
        assert_eq!(minted.expires_at, ours + Span::from_secs(3600));
    }
}

#[tokio::test]
async fn past_a_quarter_of_an_hour_somebody_must_set_a_clock() {
    let script = Script::of([answer(401, "")]);
    let error = broker().mint(&narrow(), &script.tools(), chance(NOW + Span::from_secs(1200))).await.unwrap_err();
    assert!(error.text.contains("differ by 20m"), "{error}");
    assert_eq!(script.story().len(), 1);
}

#[tokio::test]
async fn a_refusal_by_an_equal_or_unknown_clock_is_not_asked_again() {
    for date in ["Sun, 22 Nov 2026 20:00:29 GMT", "Sun, 22 Nov 2026 19:59:31 GMT", "yesterday"] {
        let script = Script::of([dated(answer(401, ""), date)]);
        let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
        assert!(error.text.contains("401"), "{error}");
        assert_eq!(script.story().len(), 1, "{date}");
    }
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let script = Script::of([answer(401, ""), answer(401, ""), created(&granted("ghs_1"))]);
    let error = broker().mint(&narrow(), &script.tools(), chance(NOW + Span::from_secs(600))).await.unwrap_err();
    assert!(error.text.contains("401"), "{error}");
    assert_eq!(script.story().len(), 2);
}

#[tokio::test]
async fn a_life_is_measured_on_github_s_own_clock() {
    // Our clock is 50 minutes behind, and GitHub took the statement all the same (it would not): still an hour, not more.
    let ours = Time::from_unix_millis(NOW.unix_millis() - 3_000_000);
    let script = Script::of([created(&granted("ghs_1"))]);
    let minted = broker().mint(&narrow(), &script.tools(), chance(ours)).await.unwrap();
    assert_eq!(minted.expires_at, ours + Span::from_secs(3600));
    // Without a date, ours is taken for theirs.
    let mut undated = created(&granted("ghs_1"));
    undated.headers_mut().remove("date");
    let script = Script::of([undated]);
    let minted = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap();
    assert_eq!(minted.expires_at, NOW + Span::from_secs(3600));
}
