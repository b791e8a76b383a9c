//! Where credentials come from.

use std::future::Future;
use std::pin::Pin;

use zeroize::Zeroizing;

use crate::client::{Client, ClientError, escape};
use crate::inside::CredentialAsk;
use crate::limits::CREDENTIAL_TIMEOUT;

/// An answer that is awaited.
pub(in crate::run) type Work<'a> = Pin<Box<dyn Future<Output = Result<Zeroizing<String>, ClientError>> + Send + 'a>>;

/// Whoever makes credentials.
pub(in crate::run) trait Source: Send + Sync {
    /// Makes one; the answer as it came, a JSON object.
    fn make<'a>(&'a self, ask: &'a CredentialAsk) -> Work<'a>;
}

/// The control plane, spoken to as a session.
pub(in crate::run) struct Plane {
    client: Client,
    path: String,
}

impl Plane {
    /// For this session; `client` speaks as it.
    pub(in crate::run) fn new(client: Client, session: &str) -> Self {
        Self { client, path: format!("/v1/sessions/{}/credentials", escape(session)) }
    }
}

impl Source for Plane {
    fn make<'a>(&'a self, ask: &'a CredentialAsk) -> Work<'a> {
        let mut body = serde_json::json!({ "broker": ask.broker, "target": ask.target });
        if !ask.scope.is_empty() {
            body["scope"] = serde_json::json!(ask.scope);
        }
        if let Some(seconds) = ask.lifetime_seconds {
            body["lifetime_seconds"] = seconds.into();
        }
        if let Some(key) = &ask.public_key {
            body["public_key"] = key.as_str().into();
        }
        Box::pin(async move { self.client.post_for_text(&self.path, &body, CREDENTIAL_TIMEOUT).await })
    }
}
