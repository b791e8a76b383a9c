#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

pub(crate) mod log;
