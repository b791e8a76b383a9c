//! Webhooks, signed as the Standard Webhooks specification says ([`WebhookSecret`]).

use brokers::WebhookSecret;
use bytes::Bytes;
use domain::Time;
use gateway::Outbound;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Uri};
use serde_json::Value;
use zeroize::Zeroizing;

use super::sink::{Failure, judge, shaped};
use super::{Line, cloudevents};
use crate::limits::{EXPORT_BATCH_MAX, EXPORT_REQUEST_MAX};
use crate::settings::{CredentialSource, ExportFormat};
use crate::upstreams::read_key;

/// A receiver of webhooks.
pub(crate) struct Webhook {
    outbound: Outbound,
    url: Uri,
    key: WebhookSecret,
    format: ExportFormat,
    batch: usize,
}

impl Webhook {
    pub(crate) fn new(
        outbound: Outbound,
        url: &str,
        secret: &CredentialSource,
        format: ExportFormat,
        batch: usize,
    ) -> Result<Self, String> {
        let url = address(url)?;
        let key = WebhookSecret::read(&Zeroizing::new(read_key(secret)?))?;
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
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(media_type)),
            (USER_AGENT, HeaderValue::from_static(concat!("writ/", env!("CARGO_PKG_VERSION")))),
        ]);
        // An origin is a host and perhaps a path: nothing that a header could not carry.
        self.key.sign(&mut headers, id, now, body);
        headers
    }
}

/// An address that is sent to.
pub(crate) fn address(url: &str) -> Result<Uri, String> {
    let url: Uri = url.parse().map_err(|_| format!("`{url}` is not a URL"))?;
    Outbound::check(&url).map_err(|error| error.to_string())?;
    Ok(url)
}
