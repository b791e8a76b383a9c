//! Reads upstream keys, prices and certificates: everything a start takes from files and the environment.

use std::path::Path;
use std::sync::Arc;

use gateway::{Credential, Keeper, Upstream};
use ledger::TrustPolicy;
use metering::PriceBook;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::cosign::Witnesses;
use crate::federation::Federation;
use crate::server::StartError;
use crate::settings::{
    CredentialHeader, CredentialSource, PriceSettings, TlsFiles, UpstreamCredential, UpstreamSettings,
};

/// A model service, and who gets its key where it is got.
pub(crate) fn upstream(settings: &UpstreamSettings) -> Result<(Upstream, Option<Federation>), StartError> {
    let bad = |what: String| StartError::Field { field: format!("upstreams.{}", settings.name), what };
    let base_url = settings.base_url.parse().map_err(|_| bad(format!("`{}` is not a URL", settings.base_url)))?;
    let (credential, federation) = match &settings.credential {
        UpstreamCredential::Key { source, header } => (stored(source, *header).map_err(bad)?, None),
        UpstreamCredential::Federated(federated) => {
            let (keeper, credential) = Keeper::new();
            (credential, Some(Federation::new(&settings.name, federated, keeper).map_err(bad)?))
        }
    };
    Ok((Upstream { name: settings.name.clone(), base_url, credential }, federation))
}

fn stored(source: &CredentialSource, header: CredentialHeader) -> Result<Credential, String> {
    let key = read_key(source)?;
    let credential = match header {
        CredentialHeader::ApiKey => Credential::api_key(&key),
        CredentialHeader::Bearer => Credential::bearer(&key),
    };
    credential.map_err(|error| error.to_string())
}

/// The first line, without white space around it.
pub(crate) fn read_key(source: &CredentialSource) -> Result<String, String> {
    let text = match source {
        CredentialSource::File(path) => read(path)?,
        CredentialSource::Env(name) => {
            std::env::var(name).map_err(|_| format!("the environment variable `{name}` is not set"))?
        }
    };
    let key = text.lines().next().unwrap_or_default().trim();
    if key.is_empty() { Err("the key is empty".to_owned()) } else { Ok(key.to_owned()) }
}

pub(crate) fn price_book(settings: &PriceSettings) -> Result<PriceBook, StartError> {
    let bad = |field: &str, what: String| StartError::Field { field: format!("prices.{field}"), what };
    let mut book = PriceBook::builtin();
    if let Some(path) = &settings.overrides {
        let text = read(path).map_err(|what| bad("overrides", what))?;
        book = book.with_overrides(&text).map_err(|error| bad("overrides", error.to_string()))?;
    }
    if let Some(multiplier) = &settings.multiplier {
        let covers_fees = settings.multiplier_applies_to_fees;
        book = book.with_multiplier(multiplier, covers_fees).map_err(|error| bad("multiplier", error.to_string()))?;
    }
    Ok(book)
}

/// The trust policy in a file, with addresses that can be sent to; and the file's text.
pub(crate) fn trust_policy(path: Option<&Path>) -> Result<Option<(TrustPolicy, String)>, StartError> {
    let Some(path) = path else { return Ok(None) };
    let bad = |what: String| StartError::Field { field: "trust_policy".to_owned(), what };
    let text = read(path).map_err(bad)?;
    let policy = TrustPolicy::parse(text.as_bytes()).map_err(|error| bad(error.to_string()))?;
    Witnesses::check(&policy).map_err(|error| bad(error.to_string()))?;
    Ok(Some((policy, text)))
}

/// What a server of ours speaks TLS with.
///
/// # Errors
/// The certificate or the key cannot be read.
pub fn tls(files: &TlsFiles) -> Result<Arc<ServerConfig>, StartError> {
    let bad = |field: &str, what: String| StartError::Field { field: format!("tls.{field}"), what };
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad("certificate", format!("`{}`: {error}", files.certificate.display())))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| bad("key", format!("`{}`: {error}", files.key.display())))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("certificate", error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| bad("certificate", error.to_string()))?;
    Ok(Arc::new(config))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))
}
