//! Exports: followers of the log that carry each entry out to somebody else's system, at least once and in order.
//!
//! Nothing here is asked before something happens: an export reads what is durable, and may lag or stop without any
//! wall noticing. What leaves is what the log holds: pseudonymous ids, figures and digests; names stay here. The pure
//! shapes are in `ocsf`, `cloudevents`, `otlp` and `syslog`; what speaks to the outside is a [`sink`].

pub mod cloudevents;
mod line;
pub mod ocsf;

pub use line::{Line, Owner};

#[cfg(test)]
mod tests;
