//! What a request says about itself, cut to its bounds. Strangers' text: recorded, never believed.

use domain::limits::CLAIM_CHARS_MAX;
use domain::session::Claims;
use http::header::{HeaderMap, USER_AGENT};
use metering::RequestFacts;

/// The claims of one model call.
pub(crate) fn claims(headers: &HeaderMap, facts: &RequestFacts) -> Claims {
    let header = |name: &str| {
        let value = headers.get(name)?;
        clean(&String::from_utf8_lossy(value.as_bytes()))
    };
    Claims {
        client_session: header("x-claude-code-session-id"),
        metadata_session: facts.metadata_session_id.as_deref().and_then(clean),
        agent: header("x-claude-code-agent-id"),
        user_agent: header(USER_AGENT.as_str()),
    }
}

/// Without control characters, at most [`CLAIM_CHARS_MAX`] characters; nothing if nothing is left.
fn clean(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(CLAIM_CHARS_MAX).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests;
