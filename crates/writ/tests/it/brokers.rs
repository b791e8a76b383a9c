//! Credentials end to end: through the API of a real server, to real relying parties.

mod anthropic;
mod aws;
mod clients;
mod delivery;
mod exec;
mod fixed;
mod flow;
mod github;
mod http;
mod postgres;
mod real;
mod ssh;
mod token;
pub(crate) mod vault;
mod verify;
