//! The data plane: a model call is identified, admitted, forwarded, metered and settled.
//!
//! Must not know the log, the store, SQL or the HTTP API: it asks the control plane through one small trait,
//! [`Authority`]. Bytes of an answer never wait for parsing, and none leaves before its reservation is durable.
//!
//! The phases are files: `identify` → `admit` → `forward` → `stream` with its `meter` → `call` (settle).

mod admit;
mod authority;
mod body;
mod burst;
mod call;
mod claims;
mod config;
mod connector;
mod exchange;
mod forward;
mod gateway;
mod headers;
mod identify;
mod intake;
mod kept;
pub mod limits;
mod listener;
mod meter;
mod metrics;
mod outbound;
mod rejection;
mod relay;
mod route;
mod stream;
mod tap;
mod upstreams;

pub use authority::{Authority, Caller};
pub use body::{Body, BodyError};
pub use config::{Config, ConfigError, Credential, Upstream, is_loopback};
pub use connector::client_tls;
pub use gateway::Gateway;
pub use kept::Keeper;
pub use listener::{Listener, ListenerLimits, PeerAddr};
pub use metrics::{Metrics, Snapshot};
pub use outbound::{Outbound, OutboundError};
pub use rejection::{Rejection, Retry};
pub use relay::{Relay, RelayError};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
