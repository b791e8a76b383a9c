//! The issuer: what relying parties are served, keys over their whole life, and the commands.

mod commands;
mod nodes;
mod rotation;
mod served;
mod upgrade;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::support::Caller;

/// The published keys, as an independent library reads them.
async fn published(caller: &Caller) -> JwkSet {
    let answer = caller.get("/.well-known/jwks.json").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// Verifies as a relying party does: the key by its name in what is published, then signature and audience. Whether it is
/// expired is for the test, whose clock may be another one than this machine's.
fn verified(keys: &JwkSet, token: &str, audience: &str) -> Option<Value> {
    let head = decode_header(token).unwrap();
    let key = keys.find(head.kid.as_deref()?)?;
    let mut validation = Validation::new(head.alg);
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    validation.set_audience(&[audience]);
    Some(decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims)
}
