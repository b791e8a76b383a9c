//! HTTP for brokers: writ's own outbound client.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use brokers::broker::{Wire, WireError};
use bytes::Bytes;
use gateway::{Outbound, OutboundError};
use http::{Request, Response};

/// Sends with [`Outbound`]: https, or plain http on loopback; bounded answers; redirects are answers.
pub struct OutboundWire(Outbound);

// === impl OutboundWire ===

impl OutboundWire {
    /// A wire over this client.
    pub fn new(outbound: Outbound) -> Self {
        Self(outbound)
    }
}

impl Wire for OutboundWire {
    fn send<'a>(
        &'a self,
        request: Request<Bytes>,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let sent = self.0.send(head.method, &head.uri, head.headers, body, within).await;
            sent.map_err(|error| match error {
                OutboundError::Address(_) | OutboundError::Tls(_) | OutboundError::Unreachable(_) => {
                    WireError::NotSent(error.to_string())
                }
                OutboundError::Broken(_) | OutboundError::Silent(_) | OutboundError::TooLarge => {
                    WireError::NoAnswer(error.to_string())
                }
            })
        })
    }
}
