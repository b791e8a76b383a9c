//! The one integration test binary of the workspace: everything that needs the whole program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod archive;
mod audit;
mod brokers;
mod calls;
mod config;
mod console;
mod crash;
mod demo;
mod erase;
mod exports;
mod git;
mod hooks;
mod hostile;
mod issuer;
mod launcher;
mod leak_sweep;
mod locks;
mod mock_plane;
mod openapi;
mod push;
mod real_client;
mod recovery;
mod reference;
mod revoke;
mod routes;
mod store_gone;
mod support;
mod tidy;
mod two_nodes;
mod who;
mod witness;
mod workspaces;
