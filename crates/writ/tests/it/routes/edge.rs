//! What holds on every path: request ids, the shape of errors, methods, unknown paths, large bodies, who may come in.

use std::collections::BTreeSet;

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::routes::tested;
use crate::support::{Caller, send};

/// Every operation of the OpenAPI document, with ids filled in.
async fn operations(caller: &Caller) -> Vec<(Method, String)> {
    let document = caller.get("/openapi.json").await.json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{session}", "ses_00000000000000000000000000");
        let path = path.replace("{developer}", "grace").replace("{team}", "payments");
        for method in item.as_object().unwrap().keys().filter(|key| key.as_str() != "parameters") {
            found.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(found.len() > 25, "{found:?}");
    found
}

/// Open to everybody: signing in, and what machines read.
const OPEN: &[&str] = &[
    "/v1/bootstrap",
    "/v1/sign-ins",
    "/v1/git/allowed_signers",
    "/v1/brokers/{broker}/ca",
    "/v1/brokers/{broker}/krl",
    "/healthz",
    "/readyz",
    "/metrics",
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
    "/openapi.json",
];

/// Asked by others' programs in ways of their own, which have tests of their own.
const OTHERS_WAYS: &[&str] = &["/v1/introspect", "/v1/registry/token", "/v1/verify"];

/// Not for humans, who are told so before their body is read.
const NOT_FOR_HUMANS: &[&str] = &["/v1/push-checks", "/v1/push-checks/{admitted}/landed"];

#[test]
fn every_other_operation_refuses_who_is_not_signed_in_and_tokens_that_are_none() {
    tested(async |writ, _people| {
        let anonymous = writ.anonymous();
        let mut said = BTreeSet::new();
        for (method, path) in operations(&anonymous).await {
            if OPEN.contains(&path.as_str()) || OTHERS_WAYS.contains(&path.as_str()) {
                continue;
            }
            for token in [None, Some("sk-ant-api03-x".to_owned()), Some("x".repeat(5000))] {
                let caller = Caller { token, ..anonymous.clone() };
                let answer = caller.ask(method.clone(), &path, Some(json!({}))).await;
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
                assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
                said.insert(answer.shown());
            }
        }
        assert_snapshot!(said.into_iter().collect::<Vec<_>>().join("\n"), @"
        401 unauthenticated: the bearer is not a writ token, or was cut or mistyped → sign in with `writ login`
        401 unauthenticated: this needs `authorization: Bearer` with a writ token → sign in with `writ login`
        ");
    });
}

#[test]
fn every_operation_with_a_body_refuses_unknown_fields_and_what_is_not_json() {
    tested(async |writ, people| {
        let document = people.ada.get("/openapi.json").await.json();
        for (method, path) in operations(&people.ada).await {
            let pattern = path.replace("ses_00000000000000000000000000", "{session}").replace("grace", "{developer}");
            let item = &document["paths"][&pattern][method.as_str().to_lowercase()];
            let not_here = [OTHERS_WAYS, NOT_FOR_HUMANS].concat().contains(&path.as_str());
            if item.get("requestBody").is_none() || not_here {
                continue;
            }
            let unknown = people.ada.ask(method.clone(), &path, Some(json!({"surely_not_a_field": 1}))).await;
            assert_eq!(unknown.status, 400, "{method} {path}: {}", unknown.text());
            assert!(unknown.text().contains("unknown field `surely_not_a_field`"), "{path}: {}", unknown.text());
            let bearer = format!("Bearer {}", people.ada.token.as_ref().unwrap());
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let broken = send(method.clone(), &format!("{}{path}", writ.url), &headers, "{\"").await;
            assert_eq!(broken.status, 400, "{method} {path}: {}", broken.text());
            assert!(
                broken.json()["detail"].as_str().unwrap().starts_with("the body is not JSON: "),
                "{}",
                broken.text()
            );
        }
    });
}

#[test]
fn a_body_must_say_that_it_is_json() {
    tested(async |writ, _people| {
        let url = format!("{}/v1/sign-ins", writ.url);
        let answer = send(Method::POST, &url, &[("content-type", "text/plain")], "{}").await;
        assert_snapshot!(answer.shown(), @"400 invalid_request: the body must come with `content-type: application/json`");
    });
}

#[test]
fn the_shape_of_a_problem() {
    tested(async |writ, _people| {
        let answer = writ.anonymous().get("/v1/nothing-here").await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_snapshot!(answer.text(), @r#"{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","detail":"writ has no `/v1/nothing-here`","next":"the API is described at /openapi.json","request_id":"req_ID"}"#);
    });
}

#[test]
fn unknown_paths_and_wrong_methods() {
    tested(async |writ, people| {
        let ask = async |method: Method, path: &str| people.ada.ask(method, path, None).await.shown();
        assert_snapshot!(ask(Method::GET, "/nowhere").await, @"404 not_found: writ has no `/nowhere` → the API is described at /openapi.json");
        assert_snapshot!(ask(Method::GET, "/v1/sessions/").await, @"404 not_found: writ has no `/v1/sessions/` → the API is described at /openapi.json");
        assert_snapshot!(ask(Method::GET, "/%2e%2e/%00%3Cscript%3E").await, @"404 not_found: writ has no `/%2e%2e/%00%3Cscript%3E` → the API is described at /openapi.json");
        assert_snapshot!(ask(Method::DELETE, "/v1/sessions").await, @"405 method_not_allowed: this path does not take that method → the API is described at /openapi.json");
        assert_snapshot!(ask(Method::PATCH, "/sessions").await, @"405 method_not_allowed: this path does not take that method → the API is described at /openapi.json");
        let long = format!("/{}", "x".repeat(5000));
        let answer = writ.anonymous().get(&long).await;
        assert!(answer.status == 404 && answer.body.len() < 400, "{} {}", answer.status, answer.body.len());
    });
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    tested(async |writ, _people| {
        let answer = writ.anonymous().delete("/v1/sessions").await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET,HEAD,POST"));
    });
}

#[test]
fn a_body_over_the_limit_is_413() {
    tested(async |_writ, people| {
        let reason = "x".repeat(257 * 1024);
        let path = "/v1/sessions/ses_00000000000000000000000000/revoke";
        assert_snapshot!(people.ada.post(path, json!({"reason": reason})).await.shown(), @"413 body_too_large: the body is larger than 256 KiB");
    });
}

#[test]
fn every_answer_has_a_request_id_of_its_own_that_nobody_can_choose() {
    tested(async |writ, people| {
        let mut seen = BTreeSet::new();
        let paths = ["/healthz", "/nowhere", "/sign-in", "/sessions", "/v1/whoami", "/v1/messages", "/api/hello"];
        for path in paths {
            for caller in [&people.ada, &writ.anonymous()] {
                let answer = caller.get(path).await;
                let id = answer.header("request-id").to_owned();
                assert!(id.starts_with("req_") && id.len() == 30, "{path}: {id:?}");
                assert!(seen.insert(id), "{path}: an id was used twice");
            }
        }
        let forged = [("request-id", "req_00000000000000000000000000")];
        let answer = send(Method::GET, &format!("{}/healthz", writ.url), &forged, "").await;
        assert_ne!(answer.header("request-id"), forged[0].1);
    });
}

#[test]
fn a_browsers_cookie_is_no_bearer() {
    tested(async |writ, people| {
        let cookie = format!("writ_sign_in={}", people.ada.token.as_ref().unwrap());
        let answer = send(Method::GET, &format!("{}/v1/whoami", writ.url), &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, 401, "{}", answer.text());
    });
}

#[test]
fn every_field_of_every_answer_is_in_the_document() {
    tested(async |_writ, people| {
        let document = people.ada.get("/openapi.json").await.json();
        let session = people.grace.open(json!({"project": "checkout"})).await;
        session.caller.message("hello", false).await;
        let path = format!("/v1/sessions/{}", session.id);
        for (template, path) in [
            ("/v1/whoami", "/v1/whoami".to_owned()),
            ("/v1/developers", "/v1/developers".to_owned()),
            ("/v1/teams", "/v1/teams".to_owned()),
            ("/v1/projects", "/v1/projects".to_owned()),
            ("/v1/sessions", "/v1/sessions".to_owned()),
            ("/v1/sessions/{session}", path.clone()),
            ("/v1/sessions/{session}/calls", format!("{path}/calls")),
            ("/v1/sessions/{session}/entries", format!("{path}/entries")),
            ("/v1/cost", "/v1/cost?by=project".to_owned()),
            ("/v1/log/verify", "/v1/log/verify".to_owned()),
        ] {
            let answer = people.ada.get(&path).await.json();
            let media = &document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"];
            fits(&document, &media["schema"], &answer, template);
        }
    });
}

/// Every key of the value is a property of the schema.
fn fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schemas: Vec<&Value> = resolved(document, schema);
    match value {
        Value::Array(items) => {
            let inner = schemas.iter().find_map(|schema| schema.get("items"));
            let inner = inner.unwrap_or_else(|| panic!("{place} is no list in the document"));
            items.iter().for_each(|item| fits(document, inner, item, place));
        }
        Value::Object(fields) => {
            let open = schemas.iter().all(|schema| schema.get("properties").is_none());
            let additional = schemas.iter().find_map(|schema| schema.get("additionalProperties"));
            for (key, field) in fields {
                let place = format!("{place}.{key}");
                match schemas.iter().find_map(|schema| schema["properties"].get(key)).or(additional) {
                    Some(inner) => fits(document, inner, field, &place),
                    None => assert!(open, "{place} is not in the document"),
                }
            }
        }
        _ => {}
    }
}

/// The schema with its references and alternatives followed.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolved(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    let parts = ["oneOf", "allOf", "anyOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
    let parts: Vec<&Value> = parts.flat_map(|part| resolved(document, part)).collect();
    if parts.is_empty() { vec![schema] } else { parts }
}
