//! Asking for a credential.

use serde::{Deserialize, Serialize};

use super::PublicName;
use super::over::{Issued, check_names};
use crate::broker::Target;
use crate::grant::{self, Grant};
use crate::lock::{Holder, Mode};
use crate::refusal::room_for_one;
use crate::scope::Outside;
use crate::session::Session;
use crate::{
    Actor, CredentialId, Event, Name, NodeId, ProjectId, Refusal, Role, Scope, SessionId, Span, State, TicketId, Time,
    limits, text,
};

/// Ask for a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The new id.
    pub credential: CredentialId,
    /// For which session.
    pub session: SessionId,
    /// Which process will have it made.
    pub node: NodeId,
    /// Which broker.
    pub broker: Name,
    /// Which of its targets.
    pub target: Name,
    /// What of the grant is wanted; what is not mentioned is wanted whole.
    pub scope: Scope,
    /// How long it shall live; none means the target's usual life, as far as the grant goes.
    pub life: Option<Span>,
    /// The key that it is for, where the session brings one.
    pub public_key: Option<String>,
    /// The names it will have elsewhere, for a target that is local.
    pub names: Vec<PublicName>,
}

/// Entry: a credential was decided, and a broker is asked to make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// The new id.
    pub credential: CredentialId,
    /// For which session.
    pub session: SessionId,
    /// The how manieth of that session's, from 1.
    pub sequence: u64,
    /// Which process has it made.
    pub node: NodeId,
    /// For which project.
    pub project: ProjectId,
    /// Which broker.
    pub broker: Name,
    /// Which of its targets.
    pub target: Name,
    /// The profile of the grant; none means the grant of all profiles.
    pub granted_to: Option<Name>,
    /// What it is good for.
    pub scope: Scope,
    /// The key that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The ticket that it rests on, where its grant asks for a lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<TicketId>,
    /// Until when it lives at most.
    pub expires_at: Time,
}

/// Only the session itself asks, and only while it is live and its launcher is heard. What a local target makes is issued
/// at once: nothing can go wrong between the decision and the credential.
pub(crate) fn request(state: &State, by: Actor, command: &Request, now: Time) -> Result<Vec<Event>, Refusal> {
    if by != Actor::Session(command.session) {
        return Err(Refusal::Forbidden { needs: Role::Member.as_str() });
    }
    let session = state.unexpired_session(command.session, now)?;
    if let Some(since) = session.suspect_since {
        return Err(Refusal::SessionSuspect { session: command.session, since });
    }
    check_bounds(state, command, session)?;
    let (grant, target) = find(state, command, session)?;
    let outside = |outside: Outside| Refusal::OutsideGrant {
        broker: command.broker.clone(),
        target: command.target.clone(),
        outside: Box::new(outside),
    };
    let scope = grant.scope.narrowed(&command.scope).map_err(outside)?;
    let expires_at = expiry(command, session, grant, &target, now)?;
    // INVARIANT: a session with a grant has a project.
    let project = session.project.ok_or_else(|| not_granted(state, command, session))?;
    let requested = Requested {
        credential: command.credential,
        session: command.session,
        sequence: session.credentials + 1,
        node: command.node,
        project,
        broker: command.broker.clone(),
        target: command.target.clone(),
        granted_to: grant.profile.clone(),
        scope,
        public_key: command.public_key.clone(),
        lock: lock_of(state, command.session, grant)?,
        expires_at,
    };
    let mut events = vec![Event::CredentialRequested(Box::new(requested))];
    if target.is_local {
        let (credential, session) = (command.credential, command.session);
        events.push(Event::CredentialIssued(Issued { credential, session, names: command.names.clone(), expires_at }));
    }
    Ok(events)
}

fn check_bounds(state: &State, command: &Request, session: &Session) -> Result<(), Refusal> {
    command.scope.check()?;
    check_names(&command.names)?;
    if let Some(key) = &command.public_key {
        text::check_line("the public key", key, limits::PUBLIC_KEY_CHARS_MAX)?;
    }
    if state.credentials.contains_key(&command.credential) {
        return Err(Refusal::IdTaken);
    }
    let (asked, most) = (session.credentials as usize, limits::CREDENTIALS_PER_SESSION_MAX as usize);
    room_for_one("credentials of one session", asked, most)?;
    let alive = state.session_credentials.get(&command.session).map_or(0, std::collections::BTreeSet::len);
    let most = limits::CREDENTIALS_ALIVE_PER_SESSION_MAX;
    room_for_one("credentials of one session that are alive", alive, most)?;
    room_for_one("credentials that are alive", state.credentials.len(), limits::CREDENTIALS_ALIVE_MAX)
}

/// The grant, before anything is said of the broker: who is not granted it learns nothing of it.
fn find<'a>(state: &'a State, command: &Request, session: &Session) -> Result<(&'a Grant, Target), Refusal> {
    let grant = grant::of(state, session.project, &session.profile, &command.broker, &command.target);
    let grant = grant.ok_or_else(|| not_granted(state, command, session))?;
    let target = state.target(&command.broker, &command.target)?;
    if state.broker(&command.broker)?.is_on {
        Ok((grant, target))
    } else {
        Err(Refusal::BrokerOff(command.broker.clone()))
    }
}

/// No live lock, no credential: the newest ticket by which the session may change what the grant names.
fn lock_of(state: &State, session: SessionId, grant: &Grant) -> Result<Option<TicketId>, Refusal> {
    let Some(resource) = &grant.lock else { return Ok(None) };
    let covering = state.locks.covering(Holder::Session(session), resource, Mode::X);
    covering.map(|(ticket, _)| Some(ticket)).ok_or_else(|| Refusal::LockRequired(resource.clone()))
}

fn not_granted(state: &State, command: &Request, session: &Session) -> Refusal {
    let granted = state.grants_of(session.project, &session.profile);
    let granted = granted.iter().map(|grant| format!("{}/{}", grant.broker, grant.target)).collect();
    Refusal::NotGranted { broker: command.broker.clone(), target: command.target.clone(), granted }
}

/// Never beyond the session, unless the target gives no shorter life: then revocation cuts it.
fn expiry(command: &Request, session: &Session, grant: &Grant, target: &Target, now: Time) -> Result<Time, Refusal> {
    let max = grant.life_max.min(target.life_max);
    if let Some(asked) = command.life.filter(|asked| *asked < target.life_min || *asked > max) {
        let (broker, at) = (command.broker.clone(), command.target.clone());
        return Err(Refusal::LifeOutOfBounds { broker, target: at, asked, min: target.life_min, max });
    }
    let life = command.life.unwrap_or(target.life_default.min(max)).max(target.life_min);
    let within_session = (now + life).min(session.expires_at);
    Ok(within_session.max(now + target.life_min))
}
