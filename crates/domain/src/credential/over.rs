//! What becomes of a credential: made or not, due, not to be ended, over.

use serde::{Deserialize, Serialize};

use super::PublicName;
use crate::{Actor, CredentialId, Event, Refusal, Role, SessionId, State, Time, limits, text};

/// Record what became of asking a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordMint {
    /// Which credential.
    pub credential: CredentialId,
    /// What became of it.
    pub result: MintResult,
}

/// What became of asking a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MintResult {
    /// It was made. Its sealed handle is a row that comes with the entry.
    Made {
        /// The names it has elsewhere.
        names: Vec<PublicName>,
        /// When it stops working by itself.
        expires_at: Time,
    },
    /// It certainly was not made.
    NotMade {
        /// Why.
        reason: String,
    },
}

/// Ask that a credential be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    /// Which one.
    pub credential: CredentialId,
    /// Why.
    pub reason: String,
}

/// Note that a credential that is due cannot be ended, so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteStalled {
    /// Which one.
    pub credential: CredentialId,
    /// How often it was tried.
    pub attempts: u64,
    /// What stands in the way.
    pub reason: String,
}

/// Note that a credential is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// Which one.
    pub credential: CredentialId,
    /// How it came about.
    pub how: How,
}

/// How a credential came to be dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// Its broker ended it at its target.
    Revoked {
        /// How often that was tried.
        attempts: u64,
    },
    /// Its time was up.
    Expired,
    /// It was never made.
    NotMade {
        /// Why.
        reason: String,
    },
}

/// Entry: a credential was made, and may leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Which one.
    pub credential: CredentialId,
    /// For which session.
    pub session: SessionId,
    /// The names it has elsewhere.
    pub names: Vec<PublicName>,
    /// When it stops working by itself.
    pub expires_at: Time,
}

/// Entry: somebody asked that a credential be revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationAsked {
    /// Which one.
    pub credential: CredentialId,
    /// Of which session.
    pub session: SessionId,
    /// Why.
    pub reason: String,
}

/// Entry, an alarm: a credential that is due could not be ended, so far. Written once for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stalled {
    /// Which one.
    pub credential: CredentialId,
    /// Of which session.
    pub session: SessionId,
    /// How often it was tried.
    pub attempts: u64,
    /// What stands in the way.
    pub reason: String,
    /// Until when it lives if nobody ends it.
    pub lives_until: Time,
}

/// Entry: a credential is dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// Which one.
    pub credential: CredentialId,
    /// Of which session.
    pub session: SessionId,
    /// How it came about.
    #[serde(flatten)]
    pub how: How,
}

pub(super) fn check_names(names: &[PublicName]) -> Result<(), Refusal> {
    if names.len() > limits::CREDENTIAL_NAMES_MAX {
        return Err(Refusal::LimitReached { what: "names of a credential", max: limits::CREDENTIAL_NAMES_MAX });
    }
    let check = |name: &PublicName| text::check_line("a credential's name", &name.value, limits::ARTIFACT_CHARS_MAX);
    names.iter().try_for_each(check)
}

fn find(state: &State, id: CredentialId) -> Result<&super::Credential, Refusal> {
    state.credentials.get(&id).ok_or(Refusal::CredentialUnknown(id))
}

fn require_system(by: Actor) -> Result<(), Refusal> {
    if by == Actor::System { Ok(()) } else { Err(Refusal::Forbidden { needs: Role::Admin.as_str() }) }
}

/// What was made is recorded even when its session is over by now: else nobody would end it.
pub(crate) fn record_mint(state: &State, by: Actor, command: &RecordMint) -> Result<Vec<Event>, Refusal> {
    require_system(by)?;
    let credential = find(state, command.credential)?;
    let (id, session) = (command.credential, credential.session);
    match &command.result {
        MintResult::Made { .. } if credential.is_issued => Ok(Vec::new()),
        MintResult::Made { names, expires_at } => {
            check_names(names)?;
            let issued = Issued { credential: id, session, names: names.clone(), expires_at: *expires_at };
            Ok(vec![Event::CredentialIssued(issued)])
        }
        // Somebody else says that it was made: that counts.
        MintResult::NotMade { .. } if credential.is_issued => Ok(Vec::new()),
        MintResult::NotMade { reason } => {
            text::check_reason(reason)?;
            let how = How::NotMade { reason: reason.clone() };
            Ok(vec![Event::CredentialOver(Over { credential: id, session, how })])
        }
    }
}

/// The session may give back what it has; its owner and administrators may take it away.
pub(crate) fn ask_revocation(state: &State, by: Actor, command: &Revoke) -> Result<Vec<Event>, Refusal> {
    let credential = find(state, command.credential)?;
    text::check_reason(&command.reason)?;
    let owner = state.sessions.get(&credential.session).map(|session| session.developer);
    let owner = owner.or_else(|| state.past.get(&credential.session).map(|past| past.developer));
    let is_theirs = by == Actor::Session(credential.session) || owner.is_some_and(|id| by == Actor::Developer(id));
    if !is_theirs {
        state.require(by, Role::Admin)?;
    }
    if credential.due.is_some() {
        return Ok(Vec::new());
    }
    let (session, reason) = (credential.session, command.reason.clone());
    Ok(vec![Event::RevocationAsked(RevocationAsked { credential: command.credential, session, reason })])
}

pub(crate) fn note_stalled(state: &State, by: Actor, command: &NoteStalled) -> Result<Vec<Event>, Refusal> {
    require_system(by)?;
    let credential = find(state, command.credential)?;
    text::check_reason(&command.reason)?;
    if credential.is_stalled {
        return Ok(Vec::new());
    }
    Ok(vec![Event::CredentialStalled(Stalled {
        credential: command.credential,
        session: credential.session,
        attempts: command.attempts,
        reason: command.reason.clone(),
        lives_until: credential.expires_at,
    })])
}

pub(crate) fn finish(state: &State, by: Actor, command: &Finish, now: Time) -> Result<Vec<Event>, Refusal> {
    require_system(by)?;
    let credential = find(state, command.credential)?;
    let too_early = match &command.how {
        How::Expired => now < credential.expires_at,
        How::Revoked { .. } => credential.due.is_none(),
        How::NotMade { reason } => {
            text::check_reason(reason)?;
            credential.is_issued
        }
    };
    if too_early {
        return Err(Refusal::CredentialAlive(command.credential));
    }
    let over = Over { credential: command.credential, session: credential.session, how: command.how.clone() };
    Ok(vec![Event::CredentialOver(over)])
}
