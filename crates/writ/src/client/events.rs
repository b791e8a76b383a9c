//! A stream of events: an answer that does not end.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{Client, ClientError, refused};
use crate::limits::{EVENTS_SILENCE_MAX, REQUEST_TIMEOUT};

/// The stream. Heartbeats count as signs of life.
pub(crate) struct Events {
    body: Incoming,
    from: String,
}

impl Client {
    /// Opens a stream of events, from after the event `last` if one is given.
    pub(crate) async fn events(&self, path: &str, last: Option<&str>) -> Result<Events, ClientError> {
        let mut request = self.request(Method::GET, path, None)?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(last) = last.and_then(|last| HeaderValue::from_str(last).ok()) {
            request.headers_mut().insert("last-event-id", last);
        }
        let from = self.address.to_string();
        let unreachable = |text: String| ClientError::Unreachable(format!("{from} {text}"));
        let response = tokio::time::timeout(REQUEST_TIMEOUT, self.http.request(request)).await;
        let response = response.map_err(|_| unreachable("sent nothing".to_owned()))?;
        let response =
            response.map_err(|error| unreachable(format!("cannot be reached{}", super::error::causes(&error))))?;
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            // What it says in words is of no use here.
            return Err(refused(head.status, &[]));
        }
        Ok(Events { body, from })
    }
}

impl Events {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// The stream broke off, or nothing came for [`EVENTS_SILENCE_MAX`].
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        let broken = |text: &str| ClientError::Unreachable(format!("{} {text}", self.from));
        loop {
            let frame = tokio::time::timeout(EVENTS_SILENCE_MAX, self.body.frame()).await;
            match frame.map_err(|_| broken("sent nothing for too long"))? {
                None => return Ok(None),
                Some(Err(_)) => return Err(broken("broke off")),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}
