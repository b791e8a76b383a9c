//! What the gateway asks of the control plane: one small trait, so that either can be tested without the other.

use std::future::Future;
use std::sync::Arc;

use domain::call::{Reserve, Settlement};
use domain::{CallId, DeveloperId, NodeId, ProjectId, RequestId, SessionId, Time, Usd};
use metering::PriceBook;
use tokio_util::sync::CancellationToken;

use crate::Rejection;

/// The control plane, as the gateway sees it.
pub trait Authority: Send + Sync + 'static {
    /// The time now: the one clock.
    fn now(&self) -> Time;

    /// A new id for a model call.
    fn new_call(&self) -> CallId;

    /// A new id for an HTTP request.
    fn new_request(&self) -> RequestId;

    /// This process.
    fn node(&self) -> NodeId;

    /// The price book in force.
    fn book(&self) -> Arc<PriceBook>;

    /// Whose bearer this is, if that session is live as far as this node knows. Local: no I/O.
    ///
    /// # Errors
    /// The refusal that the client shows: who ended the session, and what to do.
    fn identify(&self, bearer: &str) -> Result<Caller, Rejection>;

    /// Whose call it is when the client names the sub-agent that makes it: the session that stands for the sub-agent, below
    /// the caller's. A claim, that cannot gain more than the caller has. The first call of each sub-agent waits until its
    /// session is durable.
    ///
    /// # Errors
    /// The refusal that the client shows: the sub-agent's session is over, or cannot be opened now.
    fn sub_agent(
        &self,
        request: RequestId,
        caller: Caller,
        agent: &str,
    ) -> impl Future<Output = Result<Caller, Rejection>> + Send;

    /// Whether this would be admitted against the state this node knows. Local: no I/O. Asked before the upstream is
    /// contacted, so that an obvious refusal costs nothing.
    ///
    /// # Errors
    /// The refusal that [`Authority::reserve`] would give.
    fn precheck(&self, ask: &Reserve) -> Result<(), Rejection>;

    /// Sets the money aside. Resolves when the entry is durable; takes a bounded time. `request` goes into the entry.
    ///
    /// A status of 503 in the rejection means that nobody knows whether the entry was written: the call is then settled
    /// too, and settling a call that was never reserved must do no harm.
    ///
    /// # Errors
    /// The refusal that the client shows.
    fn reserve(&self, request: RequestId, ask: Reserve) -> impl Future<Output = Result<(), Rejection>> + Send;

    /// Accounts for a reserved call. Never blocks and never fails: what cannot be written now is kept and retried.
    fn settle(&self, request: RequestId, call: CallId, settlement: Settlement);
}

/// Whose bearer it is.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The session.
    pub session: SessionId,
    /// The human behind it.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed.
    pub project: Option<ProjectId>,
    /// How much more the session may hold; `None` without a budget.
    pub room: Option<Usd>,
    /// Cancelled when the session is over: live streams are cut.
    pub over: CancellationToken,
}
