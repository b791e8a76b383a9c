//! The nouns of writ and their laws: what may happen ([`decide`]) and what it changes ([`State::apply`]).
//!
//! Knows nothing of I/O, clocks, async, randomness, SQL or HTTP: time is an argument, ids are made before and passed in.
//! Every replica folds the same entries with this code, so nothing here may depend on a map's iteration order
//! (only ordered maps are used) or on the machine it runs on.

pub mod actor;
pub mod artifact;
pub mod broker;
pub mod call;
pub mod certificate;
pub mod command;
pub mod credential;
pub mod developer;
pub mod digest;
pub mod event;
pub mod freeze;
pub mod grant;
pub mod id;
pub mod key;
pub mod limits;
pub mod lock;
pub mod money;
pub mod name;
pub mod node;
pub mod project;
pub mod push;
pub mod refusal;
pub mod resource;
pub mod scope;
pub mod session;
pub mod sign_in;
pub mod state;
pub mod team;
mod text;
pub mod time;
pub mod token;
pub mod usage;
pub mod write;

pub use actor::Actor;
pub use artifact::ArtifactKind;
pub use broker::BrokerKind;
pub use command::{Command, decide};
pub use developer::{Role, Roles};
pub use digest::Digest;
pub use event::Event;
pub use id::{CallId, CredentialId, DeveloperId, NodeId, ProjectId, RequestId, SessionId, SignInId, TeamId, TicketId};
pub use money::Usd;
pub use name::Name;
pub use refusal::Refusal;
pub use resource::Resource;
pub use scope::Scope;
pub use state::State;
pub use time::{Span, Time};
pub use token::{Token, TokenKind};
pub use usage::Usage;

#[cfg(test)]
extern crate self as domain; // so that the strategies in `tests/any_event.rs` read the same in this crate and in `ledger`
#[cfg(test)]
mod tests;
