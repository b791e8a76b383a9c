//! The service as a client sees it, over real HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod bench;
mod client;
mod figures;
mod service;
mod stage;
mod stream;
mod tools;
mod trouble;
