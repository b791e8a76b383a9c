//! What a configuration must fulfil beyond its syntax, and what the control plane is started with. Fails closed: the error
//! names the field.

use std::path::{Path, PathBuf};
use std::time::Duration;

use control::limits::SEAL_COMMAND_WORDS_MAX;
use control::settings::{
    ArchiveSettings, CredentialHeader, CredentialSource, FederationSettings, PriceSettings, Settings, TlsFiles,
    UpstreamCredential, UpstreamSettings,
};
use http::Uri;

use super::keys::{Config, Federation, KeyHeader, Prices, Synchronous, Tls, Upstream};
use super::{Variables, exports, introspection, issuer, read_bounded};
use crate::client::is_loopback;
use crate::command_error::CommandError;

/// Model services that can be named; the gateway tries them one after the other.
const UPSTREAMS_MAX: usize = 8;
const ANTHROPIC_KEY: &str = "ANTHROPIC_API_KEY";

impl Config {
    /// Checks every field and returns what the control plane takes.
    ///
    /// # Errors
    /// Usage errors that name the field.
    pub(crate) fn settings(&self) -> Result<Settings, CommandError> {
        let tls = self.tls.as_ref().map(tls_files).transpose()?;
        if tls.is_none() && !self.listen.ip().is_loopback() {
            return Err(bad(
                "listen",
                format!("`{}` is not loopback, and plain http is only allowed there", self.listen),
            )
            .hinted("add a [tls] table with certificate and key, or listen on 127.0.0.1 behind a TLS proxy"));
        }
        let upstreams = self.model_services();
        if upstreams.len() > UPSTREAMS_MAX {
            return Err(bad("upstreams", format!("{} model services, the limit is {UPSTREAMS_MAX}", upstreams.len())));
        }
        check_names(&upstreams)?;
        check_url("public_url", self.public_url.as_deref())?;
        check_database(self.database.as_deref())?;
        check_command("seal_key_command", self.seal_key_command.as_deref())?;
        check_origin(self.log_origin.as_deref())?;
        check_trust_policy(self.trust_policy.as_deref())?;
        let archive = self.archive.as_deref().map(str::parse::<ArchiveSettings>).transpose();
        Ok(Settings {
            listen: self.listen,
            public_url: self.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
            tls,
            data_dir: self.data_dir.clone(),
            keys_dir: self.keys_dir.clone(),
            seal_key_command: self.seal_key_command.clone(),
            log_origin: self.log_origin.clone(),
            trust_policy: self.trust_policy.clone(),
            archive: archive.map_err(|what| bad("archive", what))?,
            publish_without_quorum: self.publish_without_quorum,
            database: self.database.clone(),
            synchronous: match self.synchronous {
                Synchronous::Full => control::settings::Synchronous::Full,
                Synchronous::Normal => control::settings::Synchronous::Normal,
            },
            upstreams: upstreams.iter().enumerate().map(upstream).collect::<Result<_, _>>()?,
            prices: prices(&self.prices)?,
            shutdown_grace: Duration::from_millis(self.shutdown_grace.0.as_millis()),
            issuer: issuer::settings(self)?,
            exports: exports::settings(&self.exports)?,
            introspection: introspection::settings(&self.introspection)?,
        })
    }

    /// Checks that every upstream key and export secret can be read here; apart, because a file may be checked on another machine.
    ///
    /// # Errors
    /// Names the field, never the key.
    pub(crate) fn check_secrets(&self, variables: Variables<'_>) -> Result<(), CommandError> {
        for (index, upstream) in self.model_services().iter().enumerate() {
            let (file, variable) = (upstream.key_file.as_deref(), upstream.key_env.as_deref());
            check_secret(&format!("upstreams[{index}].key"), file, variable, variables)?;
        }
        for (index, export) in self.exports.iter().enumerate() {
            let (file, variable) = (export.secret_file.as_deref(), export.secret_env.as_deref());
            check_secret(&format!("exports[{index}].secret"), file, variable, variables)?;
        }
        for (index, party) in self.introspection.iter().enumerate() {
            let (file, variable) = (party.secret_file.as_deref(), party.secret_env.as_deref());
            check_secret(&format!("introspection[{index}].secret"), file, variable, variables)?;
        }
        Ok(())
    }

    /// The model services, or the one that is meant when none is named.
    fn model_services(&self) -> Vec<Upstream> {
        if !self.upstreams.is_empty() {
            return self.upstreams.clone();
        }
        vec![Upstream {
            name: Some("anthropic".to_owned()),
            base_url: Some("https://api.anthropic.com".to_owned()),
            key_env: Some(ANTHROPIC_KEY.to_owned()),
            ..Upstream::default()
        }]
    }
}

pub(super) fn bad(field: &str, what: impl std::fmt::Display) -> CommandError {
    CommandError::usage(format!("{field}: {what}"))
}

fn tls_files(tls: &Tls) -> Result<TlsFiles, CommandError> {
    let file = |field: &str, path: &Option<PathBuf>| {
        let path = path.clone().ok_or_else(|| bad(field, "is missing"))?;
        check_file(field, &path).map(|()| path)
    };
    Ok(TlsFiles { certificate: file("tls.certificate", &tls.certificate)?, key: file("tls.key", &tls.key)? })
}

fn upstream((index, upstream): (usize, &Upstream)) -> Result<UpstreamSettings, CommandError> {
    let field = |key: &str| format!("upstreams[{index}].{key}");
    let name =
        upstream.name.clone().filter(|name| !name.is_empty()).ok_or_else(|| bad(&field("name"), "is missing"))?;
    let base_url = upstream.base_url.clone().ok_or_else(|| bad(&field("base_url"), "is missing"))?;
    check_url(&field("base_url"), Some(&base_url))?;
    let source = match (&upstream.key_file, &upstream.key_env, &upstream.federation) {
        (Some(path), None, None) => CredentialSource::File(path.clone()),
        (None, Some(name), None) => CredentialSource::Env(name.clone()),
        (None, None, Some(federation)) => {
            let credential = UpstreamCredential::Federated(federated(federation, &field)?);
            return Ok(UpstreamSettings { name, base_url: base_url.trim_end_matches('/').to_owned(), credential });
        }
        (None, None, None) => {
            return Err(bad(&field("key_file"), "one of key_file, key_env and federation is needed"));
        }
        _ => return Err(bad(&field("key_file"), "only one of key_file, key_env and federation can be given")),
    };
    let header = match upstream.key_header {
        KeyHeader::XApiKey => CredentialHeader::ApiKey,
        KeyHeader::Bearer => CredentialHeader::Bearer,
    };
    let credential = UpstreamCredential::Key { source, header };
    Ok(UpstreamSettings { name, base_url: base_url.trim_end_matches('/').to_owned(), credential })
}

fn federated(federation: &Federation, field: &impl Fn(&str) -> String) -> Result<FederationSettings, CommandError> {
    let name = |key: &str| field(&format!("federation.{key}"));
    let id = |key: &str, value: &Option<String>| {
        value.clone().filter(|id| !id.is_empty()).ok_or_else(|| bad(&name(key), "is missing"))
    };
    check_url(&name("token_url"), Some(&federation.token_url))?;
    for (key, text) in [("audience", &federation.audience), ("subject", &federation.subject)] {
        if text.is_empty() || text.len() > 255 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad(&name(key), "is not 1 to 255 visible ASCII characters"));
        }
    }
    Ok(FederationSettings {
        token_url: federation.token_url.clone(),
        rule_id: id("rule_id", &federation.rule_id)?,
        organization_id: id("organization_id", &federation.organization_id)?,
        service_account_id: id("service_account_id", &federation.service_account_id)?,
        workspace_id: federation.workspace_id.clone(),
        audience: federation.audience.clone(),
        subject: federation.subject.clone(),
    })
}

/// The rule for names of keys in signed notes (C2SP signed-note).
fn check_origin(origin: Option<&str>) -> Result<(), CommandError> {
    let usable = |origin: &str| {
        (1..=255).contains(&origin.len()) && !origin.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
    };
    match origin {
        Some(origin) if !usable(origin) => {
            Err(bad("log_origin", "is 1 to 255 bytes without spaces and `+`, such as `writ.example.com/log`"))
        }
        _ => Ok(()),
    }
}

/// A program with its arguments; whether it can be run is known at start only.
fn check_command(field: &str, command: Option<&[String]>) -> Result<(), CommandError> {
    let Some(command) = command else { return Ok(()) };
    if command.first().is_none_or(String::is_empty) {
        return Err(bad(field, "names no program: expected `[\"PROGRAM\", \"ARGUMENT\"]`"));
    }
    if command.len() > SEAL_COMMAND_WORDS_MAX {
        return Err(bad(field, format!("{} words, the limit is {SEAL_COMMAND_WORDS_MAX}", command.len())));
    }
    Ok(())
}

/// Read here as well as at start, so that `check-config` finds what a start would. Whether it names this log is known
/// at start only.
fn check_trust_policy(path: Option<&Path>) -> Result<(), CommandError> {
    let Some(path) = path else { return Ok(()) };
    let wrong = || bad("trust_policy", format!("`{}`", path.display()));
    let text = read_bounded(path).map_err(|error| error.within("trust_policy"))?;
    let policy = ledger::TrustPolicy::parse(text.as_bytes()).map_err(|error| wrong().because(&error))?;
    control::cosign::Witnesses::check(&policy).map_err(|error| wrong().because(&error))
}

/// Reports and metrics tell model services apart by name.
fn check_names(upstreams: &[Upstream]) -> Result<(), CommandError> {
    for (index, upstream) in upstreams.iter().enumerate() {
        let Some(name) = &upstream.name else { continue };
        if upstreams[..index].iter().any(|earlier| earlier.name.as_ref() == Some(name)) {
            return Err(bad(&format!("upstreams[{index}].name"), format!("`{name}` is used twice")));
        }
    }
    Ok(())
}

/// The keys are `FIELD_file` and `FIELD_env`.
fn check_secret(
    field: &str,
    file: Option<&Path>,
    variable: Option<&str>,
    variables: Variables<'_>,
) -> Result<(), CommandError> {
    if let Some(path) = file {
        let field = format!("{field}_file");
        let text = read_bounded(path).map_err(|error| error.within(&field))?;
        if text.lines().next().is_none_or(|line| line.trim().is_empty()) {
            return Err(bad(&field, format!("the first line of `{}` is empty", path.display())));
        }
    }
    match variable {
        Some(name) if variables(name).is_none_or(|value| value.is_empty()) => {
            Err(bad(&format!("{field}_env"), format!("the variable `{name}` is not set")))
        }
        _ => Ok(()),
    }
}

/// Prices are read here as well as at start, so that `check-config` finds what a start would.
fn prices(prices: &Prices) -> Result<PriceSettings, CommandError> {
    let mut book = metering::PriceBook::builtin();
    if let Some(path) = &prices.overrides {
        let text = read_bounded(path).map_err(|error| error.within("prices.overrides"))?;
        book = book
            .with_overrides(&text)
            .map_err(|error| bad("prices.overrides", format!("`{}`", path.display())).because(&error))?;
    }
    if let Some(multiplier) = &prices.multiplier {
        book.with_multiplier(multiplier, prices.multiplier_applies_to_fees)
            .map_err(|error| bad("prices.multiplier", format!("`{multiplier}`")).because(&error))?;
    }
    Ok(PriceSettings {
        overrides: prices.overrides.clone(),
        multiplier: prices.multiplier.clone(),
        multiplier_applies_to_fees: prices.multiplier_applies_to_fees,
    })
}

/// `https` anywhere, `http` on this machine only.
pub(super) fn check_url(field: &str, url: Option<&str>) -> Result<(), CommandError> {
    let Some(text) = url else { return Ok(()) };
    let uri: Option<Uri> = text.parse().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?)));
    match parts {
        Some(("https", _)) => Ok(()),
        Some(("http", host)) if is_loopback(host) => Ok(()),
        Some(("http", _)) => Err(bad(field, format!("`{text}` is plain http to another machine; use https"))),
        _ => Err(bad(field, format!("`{text}` is not a URL such as `https://example.com`"))),
    }
}

/// The URL may hold a password, so it is never repeated.
fn check_database(database: Option<&str>) -> Result<(), CommandError> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    match database {
        Some(url) if !known.iter().any(|start| url.starts_with(start)) => {
            Err(bad("database", "expected `sqlite:FILE` or `postgres://…`"))
        }
        _ => Ok(()),
    }
}

fn check_file(field: &str, path: &Path) -> Result<(), CommandError> {
    let opened = std::fs::File::open(path);
    opened.map(drop).map_err(|error| bad(field, format!("cannot read `{}`", path.display())).because(&error))
}
