//! What speaks to the outside: one of four kinds of sink, and why a delivery did not succeed.

use std::time::Duration;

use domain::Time;
use gateway::Outbound;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::Value;

use super::file::FileSink;
use super::otlp::Otlp;
use super::syslog::Syslog;
use super::webhook::Webhook;
use super::{Line, cloudevents, ocsf};
use crate::limits::{EXPORT_BACK_OFF_MAX, EXPORT_ERROR_CHARS_MAX};
use crate::settings::{ExportFormat, ExportSettings, SinkSettings};

/// Where an export goes.
pub(crate) enum Sink {
    Webhook(Box<Webhook>),
    Otlp(Box<Otlp>),
    Syslog(Syslog),
    File(FileSink),
}

/// Why a delivery did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What happened, for people: never an answer's body.
    pub(crate) what: String,
    /// What follows from it.
    pub(crate) kind: FailureKind,
    /// How long the other side asks to wait.
    pub(crate) retry_after: Option<Duration>,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// Nobody was there: no fault of the entries, so it is waited for as long as it takes.
    Away,
    /// It may pass: tried again for a bounded time.
    Passing,
    /// One of the entries is not taken; alone, the others may be.
    Refused,
    /// Not taken, and not to be sent again.
    Final,
}

impl Sink {
    /// Reads what secrets it needs; connects to nothing yet.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub(crate) fn new(settings: &ExportSettings, outbound: &Outbound) -> Result<Self, String> {
        Ok(match &settings.sink {
            SinkSettings::Webhook { url, secret, format, batch } => {
                Self::Webhook(Box::new(Webhook::new(outbound.clone(), url, secret, *format, *batch)?))
            }
            SinkSettings::Otlp { url, bearer } => {
                Self::Otlp(Box::new(Otlp::new(outbound.clone(), url, bearer.as_ref())?))
            }
            SinkSettings::Syslog { address } => Self::Syslog(Syslog::new(address)?),
            SinkSettings::File { path, format } => Self::File(FileSink::new(path.clone(), *format)),
        })
    }

    /// Entries in one delivery, at most.
    pub(crate) fn batch(&self) -> usize {
        match self {
            Self::Webhook(webhook) => webhook.batch(),
            Self::Otlp(_) | Self::Syslog(_) | Self::File(_) => crate::limits::EXPORT_BATCH_MAX,
        }
    }

    /// Delivers entries, all or as many of them as the other side keeps.
    pub(crate) async fn deliver(&mut self, origin: &str, now: Time, lines: &[Line]) -> Result<(), Failure> {
        match self {
            Self::Webhook(webhook) => webhook.deliver(origin, now, lines).await,
            Self::Otlp(otlp) => otlp.deliver(origin, now, lines).await,
            Self::Syslog(syslog) => syslog.deliver(origin, lines).await,
            Self::File(file) => file.deliver(origin, lines).await,
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        let what: String = what.into();
        let what = what.chars().filter(|c| !c.is_control()).take(EXPORT_ERROR_CHARS_MAX).collect();
        Self { what, kind, retry_after: None }
    }

    /// No answer at all.
    pub(crate) fn unanswered(error: &gateway::OutboundError) -> Self {
        use gateway::OutboundError::{Address, Broken, Silent, Tls, TooLarge, Unreachable};
        let kind = match error {
            Unreachable(_) | Address(_) | Tls(_) => FailureKind::Away,
            Broken(_) | Silent(_) | TooLarge => FailureKind::Passing,
        };
        Self::new(kind, error.to_string())
    }

    /// An answer other than success.
    pub(crate) fn answered<T>(kind: FailureKind, answer: &http::Response<T>) -> Self {
        let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let retry_after = retry_after.map(|wait| wait.min(EXPORT_BACK_OFF_MAX));
        Self { retry_after, ..Self::new(kind, format!("the receiver answered {}", answer.status())) }
    }
}

/// What an HTTP status means for a receiver of events. Statuses that are about the receiver and not about the event
/// (wrong secret, moved, not deployed yet) are waited for: they would bury the whole log.
pub(crate) fn judge(status: StatusCode) -> Option<FailureKind> {
    match status.as_u16() {
        200..=299 => None,
        401 | 403 | 404 | 407 | 408 | 425 | 429 | 500.. | 300..=399 => Some(FailureKind::Passing),
        _ => Some(FailureKind::Refused),
    }
}

/// An entry in one of the two shapes.
pub(crate) fn shaped(format: ExportFormat, origin: &str, line: &Line) -> Value {
    match format {
        ExportFormat::Ocsf => ocsf::event(origin, line),
        ExportFormat::CloudEvents => cloudevents::event(origin, line),
    }
}

#[cfg(test)]
mod tests;
