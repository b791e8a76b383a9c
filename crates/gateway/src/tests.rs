//! The gateway as its clients and upstreams see it: real sockets, the stand-in model service, hostile ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod ending;
mod failover;
mod hostile;
mod http2;
mod passing;
mod refusing;
mod renewing;
mod reserving;
