//! What a control plane is started with. The TOML file, its defaults and its reference page belong to the `writ` crate.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use brokers::{RelyingParties, SigningAlgorithm};
use domain::Span;

use crate::limits::OVERLAP_DEFAULT;

pub use crate::export::syslog::SyslogAddress;
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
    /// Program and arguments that print the keys under which secrets in the database are sealed; files in the folder of
    /// keys when absent.
    pub seal_key_command: Option<Vec<String>>,
    /// What the log is called in its checkpoints, fixed when it is begun; made from the public address when absent.
    pub log_origin: Option<String>,
    /// Whose cosignatures the log's checkpoints need (C2SP tlog-policy), as a file; nobody's when absent.
    pub trust_policy: Option<PathBuf>,
    /// Where the sealed log is kept as files; nowhere when absent.
    pub archive: Option<ArchiveSettings>,
    /// Whether a checkpoint is published though its witnesses do not suffice.
    pub publish_without_quorum: bool,
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
    /// What signs writs and tokens, and for whom.
    pub issuer: IssuerSettings,
    /// Where copies of the log's entries go.
    pub exports: Vec<ExportSettings>,
    /// Relying parties that may ask about tokens.
    pub introspection: Vec<IntrospectionSettings>,
}

/// A relying party that may ask about tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntrospectionSettings {
    /// About those that were made for this audience.
    pub audience: String,
    /// Where its secret comes from.
    pub secret: CredentialSource,
}

/// The issuer of writs and tokens.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// Its address; the public address when absent.
    pub url: Option<String>,
    /// What new keys sign with.
    pub algorithm: SigningAlgorithm,
    /// Whether keys are published with certificates (`x5c`).
    pub certificates: bool,
    /// How long a new key is published before it signs.
    pub overlap: Span,
    /// Those that tokens are made for.
    pub parties: Arc<RelyingParties>,
}

impl Default for IssuerSettings {
    fn default() -> Self {
        Self {
            url: None,
            algorithm: SigningAlgorithm::default(),
            certificates: false,
            overlap: OVERLAP_DEFAULT,
            parties: Arc::default(),
        }
    }
}

/// Where an archive lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveSettings {
    /// A folder; made when absent.
    Folder(PathBuf),
    /// A bucket of a service that speaks S3. Region, credentials and endpoint come from the usual `AWS_*` variables.
    S3 {
        /// Its name.
        bucket: String,
        /// What the files' names begin with, without slashes at its ends; nothing when absent.
        prefix: Option<String>,
    },
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
    /// What it is asked with.
    pub credential: UpstreamCredential,
}

/// What a model service is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamCredential {
    /// A key that somebody keeps.
    Key {
        /// Where it comes from.
        source: CredentialSource,
        /// How it is sent.
        header: CredentialHeader,
    },
    /// Tokens of a token endpoint, which knows this installation by its issuer: no key is kept.
    Federated(FederationSettings),
}

/// A federation rule at a model service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationSettings {
    /// Its token endpoint.
    pub token_url: String,
    /// The rule's id.
    pub rule_id: String,
    /// The organisation's id.
    pub organization_id: String,
    /// The id of the account that calls are made as.
    pub service_account_id: String,
    /// The id of the workspace, where the rule has several.
    pub workspace_id: Option<String>,
    /// What the rule has as audience.
    pub audience: String,
    /// What the rule has as subject.
    pub subject: String,
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

/// One export: a follower of the log that carries entries out.
#[derive(Debug, Clone)]
pub struct ExportSettings {
    /// Its name, under which its cursor is kept.
    pub name: String,
    /// Where it goes.
    pub sink: SinkSettings,
    /// Beginnings of the entry types that are wanted; all when empty.
    pub types: Vec<String>,
    /// Whether a new export begins with the next entry instead of the first.
    pub from_now: bool,
    /// How long a failure that may pass is tried again before an entry is given up.
    pub retry_for: Duration,
}

/// Where an export goes.
#[derive(Debug, Clone)]
pub enum SinkSettings {
    /// Signed HTTP requests.
    Webhook {
        /// Where to.
        url: String,
        /// Where the signing secret comes from (`whsec_…`).
        secret: CredentialSource,
        /// The shape of an event.
        format: ExportFormat,
        /// Events in one request; 1 sends each by itself.
        batch: usize,
    },
    /// OpenTelemetry logs, OTLP over HTTP with JSON.
    Otlp {
        /// The whole address, usually `…/v1/logs`.
        url: String,
        /// Where a bearer token comes from, if the collector wants one.
        bearer: Option<CredentialSource>,
    },
    /// Syslog messages with OCSF events.
    Syslog {
        /// Where to.
        address: SyslogAddress,
    },
    /// JSON lines in a file.
    File {
        /// Which one.
        path: PathBuf,
        /// The shape of an event.
        format: ExportFormat,
    },
}

/// The shape of an exported event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// OCSF 1.8.0.
    Ocsf,
    /// CloudEvents 1.0.
    CloudEvents,
}

impl FromStr for ArchiveSettings {
    type Err = String;

    /// `DIR` or `s3://BUCKET[/PREFIX]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("`{text}` is neither a folder nor an address such as `s3://bucket/prefix`");
        let Some((scheme, rest)) = text.split_once("://") else {
            return if text.is_empty() { Err(expected()) } else { Ok(Self::Folder(text.into())) };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let is_name = |name: &str| !name.is_empty() && name != "." && name != ".." && is_plain(name);
        if scheme != "s3" || !is_name(bucket) || !(prefix.is_empty() || prefix.split('/').all(is_name)) {
            return Err(expected());
        }
        let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix })
    }
}

impl ExportSettings {
    /// Whether entries of a type are wanted.
    pub fn wants(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|start| kind.starts_with(start.as_str()))
    }

    /// What kind of export it is, and the shape of its events, as spelled in the configuration.
    pub fn kind(&self) -> (&'static str, &'static str) {
        match &self.sink {
            SinkSettings::Webhook { format, .. } => ("webhook", format.as_str()),
            SinkSettings::Otlp { .. } => ("otlp", "otlp"),
            SinkSettings::Syslog { .. } => ("syslog", "ocsf"),
            SinkSettings::File { format, .. } => ("file", format.as_str()),
        }
    }
}

impl ExportFormat {
    /// The shape's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ocsf => "ocsf",
            Self::CloudEvents => "cloudevents",
        }
    }
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
