//! CloudEvents 1.0 in the JSON format (github.com/cloudevents/spec, v1.0.2): one event for each entry.
//!
//! `data` is the entry itself. Written as canonical JSON (RFC 8785) it has the bytes that the attribute `leaf` is the
//! hash of, so a receiver can check its copy against the log.

use serde_json::{Map, Value, json};

use super::Line;
use crate::text;

/// Media type of one event (JSON format, section 3).
pub const ONE: &str = "application/cloudevents+json";
/// Media type of several events (JSON batch format, section 4).
pub const BATCH: &str = "application/cloudevents-batch+json";

/// The event of an entry.
pub fn event(origin: &str, line: &Line) -> Value {
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("specversion", "1.0".into());
    put("id", line.id(origin).into());
    put("source", format!("//{origin}").into());
    put("type", kind(line.kind()).into());
    put("time", text::rfc3339(line.entry.time).into());
    put("datacontenttype", "application/json".into());
    // Extension attributes: names of lower-case letters only, values without a 32-bit integer's bound.
    put("sequence", format!("{:020}", line.position).into());
    put("leaf", line.leaf.to_string().into());
    if let Some(session) = line.session() {
        put("subject", session.to_string().into());
    }
    if let Some(owner) = line.owner {
        put("developer", owner.developer.to_string().into());
        owner.project.map(|project| put("project", project.to_string().into()));
    }
    put("data", line.json.clone());
    Value::Object(event)
}

/// Several events at once.
pub fn batch(origin: &str, lines: &[Line]) -> Value {
    json!(lines.iter().map(|line| event(origin, line)).collect::<Vec<_>>())
}

/// `call.reserved` → `dev.writ.call.reserved.v1`. The version is that of this shape, not the entry's own.
fn kind(entry_type: &str) -> String {
    format!("dev.writ.{entry_type}.v1")
}
