//! Sessions: open, beat, end, revoke, look.

use std::sync::PoisonError;

use brokers::WritClaims;
use domain::session::{End, Open, Recover, Revoke, Session};
use domain::{
    Actor, Command, DeveloperId, Event, Name, ProjectId, Refusal, SessionId, Span, Time, Token, TokenKind, Usd, limits,
};
use store::{SessionFilter, SessionRow};

use super::{developer, project};
use crate::error::Error;
use crate::limits::BEAT_ROW_EVERY;
use crate::plane::{Asker, ControlPlane};
use crate::seam;

/// What is asked of a new session.
#[derive(Debug, Clone, Default)]
pub struct NewSession {
    /// Id or name of the project; none means unattributed.
    pub project: Option<String>,
    /// How long it lives at most.
    pub ttl: Option<Span>,
    /// The most it may spend.
    pub budget: Option<Usd>,
    /// Name of the permission profile.
    pub profile: Option<String>,
    /// Whether a launcher will beat for it.
    pub beats: bool,
    /// The session it is opened from.
    pub parent: Option<SessionId>,
}

/// A fresh session. The token is shown once.
#[derive(Debug)]
pub struct Granted {
    /// Its id.
    pub session: SessionId,
    /// The bearer for writ's own walls.
    pub token: Token,
    /// The signed statement of its authority.
    pub writ: String,
}

/// Opens a session for the asking developer, or a child session for the asking session.
///
/// # Errors
/// When the law refuses; nothing was opened then.
pub async fn open(plane: &ControlPlane, asker: Asker, new: NewSession) -> Result<Granted, Error> {
    let (developer, inherited) = opener(plane, asker, new.parent)?;
    let project = match &new.project {
        Some(key) => Some(project::find(plane, key)?),
        None => inherited,
    };
    let profile: Name = new.profile.as_deref().unwrap_or("default").parse().map_err(Error::invalid)?;
    let (session, token) = (plane.clock.session_id(), seam::token(TokenKind::Session));
    let issuer = plane.issuer()?;
    let open = Open {
        session,
        parent: new.parent,
        agent: None,
        developer,
        project,
        profile,
        token: token.digest(),
        ttl: new.ttl.unwrap_or(limits::SESSION_TTL_DEFAULT),
        beats: new.beats,
        budget: new.budget,
    };
    let receipt = plane.propose(asker, Command::OpenSession(Box::new(open))).await?;
    let opened = receipt.events.into_iter().find_map(|event| match event {
        Event::SessionOpened(opened) => Some(opened),
        _ => None,
    });
    // INVARIANT: an accepted OpenSession always opens.
    let opened = opened.ok_or_else(|| Error::Unavailable("the session was not opened".to_owned()))?;
    let claims = WritClaims {
        session,
        parents: plane.view.read(|state| state.lineage(session)),
        developer,
        project,
        profile: opened.profile.clone(),
        audience: Vec::new(),
        issued_at: receipt.at,
        expires_at: opened.expires_at,
    };
    let writ = issuer.writ(&claims).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(Granted { session, token, writ })
}

/// The session of a sub-agent inside a session's client; opened when it is the first time that it is heard of. None when
/// the session has as many as it may have: its calls then count as the session's own.
///
/// # Errors
/// When it is over, or the session is; or the log cannot be written.
pub(crate) async fn of_agent(
    plane: &ControlPlane,
    request: domain::RequestId,
    parent: SessionId,
    agent: &str,
) -> Result<Option<SessionId>, crate::scribe::Failure> {
    if let Some(known) = plane.view.read(|state| state.agent_session(parent, agent)) {
        return Ok(Some(known));
    }
    let Ok(live) = plane.view.read(|state| state.live_session(parent).cloned()) else { return Ok(None) };
    let open = Open {
        session: plane.clock.session_id(),
        parent: Some(parent),
        agent: Some(agent.to_owned()),
        developer: live.developer,
        project: live.project,
        profile: live.profile,
        // Nobody is given the token: its calls come with the parent's.
        token: seam::token(TokenKind::Session).digest(),
        ttl: limits::SESSION_TTL_MAX,
        beats: false,
        budget: None,
    };
    let mut proposal = crate::scribe::Proposal::from(Command::OpenSession(Box::new(open)));
    (proposal.by, proposal.request) = (Actor::Session(parent), Some(request));
    match plane.scribe.propose(proposal).await {
        Ok(_) => Ok(plane.view.read(|state| state.agent_session(parent, agent))),
        Err(crate::scribe::Failure::Refused(Refusal::LimitReached { .. } | Refusal::SessionSuspect { .. })) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Who a new session will act for, and the project it inherits.
fn opener(
    plane: &ControlPlane,
    asker: Asker,
    parent: Option<SessionId>,
) -> Result<(DeveloperId, Option<ProjectId>), Error> {
    match (asker.by, parent) {
        (Actor::Developer(developer), None) => Ok((developer, None)),
        (Actor::Session(session), Some(parent)) if session == parent => {
            let live = plane.view.read(|state| state.live_session(parent).map(|live| (live.developer, live.project)));
            Ok(live?)
        }
        (Actor::Session(_), _) => {
            Err(Error::invalid("a session opens children of itself only: set `parent` to its id"))
        }
        _ => Err(Error::invalid("only the parent's own token opens a child session")),
    }
}

/// Notes that the launcher is alive. Cheap: the row is written every [`BEAT_ROW_EVERY`] at most.
///
/// # Errors
/// When the session is over: the launcher then ends its child.
pub async fn beat(plane: &ControlPlane, asker: Asker, session: SessionId) -> Result<(), Error> {
    let (suspect, expires_at) = plane
        .view
        .read(|state| state.live_session(session).map(|live| (live.suspect_since.is_some(), live.expires_at)))?;
    let now = plane.clock.now();
    if now >= expires_at {
        let ending = domain::session::Ending { how: domain::session::How::ReachedExpiry, at: expires_at };
        return Err(Refusal::SessionOver { session, ending }.into());
    }
    if beat_is_due(plane, session, now) {
        plane.store.beat(session, now).await?;
        let mut beats = plane.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.insert(session, now);
    }
    if suspect {
        plane.propose(asker, Command::RecoverSession(Recover { session })).await?;
    }
    Ok(())
}

fn beat_is_due(plane: &ControlPlane, session: SessionId, now: Time) -> bool {
    let mut beats = plane.beats.lock().unwrap_or_else(PoisonError::into_inner);
    if beats.len() > limits::SESSIONS_LIVE_MAX {
        beats.retain(|id, _| plane.view.read(|state| state.sessions.contains_key(id)));
    }
    beats.get(&session).is_none_or(|&last| now.since(last) >= BEAT_ROW_EVERY)
}

/// Ends a session from inside: the agent exited.
///
/// # Errors
/// When it is over already, or somebody else's.
pub async fn end(plane: &ControlPlane, asker: Asker, session: SessionId, exit_code: Option<i32>) -> Result<(), Error> {
    plane.propose(asker, Command::EndSession(End { session, exit_code })).await?;
    forget_beat(plane, session).await;
    Ok(())
}

/// Revokes a session: refused at every wall from now on, its live streams cut.
///
/// # Errors
/// When it is over already, or the asker is neither its owner nor an administrator.
pub async fn revoke(plane: &ControlPlane, asker: Asker, session: SessionId, reason: String) -> Result<(), Error> {
    plane.propose(asker, Command::RevokeSession(Revoke { session, reason })).await?;
    forget_beat(plane, session).await;
    Ok(())
}

async fn forget_beat(plane: &ControlPlane, session: SessionId) {
    plane.beats.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
    if let Err(error) = plane.store.forget_beat(session).await {
        tracing::debug!(%error, session.id = %session, "the last beat's row was left behind");
    }
}

/// One session, if the asker may see it.
///
/// # Errors
/// When there is none, or it is none of the asker's business.
pub async fn get(plane: &ControlPlane, asker: Asker, session: SessionId) -> Result<SessionRow, Error> {
    let not_found = || Error::not_found("session", session);
    let row = plane.store.session(session).await?.ok_or_else(not_found)?;
    if asker.by != Actor::Session(session) {
        let action = policy::ReadSession { developer: row.developer };
        plane.view.read(|state| policy::authorize(state, asker.by, action).map(drop)).map_err(|_| not_found())?;
    }
    Ok(row)
}

/// Sessions, newest first: the asker's own, or everybody's for those who may see them.
///
/// # Errors
/// When the asker asks for somebody else's without the right to.
pub async fn list(plane: &ControlPlane, asker: Asker, query: SessionQuery) -> Result<Vec<SessionRow>, Error> {
    let developer =
        visible_developer(plane, asker, query.developer.as_deref(), |of| policy::ReadSessions { of }).await?;
    let project = query.project.as_deref().map(|key| project::find(plane, key)).transpose()?;
    let filter = SessionFilter {
        developer,
        project,
        live_only: query.live_only,
        sub_agents_of: query.sub_agents_of,
        before: query.before,
        limit: query.limit,
    };
    Ok(plane.store.sessions(&filter).await?)
}

/// Which sessions to list.
#[derive(Debug, Clone, Default)]
pub struct SessionQuery {
    /// Whose, by id or sign-in name.
    pub developer: Option<String>,
    /// For what, by id or name.
    pub project: Option<String>,
    /// Only those that are not over.
    pub live_only: bool,
    /// The sub-agents of this one; none leaves all sub-agents out.
    pub sub_agents_of: Option<SessionId>,
    /// Only those opened before this one.
    pub before: Option<SessionId>,
    /// How many at most.
    pub limit: u32,
}

/// Whose sessions or cost the asker will see: the developer's who is asked for (by id or sign-in name), everybody's
/// (none), or only their own. Who may not see others learns nothing of who exists.
pub(crate) async fn visible_developer<A: policy::Action>(
    plane: &ControlPlane,
    asker: Asker,
    key: Option<&str>,
    look: impl Fn(Option<DeveloperId>) -> A,
) -> Result<Option<DeveloperId>, Error> {
    let may = |of| plane.view.read(|state| policy::authorize(state, asker.by, look(of)).map(drop));
    let Some(key) = key else {
        return match (may(None), asker.by) {
            (Ok(()), _) => Ok(None),
            (Err(_), Actor::Developer(own)) if may(Some(own)).is_ok() => Ok(Some(own)),
            (Err(denial), _) => Err(denial.into()),
        };
    };
    let found = developer::find(plane, key).await;
    // An id that nobody has stands in for the unknown, so that both are refused with the same words.
    may(Some(found.as_ref().copied().unwrap_or_else(|_| plane.clock.developer_id())))?;
    found.map(Some)
}

/// Finds the live session of a bearer token.
///
/// # Errors
/// When the token is no session's, or its session is over.
pub fn of_token(plane: &ControlPlane, token: &Token) -> Result<SessionId, Error> {
    let digest = token.digest();
    let id = plane.view.read(|state| state.session_tokens.get(&digest).copied());
    id.ok_or(Error::Unauthenticated("no session has this token: it ended long ago, or belongs to another server"))
}

/// Finds a session live, its expiry not reached.
///
/// # Errors
/// [`Refusal::SessionOver`] with how and when, or it is unknown.
pub fn require_live(plane: &ControlPlane, session: SessionId) -> Result<(), Refusal> {
    let now = plane.clock.now();
    plane.view.read(|state| state.unexpired_session(session, now).map(drop))
}

/// A copy of what state knows of a live session.
pub fn live(plane: &ControlPlane, session: SessionId) -> Option<Session> {
    plane.view.read(|state| state.sessions.get(&session).cloned())
}
