#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::text;
use crate::api::Session;

fn session() -> Session {
    serde_json::from_value(json!({
        "id": "ses_1", "developer": { "id": "dev_1", "login": "grace" }, "project": { "id": "prj_1", "name": "checkout" },
        "status": "ended", "opened_at": "2026-11-22T10:00:00.000Z", "expires_at": "2026-11-22T18:00:00.000Z",
        "over_at": "2026-11-22T10:12:04.500Z", "budget_usd_nanos": 5_000_000_000_i64, "spent_usd_nanos": 123_400_000, "calls": 14,
        "url": "http://127.0.0.1:7878/sessions/ses_1",
    }))
    .unwrap()
}

#[test]
fn five_lines() {
    insta::assert_snapshot!(text(&session(), 2), @r"
    writ: session  ses_1, checkout, ended
    writ: duration 12m4s
    writ: calls    14
    writ: cost     $0.1234 of $5.0000 (2 calls estimated)
    writ: link     http://127.0.0.1:7878/sessions/ses_1
    ");
}

#[test]
fn what_is_open_or_unknown_is_said() {
    let session = Session { project: None, over_at: None, held_usd_nanos: 5, budget_usd_nanos: None, ..session() };
    insta::assert_snapshot!(text(&session, 0), @r"
    writ: session  ses_1, no project, ended
    writ: duration 0ms
    writ: calls    14
    writ: cost     $0.1234, some calls not settled yet
    writ: link     http://127.0.0.1:7878/sessions/ses_1
    ");
}
