//! A text on its way back, in which a secret is replaced wherever it stands. Nothing is held back but what could be the
//! beginning of the secret, so a stream of events stays one.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::HttpBody;
use brokers::Withheld;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Frame, SizeHint};

/// What stands in its place.
const INSTEAD: &[u8] = b"[withheld]";

/// A body without the secret.
pub(super) struct Scrubbed {
    inner: UnsyncBoxBody<Bytes, gateway::BodyError>,
    withheld: Withheld,
    /// Bytes that could be the beginning of the secret; fewer than the secret has.
    held: BytesMut,
    /// A frame of trailers that waits until what was held has left.
    trailers: Option<Frame<Bytes>>,
    is_over: bool,
}

/// What stands at a place of a text.
enum Found {
    /// The secret, this long.
    Whole(usize),
    /// Perhaps its beginning: what follows has not come yet.
    Perhaps,
    /// Something else.
    Else,
}

// === impl Scrubbed ===

impl Scrubbed {
    pub(super) fn new(inner: UnsyncBoxBody<Bytes, gateway::BodyError>, withheld: Withheld) -> Self {
        Self { inner, withheld, held: BytesMut::new(), trailers: None, is_over: false }
    }

    fn pass(&mut self, data: &[u8], is_last: bool) -> Bytes {
        self.held.extend_from_slice(data);
        let mut clean = BytesMut::with_capacity(self.held.len());
        let mut at = 0;
        while at < self.held.len() {
            match find(&self.withheld, &self.held[at..], is_last) {
                Found::Whole(length) => {
                    clean.extend_from_slice(INSTEAD);
                    at += length;
                }
                Found::Perhaps => break,
                Found::Else => {
                    clean.extend_from_slice(&self.held[at..=at]);
                    at += 1;
                }
            }
        }
        self.held.advance(at);
        clean.freeze()
    }
}

/// The longest form counts, so a shorter one is taken only when no longer one can follow.
fn find(withheld: &Withheld, text: &[u8], is_last: bool) -> Found {
    for form in withheld.forms() {
        if text.starts_with(form) {
            return Found::Whole(form.len());
        }
        if !is_last && text.len() < form.len() && form.starts_with(text) {
            return Found::Perhaps;
        }
    }
    Found::Else
}

impl HttpBody for Scrubbed {
    type Data = Bytes;
    type Error = gateway::BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(trailers) = this.trailers.take() {
                return Poll::Ready(Some(Ok(trailers)));
            }
            if this.is_over {
                return Poll::Ready(None);
            }
            let clean = match std::task::ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.pass(&data, false),
                    Err(trailers) => {
                        this.trailers = Some(trailers);
                        this.pass(&[], true)
                    }
                },
                Some(Err(error)) => {
                    this.is_over = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.is_over = true;
                    this.pass(&[], true)
                }
            };
            if !clean.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(clean))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests;
