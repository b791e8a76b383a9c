//! The gateway's questions, answered by this control plane.

use std::future::Future;
use std::sync::Arc;

use domain::call::{Reserve, Settle, Settlement, admit, room};
use domain::{Actor, CallId, Command, Event, NodeId, Refusal, RequestId, SessionId, Time, Token, TokenKind};
use gateway::{Authority, Caller, Rejection, Retry};
use http::StatusCode;
use metering::PriceBook;

use crate::operations;
use crate::plane::ControlPlane;
use crate::scribe::{Failure, Proposal};
use crate::text;

impl Authority for ControlPlane {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn new_call(&self) -> CallId {
        self.clock.call_id()
    }

    fn new_request(&self) -> RequestId {
        self.clock.request_id()
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.book)
    }

    fn identify(&self, bearer: &str) -> Result<Caller, Rejection> {
        let token: Token = bearer.parse().map_err(|error| unknown_bearer(&format!("{error}")))?;
        if token.kind() != TokenKind::Session {
            return Err(unknown_bearer("this token signs a person in, it does not name a session"));
        }
        let (digest, now) = (token.digest(), self.clock.now());
        let (session, found) = self.view.read(|state| {
            let session = state.session_tokens.get(&digest).copied();
            let found = session.map(|id| {
                let live = state.unexpired_session(id, now)?;
                Ok((live.developer, live.project, room(state, id)))
            });
            (session, found)
        });
        let (Some(session), Some(found)) = (session, found) else {
            return Err(unknown_bearer("no session has this token: it ended long ago, or belongs to another server"));
        };
        let (developer, project, room) = found.map_err(|refusal: Refusal| self.reject(session, &refusal))?;
        Ok(Caller { session, developer, project, room, over: self.view.over(session) })
    }

    async fn sub_agent(&self, request: RequestId, caller: Caller, agent: &str) -> Result<Caller, Rejection> {
        let session = match operations::session::of_agent(self, request, caller.session, agent).await {
            Ok(Some(session)) => session,
            Ok(None) => return Ok(caller),
            Err(Failure::Refused(refusal)) => return Err(self.reject(caller.session, &refusal)),
            Err(failure) => return Err(unavailable(&failure)),
        };
        let now = self.clock.now();
        let room = self.view.read(|state| state.unexpired_session(session, now).map(|_| room(state, session)));
        let room = room.map_err(|refusal| self.reject(session, &refusal))?;
        // It is over whenever the caller's is, so this one switch cuts for both.
        Ok(Caller { session, room, over: self.view.over(session), ..caller })
    }

    fn precheck(&self, ask: &Reserve) -> Result<(), Rejection> {
        // Contacting the upstream now would only make a bill for an answer that nobody gets.
        if self.scribe.store_is_away() {
            return Err(unavailable(&Failure::Unavailable("the database is away".to_owned())));
        }
        let now = self.clock.now();
        let admitted = self.view.read(|state| admit(state, ask, now.max(state.last_time)).map(drop));
        admitted.map_err(|refusal| self.reject(ask.session, &refusal))
    }

    fn reserve(&self, request: RequestId, ask: Reserve) -> impl Future<Output = Result<(), Rejection>> + Send {
        let (session, call) = (ask.session, ask.call);
        let mut proposal = Proposal::from(Command::ReserveCall(Box::new(ask)));
        proposal.by = Actor::Session(session);
        proposal.request = Some(request);
        async move {
            match self.scribe.propose(proposal).await {
                Ok(receipt) => {
                    let reserved = receipt.events.iter().any(|event| is_reserved(event, call));
                    if reserved { Ok(()) } else { Err(self.refused_late(session)) }
                }
                Err(Failure::Refused(refusal)) => Err(self.reject(session, &refusal)),
                Err(failure) => Err(unavailable(&failure)),
            }
        }
    }

    fn settle(&self, request: RequestId, call: CallId, settlement: Settlement) {
        self.settlements.put(request, Settle { call, settlement });
    }
}

impl ControlPlane {
    /// What the agent's developer reads when the law refuses a call.
    fn reject(&self, session: SessionId, refusal: &Refusal) -> Rejection {
        match refusal {
            Refusal::SessionOver { ending, .. } => {
                let message = text::session_over(self, session, ending);
                Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", message, Retry::Never)
            }
            Refusal::BudgetExhausted { .. } => {
                let message =
                    format!("{refusal}: ask for a larger budget and start a new session with `writ run --budget`");
                Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", message, Retry::Never)
            }
            Refusal::LimitReached { .. } => {
                let message = format!("{refusal}: wait for calls in flight to end");
                Rejection::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message, Retry::After(5))
            }
            other => Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", other.to_string(), Retry::Never),
        }
    }

    /// Refused inside the append although the local check had passed: another node knew more. The view knows by now.
    fn refused_late(&self, session: SessionId) -> Rejection {
        match self.view.read(|state| state.live_session(session).map(drop)) {
            Err(refusal) => self.reject(session, &refusal),
            Ok(()) => {
                let message = "this call no longer fits: the budget or a limit was used up at the same moment";
                Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", message, Retry::Never)
            }
        }
    }
}

fn is_reserved(event: &Event, call: CallId) -> bool {
    matches!(event, Event::CallReserved(reserved) if reserved.call == call)
}

fn unknown_bearer(why: &str) -> Rejection {
    let message = format!("{why}: start the agent with `writ run`, or get a token with `writ token`");
    Rejection::new(StatusCode::UNAUTHORIZED, "authentication_error", message, Retry::Never)
}

fn unavailable(failure: &Failure) -> Rejection {
    let message = format!("writ cannot record this call, so it was not delivered ({failure}): try again in a moment");
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", message, Retry::Default)
}
