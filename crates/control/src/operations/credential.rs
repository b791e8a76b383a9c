//! Credentials: ask for one, look at them, have one revoked.

use std::sync::Arc;

use brokers::broker::{Broker, BrokerError, Handle, Minted, Secret};
use domain::credential::{MintResult, PublicName, RecordMint, Request, Requested, Revoke};
use domain::{
    Actor, ArtifactKind, BrokerKind, Command, CredentialId, DeveloperId, Event, Name, Refusal, Scope, SessionId, Span,
    State, Time,
};
use serde_json::Value;
use store::{Attachment, CredentialFilter, CredentialHandle, CredentialRow};

use super::session::visible_developer;
use crate::error::Error;
use crate::limits::MINT_MAX;
use crate::plane::{Asker, ControlPlane};
use crate::scribe::{Failure, Proposal};
use crate::text;
use crate::vending::{chance, handle_name, is_handed_over, order};

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

/// A credential that was decided and is being made.
struct Making {
    plane: Arc<ControlPlane>,
    requested: Requested,
    at: Time,
    /// Whether its broker needs nobody else to make it: it is recorded as made already.
    is_issued: bool,
}

impl Making {
    async fn make(self) -> Result<Vended, Error> {
        let plane = &self.plane;
        let broker = plane.vending.broker(plane, &self.requested.broker).await;
        let broker = match broker {
            Ok(broker) => broker,
            Err(error) => {
                self.not_made(&error.to_string()).await;
                return Err(error);
            }
        };
        let order = self.order();
        let minting = broker.mint(&order, plane.vending.tools(), chance(plane));
        let within = MINT_MAX.max(broker.patience());
        let silent = || BrokerError::away(format!("no answer within {} s", within.as_secs())).perhaps_minted();
        let minted = tokio::time::timeout(within, minting).await.unwrap_or_else(|_| Err(silent()));
        match minted {
            Ok(minted) => self.record(broker.as_ref(), &order, minted).await,
            Err(error) => Err(self.failed(error).await),
        }
    }

    fn order(&self) -> brokers::broker::Order {
        let requested = &self.requested;
        let session = self.plane.view.read(|state| {
            let live = state.sessions.get(&requested.session);
            let past = || state.past.get(&requested.session).map(|past| past.developer);
            (live.map(|live| (live.developer, live.profile.clone())), past())
        });
        // A session that ended a moment ago has no profile any more; what is made for it is ended at once.
        let (developer, profile) = match session {
            (Some(of_live), _) => of_live,
            (None, past) => (past.unwrap_or_else(|| DeveloperId::new(self.at, 0)), requested.target.clone()),
        };
        order(
            &self.plane,
            &CredentialRow {
                id: requested.credential,
                session: requested.session,
                developer,
                profile,
                sequence: requested.sequence,
                project: requested.project,
                broker: requested.broker.clone(),
                target: requested.target.clone(),
                granted_to: requested.granted_to.clone(),
                scope: requested.scope.clone(),
                public_key: requested.public_key.clone(),
                requested_at: self.at,
                expires_at: requested.expires_at,
                issued_at: None,
                names: Vec::new(),
                stalled: None,
                over_at: None,
                how: None,
                trouble: None,
            },
        )
    }

    /// Records what was made; it leaves only if its session may still have it.
    async fn record(
        &self,
        broker: &dyn Broker,
        order: &brokers::broker::Order,
        minted: Minted,
    ) -> Result<Vended, Error> {
        let plane = &self.plane;
        let id = self.requested.credential;
        let names = public_names(&minted.names);
        let mut expires_at = minted.expires_at;
        if self.is_issued {
            expires_at = self.requested.expires_at;
        } else {
            let recorded = self.propose_made(names.clone(), &minted).await;
            if let Err(failure) = recorded {
                self.end_at_once(broker, order, minted.handle.as_ref()).await;
                return Err(failure.into());
            }
        }
        plane
            .view
            .read(|state| {
                let due = state.credentials.get(&id).map(|credential| credential.due.is_some());
                if due == Some(false) {
                    return Ok(());
                }
                state.live_session(self.requested.session)?;
                Err(Refusal::CredentialUnknown(id))
            })
            .inspect_err(|_| plane.vending.due.notify_one())?;
        let kind = plane.view.read(|state| state.broker(&self.requested.broker).map(|broker| broker.kind))?;
        Ok(Vended {
            credential: id,
            broker: self.requested.broker.clone(),
            kind,
            target: self.requested.target.clone(),
            scope: self.requested.scope.clone(),
            issued_at: self.at,
            expires_at,
            names,
            secret: minted.secret,
            delivery: broker.delivery(&self.requested.target),
        })
    }

    async fn propose_made(&self, names: Vec<PublicName>, minted: &Minted) -> Result<(), Failure> {
        let credential = self.requested.credential;
        let mut attachments = Vec::new();
        if let Some(handle) = &minted.handle {
            let sealed = self.plane.seals.seal(&handle_name(credential), handle.bytes());
            let sealed = sealed.map_err(|error| Failure::Unavailable(error.to_string()))?;
            attachments.push(Attachment::Handle(CredentialHandle { credential, sealed }));
        }
        let result = MintResult::Made { names, expires_at: minted.expires_at };
        let mut proposal = Proposal::from(Command::RecordMint(RecordMint { credential, result }));
        proposal.attachments = attachments;
        self.plane.scribe.propose(proposal).await.map(drop)
    }

    /// Made and not recorded: what cannot be recorded must not live, and whether this works or not, the log still says
    /// that it was asked for.
    async fn end_at_once(&self, broker: &dyn Broker, order: &brokers::broker::Order, handle: Option<&Handle>) {
        let Some(handle) = handle else { return };
        let revoking = broker.revoke(order, handle, self.plane.vending.tools(), chance(&self.plane));
        let ended = tokio::time::timeout(MINT_MAX.max(broker.patience()), revoking).await;
        if !matches!(ended, Ok(Ok(_))) {
            let credential = self.requested.credential;
            tracing::error!(%credential, "a credential that could not be recorded could not be ended either");
        }
    }

    async fn failed(&self, error: BrokerError) -> Error {
        if error.maybe_minted {
            let reason = "asking for it got no answer, so it was perhaps made".to_owned();
            let revoke = Revoke { credential: self.requested.credential, reason };
            let asked = self.plane.scribe.propose(Proposal::from(Command::RevokeCredential(revoke))).await;
            if let Err(failure) = asked {
                tracing::warn!(%failure, "a credential that was perhaps made is found again when this process is lost");
            }
            self.plane.vending.due.notify_one();
        } else {
            self.not_made(&error.text).await;
        }
        Error::broker(&self.requested.broker, error)
    }

    async fn not_made(&self, reason: &str) {
        let reason = text::first_chars(reason, domain::limits::REASON_CHARS_MAX);
        let result = MintResult::NotMade { reason };
        let record = RecordMint { credential: self.requested.credential, result };
        if let Err(failure) = self.plane.scribe.propose(Proposal::from(Command::RecordMint(record))).await {
            tracing::warn!(%failure, "a credential that was not made stays listed until it would have expired");
        }
    }
}

/// Who makes credentials alone knows their names beforehand. The one that has the number of the credential in it comes
/// from the decision.
async fn names_of_local(plane: &ControlPlane, request: &Request) -> Result<Vec<PublicName>, Error> {
    let target = plane.view.read(|state| state.target(&request.broker, &request.target));
    if !target.is_ok_and(|target| target.is_local) {
        return Ok(Vec::new());
    }
    let session = plane.view.read(|state| state.sessions.get(&request.session).cloned());
    // Whether it may, the decision says.
    let Some((live, project)) = session.and_then(|live| Some((live.clone(), live.project?))) else {
        return Ok(Vec::new());
    };
    let now = plane.clock.now();
    let row = CredentialRow {
        id: request.credential,
        session: request.session,
        developer: live.developer,
        profile: live.profile,
        sequence: 0,
        project,
        broker: request.broker.clone(),
        target: request.target.clone(),
        granted_to: None,
        scope: request.scope.clone(),
        public_key: request.public_key.clone(),
        requested_at: now,
        expires_at: now,
        issued_at: None,
        names: Vec::new(),
        stalled: None,
        over_at: None,
        how: None,
        trouble: None,
    };
    let plan = plane.vending.broker(plane, &request.broker).await?.plan(&order(plane, &row));
    let names = plan.names.into_iter().filter(|(kind, _)| *kind != ArtifactKind::TokenId);
    Ok(public_names(&names.collect::<Vec<_>>()))
}

fn public_names(names: &[(ArtifactKind, String)]) -> Vec<PublicName> {
    names.iter().map(|(kind, value)| PublicName { kind: *kind, value: value.clone() }).collect()
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
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.extend(plane.store.credential(id).await?.filter(|row| row.over_at.is_none()));
    }
    Ok(rows)
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
