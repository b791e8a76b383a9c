//! Agent Trace 0.1.0 (github.com/cursor/agent-trace, a request for comments): one record per commit.

use domain::Digest;
use serde_json::{Value, json};

use super::Made;

/// The record of a commit. Which model wrote a line is not said: a session may use several, and writ's cost report has them.
pub(super) fn record(made: &Made) -> Value {
    let files: Vec<Value> = made
        .files
        .iter()
        .map(|file| {
            let ranges = file.ranges.iter().map(|(start, end)| json!({ "start_line": start, "end_line": end }));
            let conversation = json!({
                "url": made.url,
                "contributor": { "type": "ai" },
                "ranges": ranges.collect::<Vec<_>>(),
                "related": [{ "type": "session", "url": made.url }],
            });
            json!({ "path": file.path, "conversations": [conversation] })
        })
        .collect();
    json!({
        "version": "0.1.0",
        "id": uuid(made),
        "timestamp": made.commit.date,
        "vcs": { "type": "git", "revision": made.commit.id },
        "tool": { "name": "writ", "version": env!("CARGO_PKG_VERSION") },
        "files": files,
        "metadata": {
            "dev.writ": {
                "session.id": made.session,
                "developer": made.developer,
                "proof": if made.serial.is_some() { "signature" } else { "trailer" },
                "certificate.serial": made.serial,
            },
        },
    })
}

/// The same for the same commit and session (RFC 9562, version 8), so that a repeated export changes nothing.
fn uuid(made: &Made) -> String {
    let digest = Digest::of(format!("{} {}", made.commit.id, made.session).as_bytes()).to_string();
    let variant = match digest.as_bytes()[16] {
        b'0'..=b'3' => '8',
        b'4'..=b'7' => '9',
        b'8' | b'9' | b'a' | b'b' => 'a',
        _ => 'b',
    };
    format!("{}-{}-8{}-{variant}{}-{}", &digest[..8], &digest[8..12], &digest[13..16], &digest[17..20], &digest[20..32])
}
