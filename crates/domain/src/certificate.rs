//! Certificates that writ issues to sessions: recorded before they are handed out, never beyond the session's own expiry.

use serde::{Deserialize, Serialize};

use crate::{Actor, Event, Refusal, Role, SessionId, State, Time, limits, text};

/// What a certificate is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Signing git commits and tags (an OpenSSH user certificate for the namespace `git`).
    GitSigning,
}

/// Issue a certificate to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// To which session.
    pub session: SessionId,
    /// Its serial number, made before: below 2⁵³, so that canonical JSON carries it exactly.
    pub serial: u64,
    /// What it is good for.
    pub purpose: Purpose,
    /// Fingerprint of the certified key, as `SHA256:…`; at most [`limits::LABEL_CHARS_MAX`] characters.
    pub key: String,
    /// Until when it is asked for.
    pub valid_until: Time,
}

/// Entry: a certificate was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// To which session.
    pub session: SessionId,
    /// Its serial number.
    pub serial: u64,
    /// What it is good for.
    pub purpose: Purpose,
    /// Fingerprint of the certified key.
    pub key: String,
    /// Until when it counts: never after the session expires.
    pub valid_until: Time,
}

/// Only the session itself asks, and only while it is live and its launcher is heard.
pub(crate) fn issue(state: &State, by: Actor, command: &Issue, now: Time) -> Result<Vec<Event>, Refusal> {
    if by != Actor::Session(command.session) {
        return Err(Refusal::Forbidden { needs: Role::Member.as_str() });
    }
    text::check("the key's fingerprint", &command.key, limits::LABEL_CHARS_MAX)?;
    let session = state.unexpired_session(command.session, now)?;
    if let Some(since) = session.suspect_since {
        return Err(Refusal::SessionSuspect { session: command.session, since });
    }
    if command.serial > limits::ENTRY_COUNT_MAX {
        return Err(Refusal::LimitReached { what: "as a serial number", max: limits::ENTRY_COUNT_MAX as usize });
    }
    if session.certificates >= limits::CERTIFICATES_PER_SESSION_MAX {
        let max = limits::CERTIFICATES_PER_SESSION_MAX;
        return Err(Refusal::LimitReached { what: "certificates of one session", max });
    }
    Ok(vec![Event::CertificateIssued(Issued {
        session: command.session,
        serial: command.serial,
        purpose: command.purpose,
        key: command.key.clone(),
        valid_until: command.valid_until.min(session.expires_at),
    })])
}
