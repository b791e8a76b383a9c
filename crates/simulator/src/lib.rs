//! The stand-in model service: it speaks the Messages API over plain HTTP on
//! loopback and answers from scripts, so that `writ demo`, the tests and the
//! benchmarks need neither a network nor a key.
//!
//! It also has a stand-in token endpoint (`POST /v1/oauth/token`), for who
//! gets a key by workload identity federation.
//!
//! No model runs here. Every answer carries `x-stand-in: writ-simulator`, so
//! nobody can mistake it for the real service; nothing on a production path
//! may link this crate.
//!
//! What a request gets is decided by the request alone: the newest user text
//! with a marker `SCENARIO:<name>` picks the script, and the number of
//! assistant messages after it picks the step. The table of scripts is in
//! [`scenarios`]. Byte streams that no HTTP library would send are in
//! [`HostileServer`].

mod answer;
mod config;
mod failure;
mod federation;
mod hostile;
mod ids;
mod json;
mod limits;
mod marker;
mod message;
mod play;
mod running;
pub mod scenarios;
mod seen;
mod service;
mod shared;
mod side;
mod sse;
mod stage;
mod turn;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

pub use config::{Config, Faults};
pub use federation::Federation;
pub use hostile::{Hostile, HostileServer};
pub use running::{Running, Simulator};
pub use seen::{Delivery, Seen};
pub use stage::{Actor, Line};
