#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod answers;
mod clocks;
mod keys;
mod scopes;
mod settings;
mod support;
mod tokens;
