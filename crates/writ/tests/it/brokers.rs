//! Credentials end to end: through the API of a real server, to real relying parties.

mod anthropic;
pub(crate) mod aws;
mod clients;
mod delivery;
mod exec;
mod fixed;
mod flow;
mod github;
mod http;
pub(crate) mod postgres;
pub(crate) mod real;
pub(crate) mod ssh;
mod token;
pub(crate) mod vault;
pub(crate) mod verify;
