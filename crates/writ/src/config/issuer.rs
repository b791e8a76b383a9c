//! What the issuer must fulfil: an address that relying parties take, and relying parties that take what it signs.

use std::sync::Arc;

use brokers::{Audience, Issuer, PartyKind, RelyingParties, RelyingParty, SigningAlgorithm, SubjectTemplate};
use control::IssuerSettings;
use control::limits::{OVERLAP_MAX, OVERLAP_MIN};

use super::check::{bad, check_url};
use super::keys::{Algorithm, Config, IssuerAudience};
use crate::command_error::CommandError;

/// What the control plane takes for these tables.
///
/// # Errors
/// Usage errors that name the field.
pub(super) fn settings(config: &Config) -> Result<IssuerSettings, CommandError> {
    let issuer = &config.issuer;
    let algorithm = match issuer.algorithm {
        Algorithm::Rs256 => SigningAlgorithm::Rs256,
        Algorithm::Es256 => SigningAlgorithm::Es256,
    };
    let overlap = issuer.overlap.0;
    if !(OVERLAP_MIN..=OVERLAP_MAX).contains(&overlap) {
        return Err(bad("issuer.overlap", format!("{overlap} is not between {OVERLAP_MIN} and {OVERLAP_MAX}")));
    }
    let parties = issuer.audiences.iter().enumerate().map(|(index, audience)| party(index, audience));
    let parties =
        RelyingParties::new(parties.collect::<Result<_, _>>()?).map_err(|error| bad("issuer.audiences", error))?;
    for (index, party) in parties.iter().enumerate() {
        party.check(algorithm, issuer.x5c).map_err(|error| bad(&format!("issuer.audiences[{index}].kind"), error))?;
    }
    Ok(IssuerSettings { url: url(config)?, algorithm, certificates: issuer.x5c, overlap, parties: Arc::new(parties) })
}

/// The address, under its new or its old name.
fn url(config: &Config) -> Result<Option<String>, CommandError> {
    let (field, url) = match (&config.issuer.url, &config.issuer_url) {
        (Some(_), Some(_)) => {
            return Err(bad("issuer_url", "only one of it and `url` in `[issuer]` can be given")
                .hinted("keep the value under `url` in `[issuer]`, the newer name"));
        }
        (Some(url), None) => ("issuer.url", url),
        (None, Some(url)) => ("issuer_url", url),
        (None, None) => return Ok(None),
    };
    check_url(field, Some(url))?;
    Issuer::check_address(url).map_err(|error| bad(field, format!("`{url}`")).because(&error))?;
    Ok(Some(url.clone()))
}

fn party(index: usize, audience: &IssuerAudience) -> Result<RelyingParty, CommandError> {
    let field = |key: &str| format!("issuer.audiences[{index}].{key}");
    let name = audience.name.as_ref().ok_or_else(|| bad(&field("name"), "is missing"))?;
    let name: Audience = name.parse().map_err(|error| bad(&field("name"), error))?;
    let kind = match &audience.kind {
        Some(kind) => kind.parse().map_err(|error: String| bad(&field("kind"), error))?,
        None => PartyKind::of_audience(&name),
    };
    let subject = match &audience.subject {
        Some(text) => text.parse().map_err(|error| bad(&field("subject"), format!("`{text}`")).because(&error))?,
        None => SubjectTemplate::default(),
    };
    RelyingParty::new(name, kind, subject).map_err(|error| bad(&field("name"), error))
}
