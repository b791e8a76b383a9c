//! What a request says about itself, cut to its bounds. Strangers' text: recorded, never believed.

use domain::limits::CLAIM_CHARS_MAX;
use domain::session::Claims;
use http::header::{HeaderMap, USER_AGENT};
use metering::RequestFacts;

/// The claims of one model call.
pub(crate) fn claims(headers: &HeaderMap, facts: &RequestFacts) -> Claims {
    Claims {
        client_session: header(headers, "x-claude-code-session-id"),
        metadata_session: facts.metadata_session_id.as_deref().and_then(clean),
        agent: agent(headers),
        user_agent: header(headers, USER_AGENT.as_str()),
    }
}

/// The sub-agent inside the client that makes the call, if it says so.
pub(crate) fn agent(headers: &HeaderMap) -> Option<String> {
    header(headers, "x-claude-code-agent-id")
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    clean(&String::from_utf8_lossy(headers.get(name)?.as_bytes()))
}

/// Without control characters, at most [`CLAIM_CHARS_MAX`] characters; nothing if nothing is left.
fn clean(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(CLAIM_CHARS_MAX).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests;
