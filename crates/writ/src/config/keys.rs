//! All keys of the configuration file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use control::limits::OVERLAP_DEFAULT;
use domain::{Name, Span};
use serde::{Deserialize, Deserializer};

use super::section::section;

section! {
    /// The server itself.
    Config [""] {
        /// Address to listen on. Plain http is only allowed on loopback; any other address needs `[tls]`.
        /// The variable `WRIT_LISTEN` and the option `--listen` win over it.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 7878)), "\"127.0.0.1:7878\"";
        /// How people and agents reach this server, for links and as base URL: `"https://writ.example.com"`.
        public_url: Option<String> = None, "made from `listen`";
        /// Folder for the database; made when it does not exist. `--data-dir` wins over it.
        data_dir: PathBuf = PathBuf::from("writ-data"), "\"writ-data\"";
        /// Folder for keys, apart from the database so that a copy of either is worth little without the other: the log's
        /// key, and what opens the sealed names of people. Processes that share a database share it. Back it up apart,
        /// and let its backups expire: docs/privacy.md.
        keys_dir: Option<PathBuf> = None, "`keys` in `data_dir`";
        /// Program and arguments that print the key under which secrets in the database are sealed: 32 bytes as base64 or
        /// hexadecimal, one key a line, the newest first. Run once at start: `["/usr/local/bin/unwrap", "writ"]`.
        seal_key_command: Option<Vec<String>> = None, "the files `seal.key*` in `keys_dir`, made at the first start";
        /// What the log is called in its checkpoints; fixed when the log is begun.
        log_origin: Option<String> = None, "the host of `public_url`, followed by `/writ`";
        /// Trust policy (C2SP tlog-policy) that names the witnesses who cosign this log's checkpoints: docs/witness.md.
        trust_policy: Option<PathBuf> = None, "no witnesses";
        /// Whether a checkpoint is published although too few witnesses cosigned it. `false` publishes nothing new until
        /// they did.
        publish_without_quorum: bool = true, "true";
        /// Where the sealed log is kept as files that standard tools verify: a folder, or `"s3://bucket/prefix"` with the
        /// usual `AWS_*` variables: docs/operating.md.
        archive: Option<String> = None, "nowhere";
        /// Database: `"sqlite:FILE"` or `"postgres://…"`. `--database` wins over it.
        database: Option<String> = None, "`writ.db` in `data_dir`";
        /// How durable an SQLite commit is: `"full"` survives a power cut, `"normal"` only the death of the process.
        synchronous: Synchronous = Synchronous::Full, "\"full\"";
        /// How long a stop waits for running streams before it cuts them.
        shutdown_grace: Length = Length(Span::from_secs(30)), "\"30s\"";
        /// Older name of `url` in `[issuer]`; only one of them can be given.
        issuer_url: Option<String> = None, "unset";
        /// Certificate and key, for https.
        tls: Option<Tls> = None, "no https";
        /// Who signs writs and tokens, and for whom.
        issuer: Issuer = Issuer::default(), "RS256, for writ itself only";
        /// Model services, tried in this order when one cannot be reached or is overloaded.
        upstreams: Vec<Upstream> = Vec::new(), "the Anthropic API with the key in `ANTHROPIC_API_KEY`";
        /// What calls cost.
        prices: Prices = Prices::default(), "list prices";
        /// Where copies of the log's entries go.
        exports: Vec<Export> = Vec::new(), "none";
        /// Relying parties that may ask whether a token is alive.
        introspection: Vec<Introspection> = Vec::new(), "none: auditors and administrators only";
        /// What the server writes to standard error.
        log: Log = Log::default(), "text, from level info";
    }
}

section! {
    /// Https with files. Both keys are needed.
    Tls ["[tls]"] {
        /// PEM file with the certificate chain, leaf first.
        certificate: Option<PathBuf> = None, "required";
        /// PEM file with the private key.
        key: Option<PathBuf> = None, "required";
    }
}

section! {
    /// The issuer of writs and tokens (JWT): docs/issuer.md.
    Issuer ["[issuer]"] {
        /// What tokens have in `iss`, compared byte for byte: it must stay the same for ever. https without port, query and
        /// slash at its end, or AWS and others do not take it: `"https://id.example.com"`.
        url: Option<String> = None, "`public_url`";
        /// What new keys sign with: `"RS256"`, which everybody takes, or `"ES256"`, which Entra and Ceph do not. Keys that
        /// are there stay; `writ keys rotate` makes the next one.
        algorithm: Algorithm = Algorithm::Rs256, "\"RS256\"";
        /// Whether keys are published with certificates (`x5c`), which Ceph wants and Google refuses in uploaded keys.
        x5c: bool = false, "false";
        /// How long a new key is published before it signs, 10 minutes to 30 days: as long as relying parties keep keys.
        overlap: Length = Length(OVERLAP_DEFAULT), "\"1d\"";
        /// Whom tokens are made for; nobody else can be asked for.
        audiences: Vec<IssuerAudience> = Vec::new(), "none";
    }
}

section! {
    /// One relying party that takes tokens; repeat the table for more (at most 64).
    IssuerAudience ["[[issuer.audiences]]"] {
        /// What tokens for it have in `aud`: `"sts.amazonaws.com"`.
        name: Option<String> = None, "required";
        /// What it is, which sets its bounds: `"aws"`, `"azure"`, `"gcp"`, `"kubernetes"`, `"anthropic"`, `"vault"`, `"ceph"`,
        /// `"registry"` or `"generic"`.
        kind: Option<String> = None, "by `name` for AWS, Azure and Google, else `\"generic\"`";
        /// What `sub` is made from, with `{project.id}`, `{project.name}`, `{profile}`, `{developer.id}`, `{session.id}` and
        /// `{team.id}`.
        subject: Option<String> = None, "\"project:{project.id}:profile:{profile}\"";
    }
}

section! {
    /// One model service that speaks the Messages API; repeat the table for more (at most 8).
    /// Its key stays in the server: exactly one of `key_file`, `key_env` and `federation` says where it comes from.
    Upstream ["[[upstreams]]"] {
        /// Its name, in reports and metrics.
        name: Option<String> = None, "required";
        /// What `/v1/messages` is appended to: `"https://api.anthropic.com"`. Plain http only on loopback.
        base_url: Option<String> = None, "required";
        /// File whose first line is the key.
        key_file: Option<PathBuf> = None, "unset";
        /// Environment variable that holds the key.
        key_env: Option<String> = None, "unset";
        /// How the key is sent: `"x-api-key"` or `"bearer"`.
        key_header: KeyHeader = KeyHeader::XApiKey, "\"x-api-key\"";
        /// No key at all: writ asks a token endpoint for short-lived ones. See the next table.
        federation: Option<Federation> = None, "unset";
    }
}

section! {
    /// How writ gets short-lived keys for the model service above it by Anthropic's workload identity federation, so that
    /// none is stored: docs/brokers/anthropic.md.
    Federation ["[upstreams.federation]"] {
        /// The token endpoint.
        token_url: String = "https://api.anthropic.com/v1/oauth/token".to_owned(), "\"https://api.anthropic.com/v1/oauth/token\"";
        /// The federation rule: `"fdrl_…"`.
        rule_id: Option<String> = None, "required";
        /// The organisation's id.
        organization_id: Option<String> = None, "required";
        /// The service account that calls are made as: `"svac_…"`.
        service_account_id: Option<String> = None, "required";
        /// The workspace, `"wrkspc_…"`, where the rule has more than one.
        workspace_id: Option<String> = None, "the rule's own";
        /// What the rule has as audience, byte for byte.
        audience: String = "https://api.anthropic.com".to_owned(), "\"https://api.anthropic.com\"";
        /// What the rule has as subject.
        subject: String = "installation".to_owned(), "\"installation\"";
    }
}

section! {
    /// What calls cost: the built-in dated price book, changed by these.
    Prices ["[prices]"] {
        /// JSON file with rows that replace or add to the built-in price book.
        overrides: Option<PathBuf> = None, "unset";
        /// Negotiated factor on list prices, a decimal in quotes above 0 and at most 1: `"0.85"`.
        multiplier: Option<String> = None, "list prices";
        /// Whether the factor covers fees per use (web searches) too.
        multiplier_applies_to_fees: bool = false, "false";
    }
}

section! {
    /// One follower of the log that carries its entries out; repeat the table for more (at most 16). How each kind is
    /// set up is in `docs/exports.md`.
    Export ["[[exports]]"] {
        /// Its name: a-z, 0-9, `.`, `_`, `-`. Its place in the log is kept under it, so a new name begins anew.
        name: Option<Name> = None, "required";
        /// `"webhook"`, `"otlp"`, `"syslog"` or `"file"`.
        kind: Option<ExportKind> = None, "required";
        /// Webhooks and files: `"cloudevents"` or `"ocsf"` (1.8.0). Syslog always carries OCSF.
        format: Option<ExportFormat> = None, "cloudevents for webhooks, ocsf for files";
        /// Webhooks and OTLP: the whole address. Plain http only on loopback.
        url: Option<String> = None, "required for these";
        /// Files: which one. It is made when it does not exist, and made anew when it was moved away.
        path: Option<PathBuf> = None, "required for these";
        /// Syslog: `"tls://host:port"`, `"unix:/dev/log"`, or, on loopback only, `"tcp://…"` or `"udp://…"`.
        address: Option<String> = None, "required for these";
        /// File whose first line is the secret: what webhooks are signed with (`whsec_` and base64, required), or a bearer
        /// token for OTLP (optional).
        secret_file: Option<PathBuf> = None, "unset";
        /// Environment variable that holds the secret.
        secret_env: Option<String> = None, "unset";
        /// Webhooks: events in one request, at most 200. With 1 each comes by itself, else they come as a list.
        batch: u32 = 1, "1";
        /// Only entries whose type begins with one of these: `["session.", "call.refused"]`.
        types: Vec<String> = Vec::new(), "all entries";
        /// Where a new export begins: `"first"` entry of the log, or the `"next"` one.
        start: ExportStart = ExportStart::First, "\"first\"";
        /// How long a failure that may pass is tried again before an entry is given up. A receiver that cannot be reached
        /// is waited for as long as it takes.
        retry_for: Length = Length(Span::from_secs(3600)), "\"1h\"";
    }
}

section! {
    /// One relying party that may ask `POST /v1/introspect` (RFC 7662) about the tokens that were made for it, with a secret of
    /// its own; repeat the table for more (at most 64): docs/verify.md.
    Introspection ["[[introspection]]"] {
        /// For whom the tokens were made that it may ask about.
        audience: Option<String> = None, "required";
        /// File whose first line is the secret, at least 32 characters: `openssl rand -hex 32` makes one.
        secret_file: Option<PathBuf> = None, "unset";
        /// Environment variable that holds the secret.
        secret_env: Option<String> = None, "unset";
    }
}

section! {
    /// Structured logs, on standard error. Prompts, answers, keys and tokens are never logged.
    Log ["[log]"] {
        /// `"text"` for people, `"json"` for machines.
        format: LogFormat = LogFormat::Text, "\"text\"";
        /// Least important lines to write: `"error"`, `"warn"`, `"info"` or `"debug"`.
        level: LogLevel = LogLevel::Info, "\"info\"";
    }
}

/// How durable an SQLite commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Synchronous {
    Full,
    Normal,
}

/// What keys sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
}

/// How an upstream key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyHeader {
    XApiKey,
    Bearer,
}

/// Where an export goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExportKind {
    Webhook,
    Otlp,
    Syslog,
    File,
}

/// Shape of an exported event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExportFormat {
    Ocsf,
    CloudEvents,
}

/// Where a new export begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExportStart {
    First,
    Next,
}

/// Shape of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Least important lines to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

/// A length of time, as people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length(pub(crate) Span);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::duration::parse_span(&text).map(Self).map_err(serde::de::Error::custom)
    }
}
