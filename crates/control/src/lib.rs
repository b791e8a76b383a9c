//! The control plane: the scribe (the single writer), one operation per verb, the HTTP API, sign-in and the console as
//! thin modules on top.
//!
//! Knows nothing of SQL (that is `store`), of Cedar or roles' rules (that is `policy`), of prices (that is `metering`),
//! of configuration files or the command line (that is `writ`). Time and chance enter through [`seam`] only.

pub mod archive;
pub mod console;
pub mod cosign;
pub mod error;
pub mod export;
pub mod http;
pub mod keys;
pub mod limits;
pub mod notary;
pub mod operations;
pub mod people;
pub mod plane;
pub mod scribe;
pub mod seals;
pub mod seam;
pub mod server;
pub mod settings;
pub mod settlements;
pub mod signing;
pub mod vending;
pub mod view;
pub mod witness;

mod federation;
mod feed;
mod follower;
mod introspectors;
mod lock_figures;
mod lock_holds;
mod nodes;
mod password;
mod reaper;
mod revoker;
mod snapshot;
mod text;
mod upstreams;

pub use server::{Server, StartError};
pub use settings::{
    ArchiveSettings, CredentialHeader, CredentialSource, ExportFormat, ExportSettings, FederationSettings,
    IntrospectionSettings, IssuerSettings, PriceSettings, Settings, SinkSettings, Synchronous, SyslogAddress, TlsFiles,
    UpstreamCredential, UpstreamSettings,
};
pub use upstreams::tls as server_tls;

#[cfg(test)]
mod tests;
