//! Following locks and writes.

use serde_json::{Value, json};

use super::{held, path, session, two, want};
use crate::routes::tested;
use crate::support::http::{Streaming, stream};
use crate::support::{Caller, within};

const FILE: &str = "path:github.com/acme/api//config/pool.toml";

/// A stream of events that somebody reads.
struct Events {
    stream: Streaming,
    text: String,
}

/// One event.
#[derive(Debug)]
struct Event {
    name: String,
    id: Option<u64>,
    data: Value,
}

impl Events {
    async fn open(by: &Caller, query: &str, last: Option<u64>) -> Self {
        let bearer = format!("Bearer {}", by.token.as_deref().unwrap());
        let last = last.map(|last| last.to_string());
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(last.as_deref().map(|last| ("last-event-id", last)));
        let url = format!("{}/v1/locks/events{query}", by.url);
        let stream = within("a stream", stream(http::Method::GET, &url, &headers, "")).await.unwrap();
        assert_eq!((stream.status.as_u16(), stream.header("content-type")), (200, "text/event-stream"));
        Self { stream, text: String::new() }
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.map(str::to_owned)
                };
                let (name, id, data) = (field("event"), field("id"), field("data"));
                self.text = rest.to_owned();
                if let (Some(name), Some(data)) = (name, data) {
                    let id = id.map(|id| id.parse().unwrap());
                    return Event { name, id, data: serde_json::from_str(&data).unwrap() };
                }
                continue;
            }
            let piece = within("an event", self.stream.next()).await.expect("the stream ended").unwrap();
            self.text.push_str(str::from_utf8(&piece).unwrap());
        }
    }

    /// The types of the next events.
    async fn types(&mut self, count: usize) -> Vec<String> {
        let mut types = Vec::new();
        for _ in 0..count {
            types.push(self.next().await.data["type"].as_str().unwrap().to_owned());
        }
        types
    }
}

#[test]
fn told_as_it_happens_and_again_from_the_log() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let mut live = Events::open(&people.grace, "", None).await;
        let first = held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true, "intent": "deploy"});
        let waiting = two.caller.post("/v1/locks", asked).await.json();
        one.caller.delete(&path(&first)).await;
        two.caller.get(&path(&waiting)).await;
        two.caller.post(&format!("/v1/sessions/{}/end", two.id), json!({})).await;
        let expected =
            ["lock.granted", "lock.queued", "lock.released", "lock.offered", "lock.granted", "lock.session_over"];
        let granted = live.next().await;
        assert_eq!((granted.name.as_str(), granted.id), ("lock", first["token"].as_u64()));
        assert_eq!((&granted.data["token"], &granted.data["ticket"]), (&first["token"], &first["ticket"]));
        assert_eq!(granted.data["holder"]["developer.name"], "ada");
        assert_eq!(live.types(5).await, expected[1..]);
        // Whoever comes back after the first is told the rest, and nothing of what came before.
        let mut later = Events::open(&people.grace, "", granted.id).await;
        let queued = later.next().await;
        assert_eq!((&queued.data["type"], &queued.data["intent"]), (&json!("lock.queued"), &json!("deploy")));
        let released = later.next().await;
        assert_eq!(released.data["wants"], json!([{"resource": "env:prod", "mode": "X"}]), "known from its row");
        assert_eq!(later.types(3).await, expected[3..]);
    });
}

#[test]
fn only_of_what_overlaps_and_with_writes_and_freezes() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let mut live = Events::open(&one.caller, "?resource=path:github.com/acme/api//config", None).await;
        held(&one, "env:prod").await;
        let write = async |by: &crate::support::Opened, before: &str, after: &str| {
            let sha = |text: &str| format!("sha256:{}", domain::Digest::of(text.as_bytes()));
            let write = json!({"resource": FILE, "before": sha(before), "after": sha(after)});
            by.caller.post("/v1/writes", json!({"writes": [write], "intent": "tune"})).await
        };
        write(&one, "a", "b").await;
        write(&two, "b", "a").await;
        let thaw = format!("/v1/freezes?resource={FILE}&reason=b%20it%20is");
        people.ada.delete(&thaw).await;
        let written = live.next().await;
        assert_eq!(written.name, "write", "not the lock on env:prod");
        assert_eq!((&written.data["resource"], &written.data["developer.name"]), (&json!(FILE), &json!("ada")));
        assert_eq!(live.next().await.data["developer.name"], "grace");
        let frozen = live.next().await;
        assert_eq!((frozen.name.as_str(), &frozen.data["why"]), ("freeze", &json!("reverted")));
        let thawed = live.next().await;
        assert_eq!((thawed.name.as_str(), &thawed.data["reason"]), ("thaw", &json!("b it is")));
    });
}

#[test]
fn it_ends_with_the_session() {
    tested(async |_writ, people| {
        let one = session(&people.ada).await;
        let mut live = Events::open(&one.caller, "", None).await;
        held(&one, "env:prod").await;
        assert_eq!(live.types(1).await, ["lock.granted"]);
        one.caller.post(&format!("/v1/sessions/{}/end", one.id), json!({})).await;
        assert_eq!(live.types(1).await, ["lock.session_over"]);
        assert!(within("the end", live.stream.next()).await.is_none());
    });
}
