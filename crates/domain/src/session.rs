//! Sessions: one run of one agent by one developer for one project. Active or suspect, then over, and over for good.
//!
//! Law "revocation wins": once a session is over, no later event makes it act again. State therefore holds live sessions
//! and those that are over in two maps; an id moves from the first to the second and never back.

mod beat;
mod claims;
mod closed;
mod over;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub(crate) use beat::{lapse, recover};
pub(crate) use claims::{check_claims, examine};
pub(crate) use closed::complete;
pub(crate) use over::{end, over_all_of, revoke};

pub use beat::{Lapse, Recover, Recovered, Suspected};
pub use claims::{AliasClaimed, ClaimMismatched, Claims, Mismatch};
pub use closed::Closed;
pub use over::{End, Ending, How, Over, Past, Revoke};

use crate::refusal::room_for_one;
use crate::{
    Actor, DeveloperId, Digest, Event, Name, ProjectId, Refusal, Role, SessionId, Span, State, TeamId, Time, Usd,
    limits, project, text,
};

/// What state keeps of a live session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The session this one was opened from.
    pub parent: Option<SessionId>,
    /// The sub-agent inside the parent's client that it stands for: a claim, by the client's own id of it.
    #[serde(default)]
    pub agent: Option<String>,
    /// The human it acts for.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed.
    pub project: Option<ProjectId>,
    /// The team through which the developer works on the project.
    pub team: Option<TeamId>,
    /// Name of the permission profile.
    pub profile: Name,
    /// Digest of the session's token.
    pub token: Digest,
    /// When it was opened.
    pub opened_at: Time,
    /// When it expires by itself.
    pub expires_at: Time,
    /// Whether a launcher beats for it; without one only the expiry ends it.
    pub beats: bool,
    /// Since when it is suspect, if it is.
    pub suspect_since: Option<Time>,
    /// The most this session and its descendants may spend.
    pub budget: Option<Usd>,
    /// Settled so far, descendants included.
    pub spent: Usd,
    /// Held by calls in flight, descendants included.
    pub held: Usd,
    /// Calls in flight, its own only.
    pub calls_open: usize,
    /// Client session ids it has claimed.
    pub aliases: BTreeSet<String>,
    /// Artifacts it has recorded.
    pub artifacts: usize,
    /// Certificates issued to it.
    pub certificates: usize,
    /// Credentials it has asked for.
    pub credentials: u64,
}

/// Open a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The new id.
    pub session: SessionId,
    /// The session it is opened from, for sub-agents.
    pub parent: Option<SessionId>,
    /// The sub-agent inside the parent's client that it stands for, if it does: its calls come with the parent's bearer.
    pub agent: Option<String>,
    /// The human it acts for.
    pub developer: DeveloperId,
    /// What the work is for.
    pub project: Option<ProjectId>,
    /// Name of the permission profile.
    pub profile: Name,
    /// Digest of the session's token.
    pub token: Digest,
    /// How long it lives at most.
    pub ttl: Span,
    /// Whether a launcher beats for it.
    pub beats: bool,
    /// The most it may spend.
    pub budget: Option<Usd>,
}

/// Entry: a session began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The new id.
    pub session: SessionId,
    /// The session it was opened from.
    pub parent: Option<SessionId>,
    /// The sub-agent inside the parent's client that it stands for (a claim).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The human it acts for.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed.
    pub project: Option<ProjectId>,
    /// The team through which the developer works on the project.
    pub team: Option<TeamId>,
    /// Name of the permission profile.
    pub profile: Name,
    /// Digest of the session's token.
    pub token: Digest,
    /// When it expires by itself.
    pub expires_at: Time,
    /// Whether a launcher beats for it.
    pub beats: bool,
    /// The most it may spend, in nano-dollars.
    pub budget: Option<Usd>,
}

pub(crate) fn open(state: &State, by: Actor, command: &Open, now: Time) -> Result<Vec<Event>, Refusal> {
    check_opener(state, by, command, now)?;
    if let Some(agent) = &command.agent
        && is_open(state, command.parent, agent)?
    {
        return Ok(Vec::new());
    }
    check_bounds(state, command)?;
    let team = match command.project {
        Some(id) => team_for(state, command.developer, id)?,
        None => None,
    };
    let mut expires_at = now + command.ttl;
    if let Some(parent) = command.parent {
        let parent = state.live_session(parent)?;
        expires_at = expires_at.min(parent.expires_at);
    }
    Ok(vec![Event::SessionOpened(Box::new(Opened {
        session: command.session,
        parent: command.parent,
        agent: command.agent.clone(),
        developer: command.developer,
        project: command.project,
        team,
        profile: command.profile.clone(),
        token: command.token,
        expires_at,
        beats: command.beats,
        budget: command.budget,
    }))])
}

/// Whether a sub-agent has its session already; once that is over, it gets no other.
fn is_open(state: &State, parent: Option<SessionId>, agent: &String) -> Result<bool, Refusal> {
    text::check("the agent id", agent, limits::CLAIM_CHARS_MAX)?;
    let Some(parent) = parent else {
        return Err(Refusal::Forbidden { needs: Role::Member.as_str() });
    };
    let Some(agents) = state.agents.get(&parent) else { return Ok(false) };
    match agents.get(agent) {
        Some(child) => state.live_session(*child).map(|_| true),
        None => room_for_one("sub-agents of one session", agents.len(), limits::AGENTS_PER_SESSION_MAX).map(|()| false),
    }
}

/// Only the human opens a root session; only a live session opens its child, for the same human and project.
fn check_opener(state: &State, by: Actor, command: &Open, now: Time) -> Result<(), Refusal> {
    let developer = state.developer(command.developer)?;
    if developer.disabled {
        return Err(Refusal::DeveloperDisabled(command.developer));
    }
    let Some(parent_id) = command.parent else {
        let is_self = by == Actor::Developer(command.developer);
        let may = developer.roles.contains(&Role::Member) || developer.roles.contains(&Role::Admin);
        return if is_self && may { Ok(()) } else { Err(Refusal::Forbidden { needs: Role::Member.as_str() }) };
    };
    let parent = state.unexpired_session(parent_id, now)?;
    if let Some(since) = parent.suspect_since {
        return Err(Refusal::SessionSuspect { session: parent_id, since });
    }
    let same_work = parent.developer == command.developer && parent.project == command.project;
    if by == Actor::Session(parent_id) && same_work {
        Ok(())
    } else {
        Err(Refusal::Forbidden { needs: Role::Member.as_str() })
    }
}

fn check_bounds(state: &State, command: &Open) -> Result<(), Refusal> {
    let (min, max) = (limits::SESSION_TTL_MIN, limits::SESSION_TTL_MAX);
    if command.ttl < min || command.ttl > max {
        return Err(Refusal::TtlOutOfBounds { asked: command.ttl, min, max });
    }
    if let Some(budget) = command.budget {
        check_amount(budget)?;
    }
    let id_used = state.sessions.contains_key(&command.session) || state.past.contains_key(&command.session);
    if id_used || state.session_tokens.contains_key(&command.token) {
        return Err(Refusal::IdTaken);
    }
    room_for_one("live sessions", state.sessions.len(), limits::SESSIONS_LIVE_MAX)?;
    let of_developer = state.sessions.values().filter(|live| live.developer == command.developer).count();
    room_for_one("live sessions of one developer", of_developer, limits::SESSIONS_LIVE_PER_DEVELOPER_MAX)?;
    let Some(parent) = command.parent else {
        return Ok(());
    };
    let ancestors = state.lineage(parent);
    room_for_one("levels of child sessions", ancestors.len(), limits::SESSION_DEPTH_MAX)?;
    let root = ancestors.last().copied().unwrap_or(parent);
    room_for_one("live descendants", state.descendants(root).len(), limits::SESSION_DESCENDANTS_MAX)
}

fn team_for(state: &State, developer: DeveloperId, id: ProjectId) -> Result<Option<TeamId>, Refusal> {
    let project = state.projects.get(&id).ok_or(Refusal::ProjectUnknown(id))?;
    let team = project::team_for(state, developer, project);
    let is_admin = state.developer(developer)?.roles.contains(&Role::Admin);
    if team.is_none() && !is_admin {
        return Err(Refusal::ProjectForbidden { developer, project: id });
    }
    Ok(team)
}

/// Refuses an amount that an entry cannot carry.
pub(crate) fn check_amount(amount: Usd) -> Result<(), Refusal> {
    if (0..=limits::ENTRY_USD_NANOS_MAX).contains(&amount.nanos()) {
        return Ok(());
    }
    Err(Refusal::AmountOutOfBounds { max: Usd::from_nanos(limits::ENTRY_USD_NANOS_MAX) })
}
