//! `/healthz`, `/readyz`, `/metrics`, `/.well-known/jwks.json`, `/openapi.json`.

use insta::assert_snapshot;
use serde_json::json;

use crate::routes::tested;

#[test]
fn alive_and_ready() {
    tested(async |writ, _people| {
        assert_snapshot!(writ.anonymous().get("/healthz").await.shown(), @r#"
        200
        {
          "status": "ok"
        }
        "#);
        assert_snapshot!(writ.anonymous().get("/readyz").await.shown(), @r#"
        200
        {
          "status": "ready"
        }
        "#);
    });
}

#[test]
fn the_names_of_the_metrics_are_a_contract() {
    tested(async |writ, people| {
        // One of each kind, so that labelled series are there.
        people.grace.open(json!({})).await.caller.message("hello", false).await;
        writ.anonymous().message("hello", false).await;
        let metrics = writ.anonymous().get("/metrics").await;
        assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4");
        let text = metrics.text();
        let kinds: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert_snapshot!(kinds.join("\n"), @"
        writ_log_entries_total counter
        writ_log_commits_total counter
        writ_log_failures_total counter
        writ_log_next_position gauge
        writ_store_away gauge
        writ_sessions_live gauge
        writ_calls_open gauge
        writ_settlements_waiting gauge
        writ_credentials_alive gauge
        writ_credentials_due gauge
        writ_credentials_stalled gauge
        writ_locks gauge
        writ_lock_oldest_waiter_seconds gauge
        writ_resources_frozen gauge
        writ_resources_frozen_total counter
        writ_lock_wait_seconds histogram
        writ_lock_hold_seconds histogram
        writ_lock_ends_total counter
        writ_lock_refusals_total counter
        writ_gateway_streams_open gauge
        writ_gateway_failovers_total counter
        writ_gateway_body_bytes gauge
        writ_gateway_calls_total counter
        writ_gateway_rejections_total counter
        ");
        let of_the_gateway = |line: &&str| line.starts_with("writ_gateway") && line.contains('{');
        let labelled: Vec<&str> =
            text.lines().filter(of_the_gateway).map(|line| line.rsplit_once(' ').unwrap().0).collect();
        assert_snapshot!(labelled.join("\n"), @r#"
        writ_gateway_calls_total{outcome="completed"}
        writ_gateway_calls_total{outcome="upstream_refused"}
        writ_gateway_calls_total{outcome="upstream_unreachable"}
        writ_gateway_calls_total{outcome="upstream_cut"}
        writ_gateway_calls_total{outcome="client_left"}
        writ_gateway_calls_total{outcome="revoked"}
        writ_gateway_calls_total{outcome="abandoned"}
        writ_gateway_rejections_total{kind="authentication_error"}
        "#);
    });
}

#[test]
fn every_line_of_the_metrics_is_prometheus_text() {
    tested(async |writ, _people| {
        for line in writ.anonymous().get("/metrics").await.text().lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("writ_"), "{line}");
            assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
        }
    });
}

#[test]
fn the_published_keys_hold_no_private_part() {
    tested(async |writ, _people| {
        let answer = writ.anonymous().get("/.well-known/jwks.json").await;
        let key = &answer.json()["keys"][0];
        let fields: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_snapshot!(format!("{fields:?}"), @r#"["alg", "e", "kid", "kty", "n", "use"]"#);
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
    });
}
