//! Making a credential that was decided: ask its broker, record what came of it, and let go of it only then.

use std::sync::Arc;

use brokers::broker::{Broker, BrokerError, Handle, Minted, Order};
use domain::credential::{MintResult, PublicName, RecordMint, Request, Requested, Revoke};
use domain::{ArtifactKind, Command, DeveloperId, Refusal, Time};
use store::{Attachment, CredentialHandle};

use super::Vended;
use crate::error::Error;
use crate::plane::ControlPlane;
use crate::scribe::{Failure, Proposal};
use crate::text;
use crate::vending::{self, developer_name, handle_name, project_name};

/// A credential that was decided and is being made.
pub(super) struct Making {
    pub(super) plane: Arc<ControlPlane>,
    pub(super) requested: Requested,
    pub(super) at: Time,
    /// Whether its broker needs nobody else to make it: it is recorded as made already.
    pub(super) is_issued: bool,
}

impl Making {
    /// Has it made, and hands it over if its session may still have it.
    ///
    /// # Errors
    /// See [`super::ask`].
    pub(super) async fn make(self) -> Result<Vended, Error> {
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
        match vending::mint(plane, broker.as_ref(), &order).await {
            Ok(minted) => self.record(broker.as_ref(), &order, minted).await,
            Err(error) => Err(self.failed(error).await),
        }
    }

    fn order(&self) -> Order {
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
        Order {
            credential: requested.credential,
            session: requested.session,
            sequence: requested.sequence,
            developer,
            developer_name: developer_name(&self.plane, developer),
            project: requested.project,
            project_name: project_name(&self.plane, requested.project, &requested.target),
            profile,
            target: requested.target.clone(),
            scope: requested.scope.clone(),
            at: self.at,
            expires_at: requested.expires_at,
            public_key: requested.public_key.clone(),
        }
    }

    /// Records what was made; it leaves only if its session may still have it.
    async fn record(&self, broker: &dyn Broker, order: &Order, minted: Minted) -> Result<Vended, Error> {
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
    async fn end_at_once(&self, broker: &dyn Broker, order: &Order, handle: Option<&Handle>) {
        let Some(handle) = handle else { return };
        if vending::revoke(&self.plane, broker, order, handle).await.is_err() {
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
pub(super) async fn names_of_local(plane: &ControlPlane, request: &Request) -> Result<Vec<PublicName>, Error> {
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
    let order = Order {
        credential: request.credential,
        session: request.session,
        sequence: 0,
        developer: live.developer,
        developer_name: developer_name(plane, live.developer),
        project,
        project_name: project_name(plane, project, &request.target),
        profile: live.profile,
        target: request.target.clone(),
        scope: request.scope.clone(),
        at: now,
        expires_at: now,
        public_key: request.public_key.clone(),
    };
    let plan = plane.vending.broker(plane, &request.broker).await?.plan(&order);
    let names = plan.names.into_iter().filter(|(kind, _)| *kind != ArtifactKind::TokenId);
    Ok(public_names(&names.collect::<Vec<_>>()))
}

fn public_names(names: &[(ArtifactKind, String)]) -> Vec<PublicName> {
    names.iter().map(|(kind, value)| PublicName { kind: *kind, value: value.clone() }).collect()
}
