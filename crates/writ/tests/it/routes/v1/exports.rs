use insta::assert_snapshot;
use serde_json::json;

use crate::routes::{developer, tested};

#[test]
fn without_exports_the_list_is_empty() {
    tested(async |writ, people| {
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_snapshot!(lin.get("/v1/exports").await.shown(), @r#"
        200
        {
          "exports": []
        }
        "#);
        assert_snapshot!(lin.get("/v1/exports/siem/dead").await.shown(), @"404 not_found: no export `siem`");
        assert_snapshot!(people.ada.post("/v1/exports/siem/retry", json!({})).await.shown(), @"404 not_found: no export `siem`");
    });
}

#[test]
fn auditors_look_and_only_administrators_act() {
    tested(async |writ, people| {
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_snapshot!(people.grace.get("/v1/exports").await.shown(), @"403 forbidden: you may not read the log: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(people.grace.get("/v1/exports/siem/dead").await.shown(), @"403 forbidden: you may not read the log: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(lin.post("/v1/exports/siem/retry", json!({})).await.shown(), @"403 forbidden: you may not manage exports: this needs the role `admin` → ask an administrator for the role `admin`");
        assert_snapshot!(people.grace.get("/v1/log/events").await.shown(), @"403 forbidden: you may not read the log: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(writ.anonymous().get("/v1/log/events").await.shown(), @"401 unauthenticated: this needs `authorization: Bearer` with a writ token → sign in with `writ login`");
    });
}

#[test]
fn the_log_is_read_page_by_page_in_two_shapes() {
    tested(async |_writ, people| {
        let page = people.ada.get("/v1/log/events?limit=2").await;
        assert_eq!(page.header("content-type"), "application/x-ndjson");
        let events: Vec<serde_json::Value> =
            page.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            events.iter().map(|event| &event["metadata"]["sequence"]).collect::<Vec<_>>(),
            [&json!(0), &json!(1)]
        );
        let next = people.ada.get("/v1/log/events?format=cloudevents&after=1&limit=1").await.json();
        assert_eq!(next["sequence"], "00000000000000000002");
        let past = people.ada.get("/v1/log/events?after=100000").await;
        assert_eq!((past.status.as_u16(), past.text().as_str()), (200, ""));
        assert_eq!(people.ada.get("/v1/log/events?since=2999-01-01").await.text(), "");
        assert_snapshot!(people.ada.get("/v1/log/events?format=cef").await.shown(), @"400 invalid_request: `format` is one of `ocsf` and `cloudevents`");
        assert_snapshot!(people.ada.get("/v1/log/events?since=soon").await.shown(), @"400 invalid_request: `soon` is no time: use `7d`, `24h`, a date, or RFC 3339");
    });
}
