//! The console: pages as pure functions of plain view models, rendered on the server, with no script at all.
//!
//! Knows nothing of HTTP, of sign-in or of the store: a handler runs the same operation as the JSON API, fills in a
//! view model with texts that are ready to show, and calls one function here. Pages carry no inline style, no inline
//! script and no event attribute, so they work under `default-src 'none'; style-src 'self'; img-src 'self'`.

mod asset;
mod badge;
mod brokers;
mod budget;
mod chart;
mod cost;
mod credentials;
mod error;
mod frame;
mod locks;
mod session;
mod sessions;
mod sign_in;
mod text;

pub use asset::{Asset, CSS, asset, css_path, icon_path};
pub use badge::{Badge, Tone};
pub use brokers::{BrokerRow, BrokersPage, Switch, TargetRow, brokers_page};
pub use budget::Budget;
pub use chart::{Chart, Day, Series};
pub use cost::{CostFilter, CostPage, CostRow, Figures, cost_page};
pub use credentials::{CredentialRow, CredentialsPage, KnownAs, Show, UnrevokedRow, Waiting, credentials_page};
pub use error::{ErrorPage, error_page};
pub use frame::{Frame, Link};
pub use locks::{FrozenCard, Holder, LockRow, LocksPage, WorkPlace, WorkRow, locks_page};
pub use session::{CallRow, EntryRow, Revoke, SessionPage, SubAgentRow, session_page};
pub use sessions::{SessionRow, SessionsPage, sessions_page};
pub use sign_in::{SignInPage, sign_in_page};
pub use text::{Moment, count};

#[cfg(test)]
mod tests;
