//! Copies of the log in other systems: nothing is lost, the order is kept, and what comes twice has the same id.

mod otlp;
mod printed;
mod streams;
mod two_nodes;
mod webhooks;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Caller, Writ, until};

/// The state of an export.
async fn export(caller: &Caller, name: &str) -> Value {
    let answer = caller.get("/v1/exports").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let exports = answer.json()["exports"].as_array().unwrap().clone();
    exports.into_iter().find(|export| export["name"] == name).unwrap_or_else(|| panic!("no export {name}"))
}

/// Waits until an export has passed the whole log.
async fn passed_all(caller: &Caller, name: &str) -> Value {
    until(&format!("export {name} to pass the log"), || async {
        let export = export(caller, name).await;
        (export["lag"] == 0 && !export["next"].is_null()).then_some(export)
    })
    .await
}

/// The whole log as events of a format, from the API.
async fn events(caller: &Caller, format: &str) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), String::new());
    loop {
        let answer = caller.get(&format!("/v1/log/events?format={format}{after}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let Some(last) = page.last() else { return events };
        after = format!("&after={}", position(last));
        events.extend(page);
    }
}

/// Where an event stands in the log, in either shape.
fn position(event: &Value) -> u64 {
    let ocsf = event["metadata"]["sequence"].as_u64();
    ocsf.unwrap_or_else(|| event["sequence"].as_str().unwrap().parse().unwrap())
}

/// Asserts that these are the first entries of the log, none left out, in order; what came twice came alike.
fn assert_complete(events: &[Value], entries: u64) {
    let mut first: BTreeMap<u64, &Value> = BTreeMap::new();
    for event in events {
        let before = first.insert(position(event), event);
        assert!(before.is_none_or(|before| before == event), "the same place, another content: {event}");
    }
    let positions: Vec<_> = first.keys().copied().collect();
    assert_eq!(positions, (0..entries).collect::<Vec<_>>());
    let mut newest = None;
    for position in events.iter().map(position) {
        assert!(newest.is_none_or(|newest| position <= newest + 1), "{position} came before one below it");
        newest = newest.max(Some(position));
    }
}

/// Some entries of several kinds.
async fn work(caller: &Caller) {
    let session = caller.open(json!({"project": "checkout"})).await;
    assert_eq!(session.caller.message("hello", false).await.status, 200);
    caller.settled(&session.id, 1).await;
    let ended = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({"exit_code": 0})).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
}

/// How many entries the log has.
async fn entries(writ: &Writ, caller: &Caller) -> u64 {
    let verified = caller.at(&writ.url).get("/v1/log/verify").await.json();
    assert_eq!(verified["verified"], true, "{verified}");
    verified["entries"].as_u64().unwrap()
}
