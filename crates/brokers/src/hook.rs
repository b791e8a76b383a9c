//! The broker for an operator's HTTP endpoint: it is told by POST what to make or to end, in requests signed like writ's
//! webhooks, and answers like a command does (docs/brokers/http.md).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{Name, Span, Time};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::broker::{Broker, BrokerError, Chance, Secrets, Tools};
use crate::open::SettingsError;
use crate::plugin::{Action, Carrier, Plugin, TargetSettings, Told, time_limit};
use crate::{WebhookSecret, limits, web_address};

/// The secret that requests are signed with.
const SIGNING_SECRET: &str = "signing_secret";
/// The secret that is sent as bearer.
const BEARER: &str = "bearer";
/// The longest wait that an endpoint may ask for: a session is told, and should not take it for never.
const WAIT_SECONDS_MAX: u64 = 3600;

/// Settings of this kind. Its secrets are `signing_secret` (`whsec_…`, required) and `bearer` (optional).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where a credential is asked for.
    url: String,
    /// Where one is ended (`url`).
    revoke_url: Option<String>,
    /// How long an answer may take, in seconds (10; at most 60).
    timeout_seconds: Option<u64>,
    /// What it makes credentials for.
    targets: BTreeMap<Name, TargetSettings>,
}

/// The operator's endpoint.
struct Endpoint {
    name: String,
    mint_url: Uri,
    revoke_url: Uri,
    signing: WebhookSecret,
    bearer: Option<HeaderValue>,
    within: Duration,
}

/// Reads settings and secrets.
pub(crate) fn open(settings: &str, mut secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    let settings: Settings = serde_json::from_str(settings)?;
    let mint_url = web_address::read("url", &settings.url)?;
    let revoke_url = settings.revoke_url.as_deref().map(|url| web_address::read("revoke_url", url)).transpose()?;
    let needed = || {
        SettingsError::new(format!("the secret `{SIGNING_SECRET}` is missing: `whsec_` and 24 to 64 bytes in base64"))
    };
    let signing = secrets.remove(SIGNING_SECRET).ok_or_else(needed)?;
    let wrong = |what: String| SettingsError::new(format!("`{SIGNING_SECRET}`: {what}"));
    let signing = WebhookSecret::read(&signing).map_err(wrong)?;
    let bearer = secrets.remove(BEARER).map(|bearer| bearer_header(&bearer)).transpose()?;
    if let Some(name) = secrets.keys().next() {
        return Err(SettingsError::new(format!("the secret `{name}` is none of `{SIGNING_SECRET}` and `{BEARER}`")));
    }
    let endpoint = Endpoint {
        name: format!("the endpoint at `{}`", mint_url.authority().map_or("", |authority| authority.as_str())),
        revoke_url: revoke_url.unwrap_or_else(|| mint_url.clone()),
        mint_url,
        signing,
        bearer,
        within: time_limit(settings.timeout_seconds)?,
    };
    Ok(Arc::new(Plugin::new(endpoint, settings.targets)?))
}

fn bearer_header(token: &str) -> Result<HeaderValue, SettingsError> {
    let text = Zeroizing::new(format!("Bearer {token}"));
    let wrong = |_| SettingsError::new(format!("the secret `{BEARER}` has characters that no HTTP header can carry"));
    let mut value = HeaderValue::from_str(&text).map_err(wrong)?;
    value.set_sensitive(true);
    Ok(value)
}

// === impl Endpoint ===

impl Endpoint {
    fn request(&self, told: &Told<'_>, now: Time) -> Request<Bytes> {
        let (url, action) = match told.action {
            Action::Mint => (&self.mint_url, "mint"),
            Action::Revoke => (&self.revoke_url, "revoke"),
        };
        let body = Bytes::from(told.json.clone());
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static(concat!("writ/", env!("CARGO_PKG_VERSION")))),
        ]);
        // The same for every try, so that the endpoint can tell a repetition.
        self.signing.sign(&mut headers, &format!("{}-{action}", told.order.credential), now, &body);
        if let Some(bearer) = &self.bearer {
            headers.insert(AUTHORIZATION, bearer.clone());
        }
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.clone();
        *request.headers_mut() = headers;
        request
    }

    fn judge(&self, told: &Told<'_>, answer: Response<Bytes>) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        let who = format!("{}, asked for `{}`,", self.name, told.order.target);
        let status = answer.status();
        match status.as_u16() {
            200..=299 if answer.body().len() > limits::PLUGIN_ANSWER_BYTES_MAX => {
                let max = limits::PLUGIN_ANSWER_BYTES_MAX;
                Err(BrokerError::operator(format!("{who} answered more than {max} bytes")).perhaps_minted())
            }
            200..=299 => Ok(Zeroizing::new(answer.into_body().to_vec())),
            // Gone is what it should be.
            410 if told.action == Action::Revoke => Ok(Zeroizing::default()),
            300..=399 => Err(BrokerError::operator(format!(
                "{who} answered {status}, and writ follows no redirects: set `url` and `revoke_url` to where it really is"
            ))),
            429 => Err(BrokerError::away(format!("{who} asks for a pause ({status}): try again later"))
                .not_before(retry_after(&answer))),
            408 | 500.. => {
                Err(BrokerError::away(format!("{who} is out of order ({status}): try again, and look into its log"))
                    .not_before(retry_after(&answer))
                    .perhaps_minted())
            }
            401 | 403 => Err(BrokerError::refused(format!(
                "{who} refused with {status}: compare the signing secret and the bearer on both sides, and the clocks; or it does not want this session to have it"
            ))),
            _ => Err(BrokerError::refused(format!("{who} refused with {status}: its own log says why"))),
        }
    }
}

/// RFC 9110 section 10.2.3, the form with seconds.
fn retry_after(answer: &Response<Bytes>) -> Option<Span> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Span::from_secs(seconds.min(WAIT_SECONDS_MAX)))
}

impl Carrier for Endpoint {
    fn name(&self) -> &str {
        &self.name
    }

    fn shows(&self) -> &'static str {
        "what the operator's endpoint makes of it: it is told session, developer and project"
    }

    fn within(&self) -> Duration {
        self.within
    }

    async fn tell(&self, told: Told<'_>, tools: &Tools, chance: Chance) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
        let request = self.request(&told, chance.now);
        let answer = tools.wire.send(request, self.within).await.map_err(|error| {
            let error = BrokerError::from(error);
            BrokerError { text: format!("{} cannot be asked: {}", self.name, error.text), ..error }
        })?;
        self.judge(&told, answer)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.mint_url.host()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
