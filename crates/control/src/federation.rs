//! Keys for model services that nobody stores: the installation asserts who it is, a token endpoint answers with a token
//! that lives for minutes, and the gateway's calls go out with it (Anthropic's workload identity federation, which is RFC
//! 7523, section 2.1, with a JSON body). The token is in memory only.

use std::sync::Arc;
use std::time::Duration;

use brokers::Assertion;
use bytes::Bytes;
use gateway::{Keeper, Outbound};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::limits::{
    FEDERATION_ASSERTION_LIFE, FEDERATION_BACK_OFF_MAX, FEDERATION_PAUSE_MIN, FEDERATION_REQUEST_MAX,
    FEDERATION_TOKEN_LIFE_MAX,
};
use crate::plane::ControlPlane;
use crate::seam;
use crate::settings::FederationSettings;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What the token endpoint wants to find in `anthropic-beta` (Anthropic's SDKs).
const BETAS: &str = "oauth-2025-04-20,oidc-federation-2026-04-01";

/// One upstream whose key is got by federation.
pub(crate) struct Federation {
    upstream: String,
    settings: FederationSettings,
    url: Uri,
    keeper: Keeper,
    outbound: Outbound,
}

/// What is sent: every field is named by Anthropic's WIF reference, "Token exchange request".
#[derive(Serialize)]
struct Exchange<'a> {
    grant_type: &'static str,
    assertion: &'a str,
    federation_rule_id: &'a str,
    organization_id: &'a str,
    service_account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<&'a str>,
}

/// RFC 6749, section 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: Zeroizing<String>,
    expires_in: u64,
    token_type: Option<String>,
}

/// A token that was got, and when it stops to count.
struct Token {
    text: Zeroizing<String>,
    life: Duration,
    until: Instant,
}

// === impl Federation ===

impl Federation {
    /// # Errors
    /// What is wrong with the settings.
    pub(crate) fn new(upstream: &str, settings: &FederationSettings, keeper: Keeper) -> Result<Self, String> {
        let url: Uri = settings.token_url.parse().map_err(|_| format!("`{}` is not a URL", settings.token_url))?;
        Outbound::check(&url).map_err(|error| error.to_string())?;
        let outbound = Outbound::new(None).map_err(|error| error.to_string())?;
        Ok(Self { upstream: upstream.to_owned(), settings: settings.clone(), url, keeper, outbound })
    }

    /// Keeps the key fresh until `stop`.
    pub(crate) async fn run(self, plane: Arc<ControlPlane>, stop: CancellationToken) {
        let mut held: Option<Token> = None;
        let mut failures = 0_u32;
        loop {
            let asked = Instant::now();
            let got = tokio::select! {
                () = stop.cancelled() => return,
                got = self.exchange(&plane) => got,
            };
            let due = match got.and_then(|token| self.renew(&token).map(|()| token)) {
                Ok(token) => {
                    tracing::info!(upstream = %self.upstream, life_s = token.life.as_secs(), "got a key from the token endpoint");
                    failures = 0;
                    let due = asked + token.life.mul_f64(0.75);
                    held = Some(token);
                    due
                }
                Err(error) => {
                    self.keeper.failed();
                    failures = failures.saturating_add(1);
                    let left_s = held.as_ref().map_or(0, |token| (token.until - asked).as_secs());
                    tracing::warn!(upstream = %self.upstream, failures, left_s, error, "no key from the token endpoint: it is asked again");
                    Instant::now() + back_off(failures)
                }
            };
            let due = due.max(asked + FEDERATION_PAUSE_MIN);
            if !self.wait(due, asked, failures > 0, &mut held, &stop).await {
                return;
            }
        }
    }

    fn renew(&self, token: &Token) -> Result<(), String> {
        self.keeper.renew(&token.text).map_err(|_| "it gave a token that no header can carry".to_owned())
    }

    /// Waits until it is time to ask again: when `due`, or when the upstream refuses the key that calls have. False when
    /// writ stops.
    async fn wait(
        &self,
        due: Instant,
        asked: Instant,
        is_failing: bool,
        held: &mut Option<Token>,
        stop: &CancellationToken,
    ) -> bool {
        loop {
            let until = held.as_ref().map(|token| token.until);
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep_until(due) => return true,
                () = tokio::time::sleep_until(until.unwrap_or(due)), if until.is_some() => {
                    *held = None;
                    self.keeper.drop_key();
                    tracing::error!(upstream = %self.upstream, "the key has expired and there is no new one: calls are refused");
                }
                // The endpoint is not asked more often because it has none.
                () = self.keeper.wanted(), if is_failing => self.keeper.failed(),
                () = self.keeper.wanted(), if !is_failing => {
                    tracing::warn!(upstream = %self.upstream, "the model service refuses the key: a new one is asked for");
                    tokio::select! {
                        () = stop.cancelled() => return false,
                        () = tokio::time::sleep_until(asked + FEDERATION_PAUSE_MIN) => return true,
                    }
                }
            }
        }
    }

    /// Asks once. Errors say what to look at; never the token, the assertion, or what the endpoint said.
    async fn exchange(&self, plane: &ControlPlane) -> Result<Token, String> {
        let assertion = self.assertion(plane)?;
        let settings = &self.settings;
        let exchange = Exchange {
            grant_type: GRANT_TYPE,
            assertion: &assertion,
            federation_rule_id: &settings.rule_id,
            organization_id: &settings.organization_id,
            service_account_id: &settings.service_account_id,
            workspace_id: settings.workspace_id.as_deref(),
        };
        let body = serde_json::to_vec(&exchange).map_err(|error| error.to_string())?;
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static(concat!("writ/", env!("CARGO_PKG_VERSION")))),
            (HeaderName::from_static("anthropic-beta"), HeaderValue::from_static(BETAS)),
        ]);
        // Its life is counted from before it was made.
        let asked = Instant::now();
        let answer = self.outbound.post(&self.url, headers, Bytes::from(body), FEDERATION_REQUEST_MAX).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status() != StatusCode::OK {
            return Err(refused(answer.status()));
        }
        let granted: Granted = serde_json::from_slice(answer.body()).map_err(|_| strange())?;
        let is_bearer = granted.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        if !is_bearer || granted.access_token.is_empty() || granted.expires_in == 0 {
            return Err(strange());
        }
        let life = Duration::from_secs(granted.expires_in).min(FEDERATION_TOKEN_LIFE_MAX);
        Ok(Token { text: granted.access_token, life, until: asked + life })
    }

    fn assertion(&self, plane: &ControlPlane) -> Result<Zeroizing<String>, String> {
        let now = plane.clock.now();
        let id = format!("{:032x}", u128::from_le_bytes(seam::random()));
        let assertion = Assertion {
            subject: &self.settings.subject,
            audience: &self.settings.audience,
            id: &id,
            issued_at: now,
            expires_at: now + FEDERATION_ASSERTION_LIFE,
        };
        let issuer = plane.issuer().map_err(|error| error.to_string())?;
        issuer.assertion(&assertion).map(Zeroizing::new).map_err(|error| error.to_string())
    }
}

fn refused(status: StatusCode) -> String {
    let hint = match status.as_u16() {
        400 | 401 | 403 | 404 => {
            "check the federation rule (issuer, keys, audience, subject, ids) and this machine's clock; the authentication events in the vendor's console say more"
        }
        300..=399 => "redirects are not followed: set `token_url` to where it really is",
        _ => "it is out of order",
    };
    format!("the token endpoint answered {status}: {hint}")
}

fn strange() -> String {
    "the token endpoint answered something that is no bearer token with a life".to_owned()
}

/// Doubled with each failure.
fn back_off(failures: u32) -> Duration {
    FEDERATION_PAUSE_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(FEDERATION_BACK_OFF_MAX)
}
