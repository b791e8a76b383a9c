//! How the gateway is set up: its upstreams with their credentials, and its bounds.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use http::header::HeaderValue;

use crate::kept::Kept;
use crate::limits;

/// What the API wants to find in `anthropic-beta` beside a token of its token endpoint (Anthropic's SDKs,
/// `OAUTH_API_BETA_HEADER`).
const OAUTH_BETA: &str = "oauth-2025-04-20";

/// Configuration of a [`crate::Gateway`]. [`Config::new`] gives the documented default of everything but the upstreams.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where calls go, tried in order; 1 to [`limits::UPSTREAMS_MAX`].
    pub upstreams: Vec<Upstream>,
    /// How upstreams are trusted; none means the machine's own root certificates and the bundled ones.
    pub tls: Option<rustls::ClientConfig>,
    /// Bytes of one request body ([`limits::BODY_BYTES_MAX`]).
    pub body_bytes_max: usize,
    /// Bytes of all request bodies held at one time ([`limits::BODIES_IN_FLIGHT_BYTES_MAX`]).
    pub bodies_in_flight_bytes_max: usize,
    /// Longest pause within a request body ([`limits::BODY_IDLE_MAX`]).
    pub body_idle_max: Duration,
    /// Longest time for a whole request body ([`limits::BODY_TOTAL_MAX`]).
    pub body_total_max: Duration,
    /// Longest time for one connection to an upstream ([`limits::CONNECT_MAX`]).
    pub connect_max: Duration,
    /// Longest wait for the head of an answer ([`limits::HEAD_MAX`]).
    pub head_max: Duration,
    /// Longest silence within an answer ([`limits::STREAM_IDLE_MAX`]); noticed within twice this time.
    pub stream_idle_max: Duration,
}

/// One model service.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Its name in entries, logs and error texts.
    pub name: String,
    /// Where it is: `https://…`, or `http://…` on loopback only; a path is put in front of the request's.
    pub base_url: Uri,
    /// What it is asked with.
    pub credential: Credential,
}

/// What an upstream is asked with. It does not print; the one way out is the request that it is set on.
#[derive(Clone)]
pub struct Credential(Source);

/// Where a credential's key comes from.
#[derive(Debug, Clone)]
enum Source {
    /// It stays as it is.
    Fixed(Key),
    /// A [`Keeper`](crate::Keeper) renews it.
    Kept(Kept),
}

/// A key and the header it goes into. It does not print.
#[derive(Clone)]
pub(crate) struct Key {
    kind: KeyKind,
    value: HeaderValue,
}

#[derive(Debug, Clone, Copy)]
enum KeyKind {
    ApiKey,
    Bearer,
    /// A bearer token of Anthropic's token endpoint.
    OAuth,
}

/// Why a configuration is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No upstream, or too many.
    #[error("a gateway has 1 to {} upstreams, not {found}", limits::UPSTREAMS_MAX)]
    UpstreamCount {
        /// How many there are.
        found: usize,
    },
    /// The address is unusable.
    #[error("upstream `{name}`: base_url {problem}")]
    BaseUrl {
        /// Which upstream.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The credential cannot be sent.
    #[error("the credential is empty or has characters that no HTTP header can carry (a line break, perhaps)")]
    Credential,
    /// No root certificates, or none usable.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl Config {
    /// The default configuration for these upstreams.
    pub fn new(upstreams: Vec<Upstream>) -> Self {
        Self {
            upstreams,
            tls: None,
            body_bytes_max: limits::BODY_BYTES_MAX,
            bodies_in_flight_bytes_max: limits::BODIES_IN_FLIGHT_BYTES_MAX,
            body_idle_max: limits::BODY_IDLE_MAX,
            body_total_max: limits::BODY_TOTAL_MAX,
            connect_max: limits::CONNECT_MAX,
            head_max: limits::HEAD_MAX,
            stream_idle_max: limits::STREAM_IDLE_MAX,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let found = self.upstreams.len();
        if found == 0 || found > limits::UPSTREAMS_MAX {
            return Err(ConfigError::UpstreamCount { found });
        }
        self.upstreams.iter().try_for_each(Upstream::check)
    }
}

impl Upstream {
    fn check(&self) -> Result<(), ConfigError> {
        let bad = |problem| ConfigError::BaseUrl { name: self.name.clone(), problem };
        if self.base_url.query().is_some() {
            return Err(bad("must not have a query"));
        }
        check_address(&self.base_url).map_err(bad)
    }
}

/// What writ connects to on its own: `https` anywhere, plain `http` on this machine only; no user, no password.
pub(crate) fn check_address(url: &Uri) -> Result<(), &'static str> {
    let authority = url.authority().ok_or("needs a scheme and a host")?;
    if authority.as_str().contains('@') {
        return Err("must not carry a user or a password");
    }
    match url.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(authority.host()) => Ok(()),
        Some("http") => Err("may be plain http on loopback only: use https"),
        _ => Err("needs the scheme https"),
    }
}

/// Whether a host, as it stands in a URL, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Credential {
    /// A key that goes into `x-api-key`.
    ///
    /// # Errors
    /// [`ConfigError::Credential`] if it is empty or no header can carry it.
    pub fn api_key(key: &str) -> Result<Self, ConfigError> {
        Key::new(KeyKind::ApiKey, key).map(|key| Self(Source::Fixed(key)))
    }

    /// A token that goes into `authorization: Bearer`.
    ///
    /// # Errors
    /// [`ConfigError::Credential`] if it is empty or no header can carry it.
    pub fn bearer(token: &str) -> Result<Self, ConfigError> {
        Key::bearer(token).map(|key| Self(Source::Fixed(key)))
    }

    pub(crate) fn kept(kept: Kept) -> Self {
        Self(Source::Kept(kept))
    }

    /// The key now, and which one of many it is; none when it is renewed and there is none.
    pub(crate) fn now(&self) -> Option<(u64, Key)> {
        match &self.0 {
            Source::Fixed(key) => Some((0, key.clone())),
            Source::Kept(kept) => kept.now(),
        }
    }

    /// Who can say whether there is a newer key, if it is ever renewed.
    pub(crate) fn renewed(&self) -> Option<&Kept> {
        match &self.0 {
            Source::Fixed(_) => None,
            Source::Kept(kept) => Some(kept),
        }
    }
}

impl Key {
    fn bearer(token: &str) -> Result<Self, ConfigError> {
        Self::new_bearer(KeyKind::Bearer, token)
    }

    /// A token of Anthropic's token endpoint, which the API takes together with a beta header only.
    pub(crate) fn oauth(token: &str) -> Result<Self, ConfigError> {
        Self::new_bearer(KeyKind::OAuth, token)
    }

    fn new_bearer(kind: KeyKind, token: &str) -> Result<Self, ConfigError> {
        if token.is_empty() {
            return Err(ConfigError::Credential);
        }
        Self::new(kind, &format!("Bearer {token}"))
    }

    fn new(kind: KeyKind, text: &str) -> Result<Self, ConfigError> {
        let mut value = HeaderValue::from_str(text).map_err(|_| ConfigError::Credential)?;
        if value.is_empty() {
            return Err(ConfigError::Credential);
        }
        value.set_sensitive(true);
        Ok(Self { kind, value })
    }

    pub(crate) fn set_on(&self, headers: &mut http::HeaderMap) {
        match self.kind {
            KeyKind::ApiKey => headers.insert(crate::headers::X_API_KEY, self.value.clone()),
            KeyKind::Bearer | KeyKind::OAuth => headers.insert(http::header::AUTHORIZATION, self.value.clone()),
        };
        if matches!(self.kind, KeyKind::OAuth) {
            crate::headers::add_beta(headers, OAUTH_BETA);
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(key) => key.fmt(f),
            Source::Kept(_) => f.write_str("Renewed(…)"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(…)", self.kind)
    }
}

#[cfg(test)]
mod tests;
