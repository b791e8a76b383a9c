//! Credentials: ask for one, look at them, have one revoked.

mod making;

use std::sync::Arc;

use brokers::broker::Secret;
use domain::credential::{PublicName, Request, Revoke};
use domain::{Actor, BrokerKind, Command, CredentialId, DeveloperId, Event, Name, Scope, SessionId, Span, State, Time};
use serde_json::Value;
use store::{CredentialFilter, CredentialRow};

use making::{Making, names_of_local};

use super::session::visible_developer;
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};
use crate::vending::is_handed_over;

/// What a session asks for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Which broker.
    pub broker: String,
    /// Which of its targets.
    pub target: String,
    /// What of the grant is wanted; what is not mentioned is wanted whole.
    pub scope: Scope,
    /// How long it shall live.
    pub life: Option<Span>,
    /// The key it is for.
    pub public_key: Option<String>,
}

/// What a session gets.
#[derive(Debug)]
pub struct Vended {
    /// Its id.
    pub credential: CredentialId,
    /// Which broker.
    pub broker: Name,
    /// The broker's kind.
    pub kind: BrokerKind,
    /// Which target.
    pub target: Name,
    /// What it is good for.
    pub scope: Scope,
    /// When it was decided.
    pub issued_at: Time,
    /// When it stops working by itself.
    pub expires_at: Time,
    /// The names it has elsewhere.
    pub names: Vec<PublicName>,
    /// The secret itself.
    pub secret: Secret,
    /// What its broker says about handing it to programs.
    pub delivery: Value,
}

/// Makes a credential for a session and hands it over. It is in the log, with what ends it, before it leaves.
///
/// # Errors
/// When the law refuses: the session is over or suspect, or this is not granted (the refusal says what is). When the
/// broker's secrets are only injected. When the target is away, refuses, or answers what no target should.
pub async fn ask(plane: &Arc<ControlPlane>, asker: Asker, session: SessionId, ask: Ask) -> Result<Vended, Error> {
    let kind = plane.view.read(|state| {
        let name: Option<Name> = ask.broker.parse().ok();
        name.and_then(|name| state.brokers.get(&name)).map(|broker| broker.kind)
    });
    if let Some(kind) = kind.filter(|kind| !is_handed_over(*kind)) {
        return Err(Error::Forbidden {
            text: format!("secrets of a {kind} broker are injected into requests and never handed over"),
            next: Some(format!(
                "send the request to `{}/v1/inject/{}/{}/…` with the session's token",
                plane.public_url, ask.broker, ask.target
            )),
        });
    }
    obtain(plane, asker, session, ask).await
}

/// The same, also for secrets that are only injected: what it returns must not leave this process then.
///
/// # Errors
/// See [`ask`].
pub(crate) async fn obtain(
    plane: &Arc<ControlPlane>,
    asker: Asker,
    session: SessionId,
    ask: Ask,
) -> Result<Vended, Error> {
    let (broker, target) = (name(&ask.broker)?, name(&ask.target)?);
    let mut request = Request {
        credential: plane.clock.credential_id(),
        session,
        node: plane.node,
        broker,
        target,
        scope: ask.scope,
        life: ask.life,
        public_key: ask.public_key,
        names: Vec::new(),
    };
    request.names = names_of_local(plane, &request).await?;
    let receipt = plane.propose(asker, Command::RequestCredential(Box::new(request))).await?;
    let requested = receipt.events.iter().find_map(|event| match event {
        Event::CredentialRequested(requested) => Some(requested.as_ref().clone()),
        _ => None,
    });
    // INVARIANT: an accepted request always requests.
    let requested = requested.ok_or_else(|| Error::Unavailable("the credential was not decided".to_owned()))?;
    let is_issued = receipt.events.iter().any(|event| matches!(event, Event::CredentialIssued(_)));
    let making = Making { plane: Arc::clone(plane), requested, at: receipt.at, is_issued };
    // Whoever asked may leave: what was begun is made, recorded, and ended with its session.
    let made = tokio::spawn(making.make()).await;
    made.unwrap_or_else(|_| Err(Error::Unavailable("writ is stopping".to_owned())))
}

/// Which credentials to list.
#[derive(Debug, Clone, Default)]
pub struct CredentialQuery {
    /// Only of this session.
    pub session: Option<SessionId>,
    /// Only of this broker.
    pub broker: Option<String>,
    /// Only those that are not known to be dead.
    pub alive_only: bool,
    /// Only those that are to be ended and are not known to be dead.
    pub due_only: bool,
    /// Only those made before this one.
    pub before: Option<CredentialId>,
    /// How many at most.
    pub limit: usize,
}

/// Credentials, newest first: of the asker's own sessions, or everybody's for those who may see them.
///
/// # Errors
/// When the asker asks for somebody else's without the right to.
pub async fn list(plane: &ControlPlane, asker: Asker, query: CredentialQuery) -> Result<Vec<CredentialRow>, Error> {
    let mut filter = CredentialFilter {
        session: query.session,
        broker: query.broker.as_deref().map(name).transpose()?,
        alive_only: query.alive_only,
        before: query.before,
        limit: query.limit,
        ..CredentialFilter::default()
    };
    match asker.by {
        Actor::Session(own) if query.session.is_none_or(|asked| asked == own) => filter.session = Some(own),
        _ => filter.developer = visible_developer(plane, asker, None, |of| policy::ReadSessions { of }).await?,
    }
    if query.due_only { due(plane, &filter).await } else { Ok(plane.store.credentials(&filter).await?) }
}

/// What is due is known from state; a page of everything alive may have none of it.
async fn due(plane: &ControlPlane, filter: &CredentialFilter) -> Result<Vec<CredentialRow>, Error> {
    let ids: Vec<CredentialId> = plane.view.read(|state| {
        let is_wanted = |id: &CredentialId| {
            state.credentials.get(id).is_some_and(|one| {
                filter.session.is_none_or(|session| session == one.session)
                    && filter.broker.as_ref().is_none_or(|broker| *broker == one.broker)
                    && filter.developer.is_none_or(|developer| developer_of(state, one.session) == Some(developer))
                    && filter.before.is_none_or(|before| *id < before)
            })
        };
        state.due.iter().rev().copied().filter(is_wanted).take(filter.limit).collect()
    });
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let among = CredentialFilter { alive_only: true, limit: ids.len(), among: ids, ..CredentialFilter::default() };
    Ok(plane.store.credentials(&among).await?)
}

/// A session's credentials that were made and are not to be ended, as far as this process knows: at most
/// `CREDENTIALS_ALIVE_PER_SESSION_MAX`.
pub(crate) fn good_of(plane: &ControlPlane, session: SessionId) -> Vec<CredentialId> {
    plane.view.read(|state| {
        let of_session = state.session_credentials.get(&session).into_iter().flatten();
        let is_good =
            |id: &CredentialId| state.credentials.get(id).is_some_and(|one| one.is_issued && one.due.is_none());
        of_session.copied().filter(is_good).collect()
    })
}

fn developer_of(state: &State, session: SessionId) -> Option<DeveloperId> {
    let live = state.sessions.get(&session).map(|live| live.developer);
    live.or_else(|| state.past.get(&session).map(|past| past.developer))
}

/// One credential, if the asker may see its session.
///
/// # Errors
/// When there is none, or it is none of the asker's business.
pub async fn get(plane: &ControlPlane, asker: Asker, id: CredentialId) -> Result<CredentialRow, Error> {
    let not_found = || Error::not_found("credential", id);
    let row = plane.store.credential(id).await?.ok_or_else(not_found)?;
    if asker.by != Actor::Session(row.session) {
        let action = policy::ReadSession { developer: row.developer };
        plane.view.read(|state| policy::authorize(state, asker.by, action).map(drop)).map_err(|_| not_found())?;
    }
    Ok(row)
}

/// Has a credential revoked: it is on its way to its target when this returns.
///
/// # Errors
/// When it is dead, or the asker is neither its session, nor its owner, nor an administrator.
pub async fn revoke(plane: &ControlPlane, asker: Asker, id: CredentialId, reason: String) -> Result<(), Error> {
    plane.propose(asker, Command::RevokeCredential(Revoke { credential: id, reason })).await?;
    plane.vending.due.notify_one();
    Ok(())
}

fn name(text: &str) -> Result<Name, Error> {
    text.parse().map_err(Error::invalid)
}
