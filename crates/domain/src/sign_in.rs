//! Sign-ins: a developer on one machine or browser, held by a token until it expires or is ended.

use serde::{Deserialize, Serialize};

use crate::{Actor, DeveloperId, Digest, Event, Refusal, Role, SignInId, State, Time, limits};

/// What state keeps of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who signed in.
    pub developer: DeveloperId,
    /// Digest of the token.
    pub token: Digest,
    /// When it ends by itself.
    pub expires_at: Time,
}

/// Start a sign-in. The caller has verified who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The new id.
    pub sign_in: SignInId,
    /// Who.
    pub developer: DeveloperId,
    /// Digest of the token.
    pub token: Digest,
}

/// End a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOut {
    /// Which one.
    pub sign_in: SignInId,
}

/// Entry: a developer signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The new id.
    pub sign_in: SignInId,
    /// Who.
    pub developer: DeveloperId,
    /// Digest of the token.
    pub token: Digest,
    /// When it ends by itself.
    pub expires_at: Time,
}

/// Entry: a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Which one.
    pub sign_in: SignInId,
}

pub(crate) fn sign_in(state: &State, command: &SignIn, now: Time) -> Result<Vec<Event>, Refusal> {
    let developer = state.developer(command.developer)?;
    if developer.disabled {
        return Err(Refusal::DeveloperDisabled(command.developer));
    }
    let id_used = state.sign_ins.contains_key(&command.sign_in) || state.sign_ins_over.contains(&command.sign_in);
    if id_used || state.sign_in_tokens.contains_key(&command.token) {
        return Err(Refusal::IdTaken);
    }
    let mut held: Vec<_> = of(state, command.developer).collect();
    held.sort_unstable_by_key(|&id| state.sign_ins.get(&id).map(|held| (held.expires_at, id)));
    let surplus = (held.len() + 1).saturating_sub(limits::SIGN_INS_PER_DEVELOPER_MAX);
    let mut events: Vec<_> = held.into_iter().take(surplus).map(ended).collect();
    events.push(Event::SignInStarted(Started {
        sign_in: command.sign_in,
        developer: command.developer,
        token: command.token,
        expires_at: now + limits::SIGN_IN_TTL,
    }));
    Ok(events)
}

pub(crate) fn sign_out(state: &State, by: Actor, command: &SignOut) -> Result<Vec<Event>, Refusal> {
    let held = state.sign_ins.get(&command.sign_in).ok_or(Refusal::SignInUnknown)?;
    if by != Actor::Developer(held.developer) {
        state.require(by, Role::Admin)?;
    }
    Ok(vec![ended(command.sign_in)])
}

/// Ends every sign-in of a developer.
pub(crate) fn end_all(state: &State, developer: DeveloperId) -> Vec<Event> {
    of(state, developer).map(ended).collect()
}

fn of(state: &State, developer: DeveloperId) -> impl Iterator<Item = SignInId> {
    state.sign_ins.iter().filter(move |(_, held)| held.developer == developer).map(|(id, _)| *id)
}

fn ended(sign_in: SignInId) -> Event {
    Event::SignInEnded(Ended { sign_in })
}
