//! OpenTelemetry logs, as a collector takes them.

use serde_json::{Value, json};

use super::{entries, events, passed_all, work};
use crate::support::receiver::{Post, Receiver, Reply};
use crate::support::{Writ, WritOptions, run};

async fn start(receiver: &Receiver, more: &str) -> Writ {
    let url = receiver.url("/v1/logs");
    let tables = format!("[[exports]]\nname = \"otel\"\nkind = \"otlp\"\nurl = \"{url}\"\n{more}\n");
    Writ::start_with(WritOptions { tables, ..WritOptions::default() }).await
}

fn records(posts: &[Post]) -> Vec<Value> {
    let of = |post: &Post| post.json()["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap().clone();
    posts.iter().flat_map(of).collect()
}

fn attribute<'a>(of: &'a Value, key: &str) -> &'a Value {
    let attributes = of["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    let value = &found.unwrap_or_else(|| panic!("no {key} in {of}"))["value"];
    value.get("stringValue").or_else(|| value.get("intValue")).unwrap()
}

#[test]
fn a_collector_gets_every_entry_as_a_log_record() {
    run(async {
        let receiver =
            Receiver::start(|number, _| if number == 0 { Reply::Status(503) } else { Reply::Say("{}") }).await;
        let folder = crate::support::leaks::folder();
        std::fs::write(folder.path().join("token"), "collector-token").unwrap();
        let secret = format!("secret_file = \"{}\"", folder.path().join("token").display());
        let writ = start(&receiver, &secret).await;
        let people = writ.people().await;
        work(&people.grace).await;
        passed_all(&people.ada, "otel").await;
        for post in receiver.posts() {
            assert_eq!((post.path.as_str(), post.header("content-type")), ("/v1/logs", "application/json"));
            assert_eq!(post.header("authorization"), "Bearer collector-token");
            let resource = &post.json()["resourceLogs"][0]["resource"];
            assert_eq!(attribute(resource, "service.name"), "writ");
        }
        let records = records(&receiver.taken());
        let log = events(&people.ada, "cloudevents").await;
        assert_eq!(records.len() as u64, entries(&writ, &people.ada).await);
        for (record, event) in records.iter().zip(&log) {
            let entry: Value = serde_json::from_str(record["body"]["stringValue"].as_str().unwrap()).unwrap();
            assert_eq!(entry, event["data"]);
            assert_eq!(attribute(record, "writ.log.leaf"), &event["leaf"]);
            assert_eq!(record["eventName"], format!("writ.{}", entry["type"].as_str().unwrap()));
            assert_eq!(record["timeUnixNano"], format!("{}000000", entry["time"]));
            if let Some(session) = event.get("subject") {
                assert_eq!(attribute(record, "writ.session.id"), session);
                assert_eq!(attribute(record, "writ.developer.id"), &event["developer"]);
            }
        }
        let positions: Vec<_> = records.iter().map(|record| attribute(record, "writ.log.position").clone()).collect();
        let expected: Vec<_> = (0..records.len()).map(|position| json!(position.to_string())).collect();
        assert_eq!(positions, expected);
    });
}

/// The protocol forbids to send a request again that was taken in part, and does not say which part.
#[test]
fn what_a_collector_rejects_of_a_request_is_listed_and_not_sent_again() {
    run(async {
        let partial = r#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}"#;
        let receiver =
            Receiver::start(move |number, _| if number == 0 { Reply::Say(partial) } else { Reply::Say("{}") }).await;
        let writ = start(&receiver, "").await;
        let people = writ.people().await;
        let state = passed_all(&people.ada, "otel").await;
        let first = records(&receiver.posts()[..1]).len() as u64;
        assert_eq!(state["dead"].as_u64(), Some(first), "{state}");
        let dead = people.ada.get("/v1/exports/otel/dead").await.json();
        assert_eq!(dead["dead"][0]["error"], "the collector rejected 1 of the records");
        assert_eq!(records(&receiver.posts()).len() as u64, entries(&writ, &people.ada).await);
    });
}
