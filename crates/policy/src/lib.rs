//! Who may do what. The only maker of a [`Permit`]: an operation that takes one cannot be called without asking here.
//!
//! Scope: the rules are fixed and built in, one table in `action.rs`; there is no policy language in this crate. They
//! guard reading and the console. What changes state is decided again by `domain::decide`, which these rules never
//! exceed. Knows nothing of I/O, clocks, HTTP or SQL.

mod action;
mod denial;
pub mod limits;
mod permit;
pub mod rules;

pub use action::{
    Action, ManageBrokers, ManageExports, ManageKeys, ManagePeople, ManageProjects, ReadBrokers, ReadCost, ReadKeys,
    ReadLog, ReadPeople, ReadSession, ReadSessions, RevokeSession,
};
pub use denial::Denial;
pub use permit::{Permit, authorize};
pub use rules::{Rules, RulesError};

#[cfg(test)]
mod tests;
