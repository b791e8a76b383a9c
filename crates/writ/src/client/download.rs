//! Answers that are not JSON: as a whole, or as they come.

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{Client, ClientError, error, refused};
use crate::limits::REQUEST_TIMEOUT;

/// The body of an answer on its way. Each piece is waited for as long as a whole other answer is.
pub(crate) struct Download {
    body: Incoming,
    from: String,
}

impl Client {
    /// Reads bytes.
    pub(crate) async fn get_bytes(&self, path: &str) -> Result<Bytes, ClientError> {
        self.send(Method::GET, path, None).await
    }

    /// Begins to read what may be long.
    pub(crate) async fn open(&self, path: &str) -> Result<Download, ClientError> {
        let request = self.request(Method::GET, path, None)?;
        let from = self.address.to_string();
        let response = within(&from, self.http.request(request)).await?;
        let response = response.map_err(|error| unreachable(&from, &error))?;
        let (head, body) = response.into_parts();
        let mut download = Download { body, from };
        if head.status.is_success() {
            return Ok(download);
        }
        let mut problem = Vec::new();
        while let Some(piece) = download.next().await? {
            problem.extend_from_slice(&piece);
            // More is no problem of ours.
            if problem.len() > PROBLEM_BYTES_MAX {
                break;
            }
        }
        Err(refused(head.status, &problem))
    }
}

/// Bytes of an answer that refuses.
const PROBLEM_BYTES_MAX: usize = 64 * 1024;

impl Download {
    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        while let Some(frame) = within(&self.from, self.body.frame()).await? {
            let frame = frame.map_err(|error| unreachable(&self.from, &error))?;
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

async fn within<T>(from: &str, answer: impl Future<Output = T>) -> Result<T, ClientError> {
    let silent = |_| ClientError::Unreachable(format!("{from} sent nothing for {} s", REQUEST_TIMEOUT.as_secs()));
    tokio::time::timeout(REQUEST_TIMEOUT, answer).await.map_err(silent)
}

fn unreachable(from: &str, error: &dyn std::error::Error) -> ClientError {
    ClientError::Unreachable(format!("{from} broke off{}", error::causes(error)))
}
