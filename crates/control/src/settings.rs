//! What a control plane is started with. The TOML file, its defaults and its reference page belong to the `writ` crate.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use store::Synchronous;

/// Settings of one control plane process.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen. Without [`Settings::tls`] only a loopback address is allowed.
    pub listen: SocketAddr,
    /// How others reach this server, for links and the issuer; made from the listening address when absent.
    pub public_url: Option<String>,
    /// Certificate and key, for https.
    pub tls: Option<TlsFiles>,
    /// Folder for the embedded database; made when absent.
    pub data_dir: PathBuf,
    /// Folder for keys, apart from the database; `keys` in the data folder when absent. Processes that share a database
    /// share it.
    pub keys_dir: Option<PathBuf>,
    /// What the log is called in its checkpoints, fixed when it is begun; made from the public address when absent.
    pub log_origin: Option<String>,
    /// `sqlite:PATH` or `postgres://…`; `writ.db` in the data folder when absent.
    pub database: Option<String>,
    /// How durable an SQLite commit is.
    pub synchronous: Synchronous,
    /// Model services, tried in this order.
    pub upstreams: Vec<UpstreamSettings>,
    /// What calls cost.
    pub prices: PriceSettings,
    /// How long a graceful stop lets streams finish.
    pub shutdown_grace: Duration,
    /// Issuer of the writs; the public address when absent.
    pub issuer_url: Option<String>,
}

/// Certificate chain and private key, as PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// One model service.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// Its name in settlements and metrics.
    pub name: String,
    /// Where `/v1/messages` is appended.
    pub base_url: String,
    /// Where its key comes from.
    pub credential: CredentialSource,
    /// How its key is sent.
    pub header: CredentialHeader,
}

/// Where an upstream key comes from. It is read at start and never printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSource {
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

/// How an upstream key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialHeader {
    /// `x-api-key: KEY`.
    ApiKey,
    /// `authorization: Bearer KEY`.
    Bearer,
}

/// What calls cost.
#[derive(Debug, Clone, Default)]
pub struct PriceSettings {
    /// Rows that replace or add to the built-in price book.
    pub overrides: Option<PathBuf>,
    /// Negotiated factor on list prices, a decimal above 0 and at most 1.
    pub multiplier: Option<String>,
    /// Whether the factor covers per-use fees too.
    pub multiplier_applies_to_fees: bool,
}
