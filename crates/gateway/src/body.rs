//! The body of every answer, and why one may end before its time.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use tokio_util::sync::CancellationToken;

/// The body of every answer.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body ended before its time. The connection is then cut, which is how the client learns of it.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The upstream broke off.
    #[error("the upstream broke off")]
    UpstreamCut(#[source] hyper::Error),
    /// The upstream fell silent.
    #[error("the upstream sent nothing for too long")]
    UpstreamSilent,
    /// The session is over.
    #[error("the session is over")]
    SessionOver,
    /// It is larger than [`crate::limits::RELAY_DOWNLOAD_BYTES_MAX`].
    #[error("the answer is larger than {} MiB", crate::limits::RELAY_DOWNLOAD_BYTES_MAX >> 20)]
    TooLarge,
    /// Another service's body failed.
    #[error("the body failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Rides on a response whose connection must not outlive a session: a client that takes no bytes is not asked for more
/// of the body, so the connection itself has to end.
#[derive(Debug, Clone)]
pub(crate) struct Cut(pub(crate) CancellationToken);

/// A body that is all there.
pub(crate) fn full(data: impl Into<Bytes>) -> Body {
    Full::new(data.into()).map_err(|never| match never {}).boxed_unsync()
}

/// No body.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}
