//! What a model call cost: request facts, usage parsers, the price book, prices and upper bounds.
//!
//! Knows nothing of I/O, clocks, async, randomness or HTTP: bytes and time are arguments. Parses bytes of strangers, so
//! every parser here is bounded (see [`limits`]) and fuzzed, and nothing in it can fail a stream that is being forwarded.

pub mod billed;
pub mod book;
pub mod bound;
pub mod limits;
pub mod observer;
pub mod price;
pub mod rate;
pub mod request;
pub mod settle;

mod book_file;
mod event;
mod instant;
mod model_id;
mod scan;
mod sse;
mod usage;

pub use billed::{Attempt, AttemptKind, BilledUsage};
pub use book::{BookError, PriceBook};
pub use bound::{affordable_max_tokens, upper_bound};
pub use observer::{Observed, Observer};
pub use price::{Priced, price};
pub use request::{RequestFacts, ScanError};
pub use settle::Settled;

#[cfg(test)]
mod tests;
