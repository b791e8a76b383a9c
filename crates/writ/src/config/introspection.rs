//! What a relying party that may ask about tokens must fulfil.

use control::limits::INTROSPECTORS_MAX;
use control::settings::{CredentialSource, IntrospectionSettings};

use super::check::bad;
use super::keys::Introspection;
use crate::command_error::CommandError;

/// What the control plane takes for these tables.
///
/// # Errors
/// Usage errors that name the field.
pub(super) fn settings(parties: &[Introspection]) -> Result<Vec<IntrospectionSettings>, CommandError> {
    if parties.len() > INTROSPECTORS_MAX {
        let text = format!("{} relying parties, the limit is {INTROSPECTORS_MAX}", parties.len());
        return Err(bad("introspection", text));
    }
    let one = |(index, party): (usize, &Introspection)| {
        let field = |key: &str| format!("introspection[{index}].{key}");
        let audience = party.audience.clone().filter(|audience| !audience.is_empty());
        let audience = audience.ok_or_else(|| bad(&field("audience"), "is missing"))?;
        let secret = match (&party.secret_file, &party.secret_env) {
            (Some(path), None) => CredentialSource::File(path.clone()),
            (None, Some(name)) => CredentialSource::Env(name.clone()),
            (Some(_), Some(_)) => {
                return Err(bad(&field("secret_file"), "only one of secret_file and secret_env can be given"));
            }
            (None, None) => return Err(bad(&field("secret_file"), "one of secret_file and secret_env is needed")),
        };
        Ok(IntrospectionSettings { audience, secret })
    };
    parties.iter().enumerate().map(one).collect()
}
