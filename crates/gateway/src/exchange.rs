//! One request on its way through the phases.

use domain::{RequestId, Time};
use http::request::Parts;

use crate::Caller;
use crate::identify::Bearer;

/// What all phases know of one identified request.
pub(crate) struct Exchange {
    /// Our id of it.
    pub(crate) request: RequestId,
    /// When it came.
    pub(crate) started: Time,
    /// What it came with.
    pub(crate) bearer: Bearer,
    /// Whose it is.
    pub(crate) caller: Caller,
    /// Its head.
    pub(crate) parts: Parts,
}
