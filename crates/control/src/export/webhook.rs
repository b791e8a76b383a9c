//! Webhooks, signed as the Standard Webhooks specification says (github.com/standard-webhooks/standard-webhooks, 1.0):
//! `webhook-signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use brokers::DigestKey;
use bytes::Bytes;
use domain::Time;
use gateway::Outbound;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use serde_json::Value;
use zeroize::Zeroizing;

use super::sink::{Failure, judge, shaped};
use super::{Line, cloudevents};
use crate::limits::{EXPORT_BATCH_MAX, EXPORT_REQUEST_MAX};
use crate::settings::{CredentialSource, ExportFormat};
use crate::upstreams::read_key;

/// What a secret starts with, before its base64.
const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret (the specification's bounds).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A receiver of webhooks.
pub(crate) struct Webhook {
    outbound: Outbound,
    url: Uri,
    key: SigningSecret,
    format: ExportFormat,
    batch: usize,
}

/// What deliveries are signed with. It does not print.
pub(crate) struct SigningSecret(DigestKey);

impl Webhook {
    pub(crate) fn new(
        outbound: Outbound,
        url: &str,
        secret: &CredentialSource,
        format: ExportFormat,
        batch: usize,
    ) -> Result<Self, String> {
        let url = address(url)?;
        let key = SigningSecret::read(&Zeroizing::new(read_key(secret)?))?;
        Ok(Self { outbound, url, key, format, batch: batch.clamp(1, EXPORT_BATCH_MAX) })
    }

    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// One request: a single event by itself, several as a list. Sent again, it has the same `webhook-id`.
    pub(crate) async fn deliver(&mut self, origin: &str, now: Time, lines: &[Line]) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(()) };
        let id = if lines.len() == 1 { first.id(origin) } else { format!("{}-{}", first.id(origin), last.position) };
        let body = self.body(origin, lines);
        let headers = self.headers(&id, now, &body);
        let answer = self.outbound.post(&self.url, headers, body, EXPORT_REQUEST_MAX).await;
        let answer = answer.map_err(|error| Failure::unanswered(&error))?;
        judge(answer.status()).map_or(Ok(()), |kind| Err(Failure::answered(kind, &answer)))
    }

    fn body(&self, origin: &str, lines: &[Line]) -> Bytes {
        let body = if self.batch == 1 {
            lines.iter().map(|line| shaped(self.format, origin, line).to_string()).collect::<String>()
        } else {
            Value::from_iter(lines.iter().map(|line| shaped(self.format, origin, line))).to_string()
        };
        body.into()
    }

    fn headers(&self, id: &str, now: Time, body: &[u8]) -> HeaderMap {
        let media_type = match (self.format, self.batch) {
            (ExportFormat::CloudEvents, 1) => cloudevents::ONE,
            (ExportFormat::CloudEvents, _) => cloudevents::BATCH,
            (ExportFormat::Ocsf, _) => "application/json",
        };
        let seconds = now.unix_seconds().to_string();
        let signature = self.key.sign(id, &seconds, body);
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (USER_AGENT, HeaderValue::from_static(concat!("writ/", env!("CARGO_PKG_VERSION")))),
        ]);
        for (name, text) in
            [("webhook-id", id), ("webhook-timestamp", seconds.as_str()), ("webhook-signature", signature.as_str())]
        {
            // An origin is a host and perhaps a path: nothing that a header could not carry.
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }
}

impl SigningSecret {
    /// From `whsec_` and base64.
    ///
    /// # Errors
    /// What is wrong with it; never the secret.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let encoded = text
            .strip_prefix(SECRET_PREFIX)
            .ok_or_else(|| format!("the secret must start with `{SECRET_PREFIX}`, then base64"))?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| "the secret is not base64".to_owned())?);
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(format!("the secret has {} bytes, it must have 24 to 64", bytes.len()));
        }
        Ok(Self(DigestKey::of_any_length(&bytes)))
    }

    fn sign(&self, id: &str, seconds: &str, body: &[u8]) -> String {
        let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat();
        format!("v1,{}", STANDARD.encode(self.0.digest(&signed)))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// An address that is sent to.
pub(crate) fn address(url: &str) -> Result<Uri, String> {
    let url: Uri = url.parse().map_err(|_| format!("`{url}` is not a URL"))?;
    Outbound::check(&url).map_err(|error| error.to_string())?;
    Ok(url)
}

#[cfg(test)]
mod tests;
