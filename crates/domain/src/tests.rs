#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]
//! Tests of the laws: what each decision says, properties over arbitrary sequences, and a seeded simulation.

mod any_command;
mod any_event;
mod bounds;
mod decisions;
pub(crate) mod house;
mod laws;
mod model;
mod reference;
mod refusals;
pub(crate) mod run;
mod simulation;
