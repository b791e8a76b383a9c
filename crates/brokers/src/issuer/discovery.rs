//! The discovery document (OpenID Connect Discovery 1.0, section 3): where the keys are, and what tokens are like.
//!
//! There is no authorization endpoint: nobody signs in here, tokens are made for sessions. AWS, Google, Entra, Kubernetes
//! and Vault read `issuer` and `jwks_uri` only; AWS wants the other lists to be there.

use serde_json::{Value, json};

use super::aws;
use crate::SigningAlgorithm;

/// The path of the key set below the issuer's address.
const KEYS_PATH: &str = "/.well-known/jwks.json";

/// The document of an issuer whose published keys sign with these.
pub fn discovery(issuer: &str, algorithms: impl IntoIterator<Item = SigningAlgorithm>) -> Value {
    let mut algorithms: Vec<SigningAlgorithm> = algorithms.into_iter().collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let algorithms: Vec<&str> = algorithms.into_iter().map(SigningAlgorithm::as_str).collect();
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}{KEYS_PATH}"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": [
            "iss", "sub", "aud", "iat", "nbf", "exp", "jti", "act", "session.id", "developer.id", "project.id",
            "session", "developer", "project", "profile", aws::TAGS, aws::SOURCE_IDENTITY,
        ],
    })
}
