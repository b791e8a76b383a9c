//! The two requests to GitHub, and what its answers mean.

use bytes::Bytes;
use domain::Time;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{Method, Request, Response, StatusCode, request};
use zeroize::Zeroizing;

use super::asked::Asked;
use super::limits;
use crate::broker::BrokerError;

/// GitHub refuses requests that do not say who asks.
const AGENT: HeaderValue = HeaderValue::from_static("writ");
const API_VERSION: &str = "x-github-api-version";

/// Where GitHub is and how it is spoken to.
#[derive(Debug)]
pub(super) struct Service {
    base_url: String,
    accept: HeaderValue,
    api_version: Option<HeaderValue>,
}

// === impl Service ===

impl Service {
    /// GitHub's API at this address, which has no slash at its end.
    pub(super) fn new(base_url: String, accept: HeaderValue, api_version: Option<HeaderValue>) -> Self {
        Self { base_url, accept, api_version }
    }

    /// The address.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// `POST /app/installations/{installation_id}/access_tokens`, as the App.
    pub(super) fn make_token(
        &self,
        installation: u64,
        statement: &Zeroizing<String>,
        asked: &Asked,
    ) -> Result<Request<Bytes>, BrokerError> {
        let path = format!("/app/installations/{installation}/access_tokens");
        let body = serde_json::to_vec(asked).map_err(|_| unsendable())?;
        let request = self.request(Method::POST, &path, statement)?;
        request.header(CONTENT_TYPE, "application/json").body(Bytes::from(body)).map_err(|_| unsendable())
    }

    /// `DELETE /installation/token`, as the token itself.
    pub(super) fn end_token(&self, token: &str) -> Result<Request<Bytes>, BrokerError> {
        self.request(Method::DELETE, "/installation/token", token)?.body(Bytes::new()).map_err(|_| unsendable())
    }

    fn request(&self, method: Method, path: &str, bearer: &str) -> Result<request::Builder, BrokerError> {
        let text = Zeroizing::new(format!("Bearer {bearer}"));
        let mut bearer = HeaderValue::from_str(&text).map_err(|_| unsendable())?;
        bearer.set_sensitive(true);
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        let request = request.header(ACCEPT, &self.accept).header(USER_AGENT, AGENT).header(AUTHORIZATION, bearer);
        Ok(match &self.api_version {
            Some(version) => request.header(API_VERSION, version),
            None => request,
        })
    }
}

/// What GitHub's clock said when it answered (RFC 9110 section 5.6.7).
pub(super) fn date(answer: &Response<Bytes>) -> Option<Time> {
    let text = answer.headers().get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Time::from_unix_millis(date.as_millisecond()))
}

/// Why no token was made. GitHub's own words are left out: they may repeat what was sent.
pub(super) fn not_minted(answer: &Response<Bytes>) -> BrokerError {
    if let Some(error) = limited(answer) {
        return error;
    }
    match answer.status() {
        StatusCode::UNAUTHORIZED => BrokerError::operator(
            "GitHub does not take the App's statement (401): check `app_id` and `private_key`, and the clock of writ's \
             machine",
        ),
        StatusCode::FORBIDDEN => BrokerError::refused(
            "GitHub refuses (403): the installation is suspended, or an allow-list of addresses keeps writ out",
        ),
        StatusCode::NOT_FOUND => BrokerError::operator(
            "GitHub does not know the installation (404): check `installation_id`, and that the App is still installed",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => BrokerError::refused(
            "GitHub does not grant this (422): a repository is not the installation's, or a permission is not the App's",
        ),
        status if status.is_server_error() => away(status).perhaps_minted(),
        status if status.is_success() => strange(status).perhaps_minted(),
        status => strange(status),
    }
}

/// Why a token was not ended.
pub(super) fn not_ended(answer: &Response<Bytes>) -> BrokerError {
    if let Some(error) = limited(answer) {
        return error;
    }
    match answer.status() {
        // A suspended installation: its tokens open nothing now, but would again if it were taken up within the hour.
        StatusCode::FORBIDDEN => {
            BrokerError::away("GitHub refuses to end the token (403): the installation is suspended")
        }
        status if status.is_server_error() => away(status),
        status => strange(status),
    }
}

/// GitHub answers 429, or 403 with one of two headers, when too much was asked.
fn limited(answer: &Response<Bytes>) -> Option<BrokerError> {
    let number = |name: &str| answer.headers().get(name)?.to_str().ok()?.parse::<u64>().ok();
    let wait = number(RETRY_AFTER.as_str());
    let is_used_up = number("x-ratelimit-remaining") == Some(0);
    let is_limited = match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => is_used_up || wait.is_some(),
        _ => false,
    };
    let again = match wait.filter(|seconds| *seconds <= limits::WAIT_TOLD_MAX.as_secs()) {
        Some(seconds) => format!("try again in {seconds} s"),
        None => "try again later".to_owned(),
    };
    is_limited.then(|| BrokerError::away(format!("GitHub's rate limit for the App is used up: {again}")))
}

fn away(status: StatusCode) -> BrokerError {
    BrokerError::away(format!("GitHub is out of order ({}): try again later", status.as_u16()))
}

fn strange(status: StatusCode) -> BrokerError {
    let code = status.as_u16();
    BrokerError::refused(format!(
        "GitHub's answer is none that it gives ({code}): check that `base_url` leads to its API"
    ))
}

fn unsendable() -> BrokerError {
    BrokerError::operator("the request to GitHub cannot be written down: check the broker's settings")
}
