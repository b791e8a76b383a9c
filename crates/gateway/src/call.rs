//! An open call: reserved once, settled exactly once, however its exchange ends. Dropping it settles it too.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use domain::call::{Outcome, Settlement};
use domain::{CallId, ProjectId, RequestId, SessionId, Time, Usd};
use http::StatusCode;
use metering::{Observed, PriceBook, RequestFacts};
use tokio_util::sync::CancellationToken;

use crate::admit::Admitted;
use crate::authority::Authority;
use crate::exchange::Exchange;
use crate::gateway::Core;
use crate::limits;
use crate::rejection::Rejection;

type Reserving = Pin<Box<dyn Future<Output = Result<(), Rejection>> + Send>>;

/// A call from the moment its reservation is asked for.
pub(crate) struct OpenCall<A: Authority> {
    /// `None` once it is settled, or refused.
    details: Option<Box<Details<A>>>,
    /// The reservation, until it resolves.
    reserving: Option<Reserving>,
}

/// What is known of a call and needed to settle it.
struct Details<A: Authority> {
    core: Arc<Core<A>>,
    request: RequestId,
    call: CallId,
    session: SessionId,
    developer: domain::DeveloperId,
    project: Option<ProjectId>,
    over: CancellationToken,
    started: Time,
    at: Time,
    hold: Usd,
    facts: RequestFacts,
    book: Arc<PriceBook>,
    sent: Arc<AtomicBool>,
    upstream: Option<Arc<str>>,
    status: Option<StatusCode>,
    upstream_request: Option<String>,
}

impl<A: Authority> OpenCall<A> {
    /// Asks for the reservation. Nothing happens before [`OpenCall::reserved`] is polled.
    pub(crate) fn new(core: &Arc<Core<A>>, exchange: &Exchange, admitted: Admitted) -> Self {
        let Admitted { ask, facts, book, at, .. } = admitted;
        let caller = &exchange.caller;
        let details = Details {
            core: Arc::clone(core),
            request: exchange.request,
            call: ask.call,
            session: caller.session,
            developer: caller.developer,
            project: caller.project,
            over: caller.over.clone(),
            started: exchange.started,
            at,
            hold: ask.hold,
            facts,
            book,
            sent: Arc::default(),
            upstream: None,
            status: None,
            upstream_request: None,
        };
        let (authority, request) = (Arc::clone(&core.authority), exchange.request);
        let reserving: Reserving = Box::pin(async move { authority.reserve(request, ask).await });
        Self { details: Some(Box::new(details)), reserving: Some(reserving) }
    }

    /// Becomes true when the request's head goes upstream; until then the call costs nothing.
    pub(crate) fn sent(&self) -> Arc<AtomicBool> {
        self.details.as_ref().map(|details| Arc::clone(&details.sent)).unwrap_or_default()
    }

    /// Whether the client asked for a stream.
    pub(crate) fn is_stream(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.facts.stream)
    }

    /// Resolves when the reservation is durable. May be dropped and called again.
    ///
    /// # Errors
    /// The control plane's refusal; the call is then over.
    pub(crate) async fn reserved(&mut self) -> Result<(), Rejection> {
        std::future::poll_fn(|cx| self.poll_reserved(cx)).await
    }

    fn poll_reserved(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Rejection>> {
        let Some(reserving) = &mut self.reserving else { return Poll::Ready(Ok(())) };
        let result = ready!(reserving.as_mut().poll(cx));
        self.reserving = None;
        if let Err(rejection) = &result
            && let Some(details) = self.details.take()
        {
            details.refused(rejection);
        }
        Poll::Ready(result)
    }

    /// Remembers who answered.
    pub(crate) fn answered(&mut self, upstream: &Arc<str>, status: Option<StatusCode>, request: Option<&[u8]>) {
        let Some(details) = &mut self.details else { return };
        details.upstream = Some(Arc::clone(upstream));
        details.status = status;
        details.upstream_request = request.map(|id| {
            let text = String::from_utf8_lossy(id);
            text.chars().filter(|c| !c.is_control()).take(limits::UPSTREAM_REQUEST_CHARS_MAX).collect()
        });
    }

    /// Settles it at what was seen.
    pub(crate) fn settle(mut self, outcome: Outcome, observed: Observed) {
        // The exchange never gets here before the reservation resolved; if it did, `Drop` would see to it.
        if self.reserving.is_none()
            && let Some(details) = self.details.take()
        {
            details.settle(outcome, observed);
        }
    }

    /// Settles it although no byte of an answer was seen.
    pub(crate) fn settle_unseen(mut self, outcome: Outcome) {
        if self.reserving.is_none()
            && let Some(details) = self.details.take()
        {
            let observed = details.unseen(outcome);
            details.settle(outcome, observed);
        }
    }
}

impl<A: Authority> Drop for OpenCall<A> {
    /// The exchange was abandoned: its client left, or its session is over.
    fn drop(&mut self) {
        let Some(details) = self.details.take() else { return };
        let outcome = if details.over.is_cancelled() { Outcome::Revoked } else { Outcome::ClientLeft };
        let observed = details.unseen(outcome);
        let (Some(reserving), Ok(runtime)) = (self.reserving.take(), tokio::runtime::Handle::try_current()) else {
            return details.settle(outcome, observed);
        };
        // A settlement that overtook its reservation would be ignored, and the money held for ever.
        runtime.spawn(async move {
            let tail = tokio::time::timeout(limits::RESERVE_TAIL_MAX, reserving).await;
            match tail {
                Ok(Err(rejection)) => details.refused(&rejection),
                Ok(Ok(())) | Err(_) => details.settle(outcome, observed),
            }
        });
    }
}

impl<A: Authority> Details<A> {
    /// A refusal leaves nothing to settle, unless nobody knows whether the reservation was written.
    fn refused(self: Box<Self>, rejection: &Rejection) {
        if rejection.status == StatusCode::SERVICE_UNAVAILABLE {
            let observed = if self.was_sent() { Observed::default() } else { free() };
            self.settle(Outcome::Abandoned, observed);
        }
    }

    fn was_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// What to charge when no byte of an answer was seen.
    ///
    /// * Never sent, or no upstream answered a stream: nothing. A stream's head comes before its first token.
    /// * The client left a stream before its head: the prompt, which the provider has read by then.
    /// * No stream: the bound, since a whole answer may have been generated before its head.
    fn unseen(&self, outcome: Outcome) -> Observed {
        let refused = matches!(outcome, Outcome::UpstreamRefused);
        if refused || !self.was_sent() {
            return free();
        }
        match (self.facts.stream, outcome) {
            (true, Outcome::UpstreamUnreachable) => free(),
            (true, _) => Observed { started: true, ..Observed::default() },
            (false, _) => Observed::default(),
        }
    }

    fn settle(self: Box<Self>, outcome: Outcome, observed: Observed) {
        let settled = observed.settle(&self.book, self.at, &self.facts, self.hold);
        let settlement = Settlement {
            outcome,
            cost: settled.cost,
            list: settled.list,
            quality: settled.quality,
            unpriced: settled.unpriced,
            usage: settled.usage,
            model: settled.model,
            upstream: self.upstream.as_deref().map(str::to_owned),
            status: self.status.map(|status| status.as_u16()),
            upstream_request: self.upstream_request.clone(),
            book: settled.book,
        };
        self.log(&settlement);
        self.core.metrics.settled(outcome);
        self.core.authority.settle(self.request, self.call, settlement);
    }

    fn log(&self, settlement: &Settlement) {
        tracing::info!(
            request.id = %self.request,
            call.id = %self.call,
            session.id = %self.session,
            developer.id = %self.developer,
            project.id = self.project.map(tracing::field::display),
            model = self.facts.model,
            upstream = settlement.upstream,
            status = settlement.status,
            outcome = settlement.outcome.as_str(),
            quality = settlement.quality.as_str(),
            cost_usd_nanos = settlement.cost.nanos(),
            duration_ms = self.core.authority.now().since(self.started).as_millis(),
            "call settled"
        );
    }
}

/// An answer that is an error in place of an answer: it costs nothing.
fn free() -> Observed {
    Observed { complete: true, error: Some(String::new()), ..Observed::default() }
}
