#![allow(clippy::unwrap_used)]

use std::ffi::OsString;

use serde_json::json;

use super::*;

fn opened(project: Option<&str>) -> Opened {
    let project = project.map(|id| json!({ "id": id, "name": "checkout" }));
    serde_json::from_value(json!({
        "token": "writ_ses_secret",
        "session": {
            "id": "ses_01M82DG5G00000000000000007", "developer": { "id": "dev_1", "login": "grace" }, "project": project,
            "status": "active", "opened_at": "2026-11-22T00:00:00.000Z", "expires_at": "2026-11-22T08:00:00.000Z",
        },
    }))
    .unwrap()
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Environment::scrubbed(variables, &[])
}

fn told(variables: &[(&str, &str)], project: Option<&str>) -> Vec<(String, String)> {
    let told = super::variables(&opened(project), &environment(variables), [0, 0, 0, 0, 0, 0, 0, 9]);
    told.into_iter().map(|(name, value)| (name, value.into_string().unwrap())).collect()
}

fn value<'a>(told: &'a [(String, String)], name: &str) -> &'a str {
    told.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

#[test]
fn the_session_is_the_trace_and_rides_in_baggage_attributes_headers_and_metadata() {
    let told = told(&[], Some("prj_1"));
    let id = "ses_01M82DG5G00000000000000007";
    let trace = id.parse::<SessionId>().unwrap().as_u128();
    assert_eq!(value(&told, "TRACEPARENT"), format!("00-{trace:032x}-0000000000000009-01"));
    assert_eq!(value(&told, "TRACEPARENT").len(), 55);
    assert_eq!(value(&told, "BAGGAGE"), format!("writ.session={id}"));
    let attributes = format!("writ.session.id={id},enduser.id=dev_1,writ.project.id=prj_1");
    assert_eq!(value(&told, "OTEL_RESOURCE_ATTRIBUTES"), attributes);
    assert_eq!(value(&told, "ANTHROPIC_CUSTOM_HEADERS"), format!("writ-session: {id}"));
    assert_eq!(value(&told, "CLAUDE_CODE_EXTRA_METADATA"), format!(r#"{{"writ.session.id":"{id}"}}"#));
    assert_eq!(value(&told, "CLAUDE_CODE_PROPAGATE_TRACEPARENT"), "1");
}

#[test]
fn what_the_user_set_stays_and_an_outer_session_s_goes() {
    let told = told(
        &[
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop, writ.session.id=ses_outer,enduser.id=x"),
            ("BAGGAGE", "a=1;p, writ.session=ses_outer"),
            ("CLAUDE_CODE_EXTRA_METADATA", r#"{"team":"x"}"#),
        ],
        None,
    );
    let id = "ses_01M82DG5G00000000000000007";
    let attributes = format!("service.name=shop,writ.session.id={id},enduser.id=dev_1");
    assert_eq!(value(&told, "OTEL_RESOURCE_ATTRIBUTES"), attributes);
    assert_eq!(value(&told, "BAGGAGE"), format!("a=1;p,writ.session={id}"));
    assert_eq!(value(&told, "CLAUDE_CODE_EXTRA_METADATA"), format!(r#"{{"team":"x","writ.session.id":"{id}"}}"#));
}

#[test]
fn metadata_that_is_no_object_is_replaced() {
    assert_eq!(metadata("ses_1", Some("[1]")), r#"{"writ.session.id":"ses_1"}"#);
}

#[test]
fn a_span_is_never_zero() {
    assert!(traceparent("ses_01M82DG5G00000000000000007".parse().unwrap(), [0; 8]).ends_with("-0000000000000001-01"));
}
