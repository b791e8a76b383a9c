//! The stand-in token endpoint, `POST /v1/oauth/token`: exchanges a workload's own token for one that the API takes, as
//! Anthropic's workload identity federation does (RFC 7523, section 2.1, with a JSON body). What it checks is what the
//! real one documents: signature, issuer, audience, expiry, subject and the ids of rule, organisation and service account.

use std::collections::VecDeque;
use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::limits::FEDERATED_TOKENS_MAX;

/// The beta that the exchange asks for, and the one that calls with its tokens ask for (Anthropic's SDKs).
const EXCHANGE_BETA: &str = "oidc-federation-2026-04-01";
const OAUTH_BETA: &str = "oauth-2025-04-20";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What the real service allows clocks to differ, in seconds.
const SKEW_S: i64 = 30;
/// Bytes of an assertion.
const ASSERTION_BYTES_MAX: usize = 16 * 1024;

/// A federation rule with everything around it.
#[derive(Clone, Debug)]
pub struct Federation {
    /// Whose tokens count, compared byte for byte.
    pub issuer: String,
    /// That issuer's keys, as a JSON Web Key Set.
    pub jwks: Value,
    /// What `aud` must be.
    pub audience: String,
    /// What `sub` must be.
    pub subject: String,
    /// `fdrl_…`.
    pub rule_id: String,
    /// The organisation's id.
    pub organization_id: String,
    /// `svac_…`.
    pub service_account_id: String,
    /// `wrkspc_…`; the rule has one only when absent.
    pub workspace_id: Option<String>,
    /// How long the tokens that it gives live, in seconds. The real service has 60 to 86,400.
    pub life_s: u32,
}

/// The rule in force and what it gave.
#[derive(Debug, Default)]
pub(crate) struct Federated {
    rule: Option<Federation>,
    given: VecDeque<Given>,
    failing: u32,
}

#[derive(Debug)]
struct Given {
    token: String,
    until: Instant,
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    assertion: String,
    federation_rule_id: String,
    organization_id: String,
    service_account_id: String,
    workspace_id: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

impl Federated {
    pub(crate) fn set(&mut self, rule: Option<Federation>) {
        self.rule = rule;
    }

    /// The next exchanges fail with 503.
    pub(crate) fn fail(&mut self, times: u32) {
        self.failing = times;
    }

    /// Takes back every token that was given.
    pub(crate) fn forget(&mut self) {
        self.given.clear();
    }

    /// Whether calls must come with a token of this endpoint.
    pub(crate) fn is_on(&self) -> bool {
        self.rule.is_some()
    }

    /// Whether a call's token counts.
    pub(crate) fn takes(&self, headers: &HeaderMap, token: Option<&str>) -> bool {
        let now = Instant::now();
        let is_known = self.given.iter().any(|given| Some(given.token.as_str()) == token && given.until > now);
        is_known && has_beta(headers, OAUTH_BETA)
    }

    /// The answer to an exchange. `id` makes the token.
    ///
    /// # Errors
    /// What does not match, in the error shape of this service.
    pub(crate) fn exchange(
        &mut self,
        headers: &HeaderMap,
        body: &[u8],
        id: &str,
        now_s: i64,
    ) -> Result<Value, Failure> {
        if self.failing > 0 {
            self.failing -= 1;
            return Err(Failure::of(503, "the token endpoint is out of order (scripted)"));
        }
        let rule = self.rule.as_ref().ok_or_else(|| refused("no federation rule"))?;
        if !has_beta(headers, EXCHANGE_BETA) {
            return Err(Failure::invalid(format!("`anthropic-beta` must have `{EXCHANGE_BETA}`")));
        }
        let exchange: Exchange =
            serde_json::from_slice(body).map_err(|_| Failure::invalid("the body is not an exchange"))?;
        check(rule, &exchange, now_s)?;
        let token = format!("sk-ant-oat01-stand-in-{id}");
        if self.given.len() >= FEDERATED_TOKENS_MAX {
            self.given.pop_front();
        }
        let until = Instant::now() + Duration::from_secs(rule.life_s.into());
        self.given.push_back(Given { token: token.clone(), until });
        Ok(serde_json::json!({
            "access_token": token, "token_type": "Bearer", "expires_in": rule.life_s, "scope": "workspace:developer",
        }))
    }
}

fn check(rule: &Federation, exchange: &Exchange, now_s: i64) -> Result<(), Failure> {
    if exchange.grant_type != GRANT_TYPE {
        return Err(Failure::invalid("unknown `grant_type`"));
    }
    if exchange.assertion.len() > ASSERTION_BYTES_MAX {
        return Err(Failure::invalid("the assertion is too long"));
    }
    let ids = [
        (&exchange.federation_rule_id, &rule.rule_id, "federation_rule_id"),
        (&exchange.organization_id, &rule.organization_id, "organization_id"),
        (&exchange.service_account_id, &rule.service_account_id, "service_account_id"),
    ];
    if let Some((_, _, name)) = ids.into_iter().find(|(got, wanted, _)| got != wanted) {
        return Err(refused(&format!("another `{name}`")));
    }
    if rule.workspace_id.is_some() && exchange.workspace_id != rule.workspace_id {
        return Err(refused("another `workspace_id`"));
    }
    let claims = verified(rule, &exchange.assertion).ok_or_else(|| refused("the signature does not verify"))?;
    if claims.iss != rule.issuer || claims.sub != rule.subject {
        return Err(refused("another `iss` or `sub`"));
    }
    if claims.aud != rule.audience.as_str() && claims.aud != serde_json::json!([rule.audience]) {
        return Err(refused("another `aud`"));
    }
    let from = claims.nbf.or(claims.iat).unwrap_or(now_s);
    if claims.exp + SKEW_S <= now_s || from - SKEW_S > now_s {
        return Err(refused("expired, or not valid yet"));
    }
    Ok(())
}

/// The claims of a JWT that one of the rule's keys signed with RS256 (RFC 7515, section 5.2).
fn verified(rule: &Federation, jwt: &str) -> Option<Claims> {
    let (signed, signature) = jwt.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    if header["alg"] != "RS256" {
        return None;
    }
    let keys = rule.jwks["keys"].as_array()?;
    let key = keys.iter().find(|key| key["kid"] == header["kid"])?;
    let (n, e) = (decode(key["n"].as_str()?)?, decode(key["e"].as_str()?)?);
    let key = RsaPublicKeyComponents { n: &n, e: &e };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)?).ok()?;
    serde_json::from_slice(&decode(payload)?).ok()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn has_beta(headers: &HeaderMap, beta: &str) -> bool {
    let lines = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| one.trim() == beta)
}

fn refused(what: &str) -> Failure {
    Failure::of(401, format!("the assertion matches no federation rule: {what}"))
}
