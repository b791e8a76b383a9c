//! Where STS and IAM are.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};

use super::form::{CONTENT_TYPE, Form};
use super::identity::Identity;
use super::limits::SETTING_CHARS_MAX;
use super::sigv4::{self, Signed, Signing};
use super::time;
use crate::broker::BrokerError;
use crate::open::SettingsError;
use domain::Time;

/// A service at its address. Requests go to its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Where.
    pub(super) address: Address,
    /// The region of its signatures.
    pub(super) region: String,
    /// Its name in signatures.
    pub(super) service: &'static str,
}

/// `https://host` or, on this machine, `http://127.0.0.1:8000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    scheme: &'static str,
    authority: String,
}

// === impl Address ===

impl Address {
    /// An address of AWS's own.
    pub(super) fn public(host: &str) -> Self {
        Self { scheme: "https", authority: host.to_owned() }
    }

    /// Reads the setting of this name.
    pub(super) fn read(setting: &str, text: &str) -> Result<Self, SettingsError> {
        let wrong = || {
            SettingsError::new(format!(
                "`{setting}` is not an address: it looks like https://host or https://host:port, without a path; plain \
                 http is for this machine only"
            ))
        };
        let uri: Uri = Some(text)
            .filter(|text| text.len() <= SETTING_CHARS_MAX)
            .ok_or_else(wrong)?
            .parse()
            .map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") if is_loopback(authority.host()) => "http",
            _ => return Err(wrong()),
        };
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        Ok(Self { scheme, authority: authority.as_str().to_owned() })
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// A form on its way there, signed if there is an identity.
    pub(super) fn request(
        &self,
        form: &Form,
        identity: Option<&Identity>,
        now: Time,
    ) -> Result<Request<Bytes>, BrokerError> {
        let body = form.encode();
        let host = self.address.authority.as_str();
        let mut request = Request::post(format!("{}/", self.address))
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .header(header::ACCEPT, "text/xml, application/xml");
        if let Some(identity) = identity {
            let at = time::basic(now).ok_or_else(|| BrokerError::operator("writ's clock is not set"))?;
            let mut signed = vec![("host", host), ("content-type", CONTENT_TYPE), ("x-amz-date", at.as_str())];
            signed.extend(identity.session_token().map(|token| ("x-amz-security-token", token)));
            let signing = Signing { identity, region: &self.region, service: self.service, at: &at };
            let what = Signed { method: "POST", path: "/", headers: &signed, body: body.as_bytes() };
            request = request.header(header::AUTHORIZATION, secret(&sigv4::authorization(&signing, &what))?);
            request = request.header("x-amz-date", &at);
            if let Some(token) = identity.session_token() {
                request = request.header("x-amz-security-token", secret(token)?);
            }
        }
        request.body(Bytes::from(body)).map_err(|_| BrokerError::operator("the request to AWS cannot be put together"))
    }
}

fn secret(text: &str) -> Result<HeaderValue, BrokerError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        BrokerError::operator("the broker's AWS key has characters that no key has: set its secrets again")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
