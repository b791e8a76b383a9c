//! Claims: what a request says about itself. Only the bearer is proof; claims are recorded, and a contradiction is an entry.

use serde::{Deserialize, Serialize};

use crate::{CallId, Event, Refusal, SessionId, State, limits, text};

/// What a model call says about itself, cut to [`limits::CLAIM_CHARS_MAX`] characters each by whoever reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The client's own session id, from its header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_session: Option<String>,
    /// The client's own session id, from the request's `metadata.user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_session: Option<String>,
    /// The sub-agent that calls, from the client's header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The program that calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What contradicts what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mismatch {
    /// The header names another client session than the body.
    HeaderAndMetadataDiffer,
    /// The client session belongs to another live session of writ.
    BelongsToAnotherSession,
}

/// Entry: a session's client named itself for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasClaimed {
    /// Which session.
    pub session: SessionId,
    /// The client's own session id.
    pub client_session: String,
}

/// Entry: a request claimed something that its bearer contradicts. The bearer was believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMismatched {
    /// The session whose bearer came with the request.
    pub session: SessionId,
    /// The call it came with.
    pub call: CallId,
    /// What contradicts what.
    pub mismatch: Mismatch,
    /// What was claimed.
    pub claimed: String,
}

/// Refuses claims that nobody cut to their bound.
pub(crate) fn check_claims(claims: &Claims) -> Result<(), Refusal> {
    for (what, claim) in [
        ("the client's session id", &claims.client_session),
        ("the session id in the metadata", &claims.metadata_session),
        ("the agent id", &claims.agent),
        ("the user agent", &claims.user_agent),
    ] {
        text::check_some(what, claim.as_ref(), limits::CLAIM_CHARS_MAX)?;
    }
    Ok(())
}

/// The entries that a call's claims make, before the call's own. Each new claim is recorded once per session.
pub(crate) fn examine(state: &State, session_id: SessionId, call: CallId, claims: &Claims) -> Vec<Event> {
    let Some(session) = state.sessions.get(&session_id) else {
        return Vec::new();
    };
    let mut events = Vec::new();
    let mut report = |mismatch, claimed: &String| {
        events.push(Event::ClaimMismatched(ClaimMismatched {
            session: session_id,
            call,
            mismatch,
            claimed: claimed.clone(),
        }));
    };
    if let (Some(header), Some(metadata)) = (&claims.client_session, &claims.metadata_session)
        && header != metadata
    {
        report(Mismatch::HeaderAndMetadataDiffer, header);
    }
    // The metadata is harder to forge than the header (measured on the real client), so it wins where both speak.
    let Some(alias) = claims.metadata_session.as_ref().or(claims.client_session.as_ref()) else {
        return events;
    };
    match state.aliases.get(alias) {
        // A sub-agent speaks with the voice of the client it runs in.
        Some(owner) if state.are_family(session_id, *owner) => {}
        Some(_) => report(Mismatch::BelongsToAnotherSession, alias),
        None if session.aliases.len() < limits::ALIASES_PER_SESSION_MAX => {
            events.push(Event::AliasClaimed(AliasClaimed { session: session_id, client_session: alias.clone() }));
        }
        None => {}
    }
    events
}
