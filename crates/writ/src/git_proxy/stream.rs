//! Bodies: whole ones, and those that pass through, cut when they fall silent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::{Body, BodyError};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use super::limits::{IDLE_MAX, PIECE_BYTES};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that is cut when nothing comes for [`IDLE_MAX`].
pub(super) struct Watched<B> {
    inner: B,
    silence: Pin<Box<Sleep>>,
}

/// A body that tells when it has ended as it should.
pub(super) struct Ending {
    inner: Body,
    ended: Option<oneshot::Sender<()>>,
}

/// Bytes, then the rest of a file.
pub(super) struct Sent {
    head: Option<Bytes>,
    file: File,
    left: u64,
}

/// The body fell silent.
#[derive(Debug, thiserror::Error)]
#[error("nothing came for {} s", IDLE_MAX.as_secs())]
struct Silent;

/// An answer in one sentence.
pub(super) fn said(status: StatusCode, text: &str) -> Response<Body> {
    // Git shows a body of plain text to whoever asked.
    no_store(status, "text/plain; charset=utf-8", format!("writ: {text}\n"))
}

/// A whole answer that nobody keeps.
pub(super) fn no_store(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body on its way to the client.
pub(super) fn passing<B>(body: B) -> Body
where
    B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    Watched::new(body).map_err(BodyError::Other).boxed_unsync()
}

// === impl Watched ===

impl<B> Watched<B> {
    /// Watches a body.
    pub(super) fn new(inner: B) -> Self {
        Self { inner, silence: Box::pin(tokio::time::sleep(IDLE_MAX)) }
    }
}

impl<B> hyper::body::Body for Watched<B>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            this.silence.as_mut().reset(Instant::now() + IDLE_MAX);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(this.silence.as_mut().poll(cx));
        Poll::Ready(Some(Err(Silent.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

// === impl Ending ===

impl Ending {
    /// Tells `ended`; one that breaks off, or that nobody reads to its end, drops it.
    pub(super) fn new(inner: Body, ended: oneshot::Sender<()>) -> Self {
        Self { inner, ended: Some(ended) }
    }

    fn tell(&mut self) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(());
        }
    }
}

impl hyper::body::Body for Ending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if frame.is_none() {
            this.tell();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Ending {
    /// Of a body whose length is known the end is not asked for.
    fn drop(&mut self) {
        if hyper::body::Body::is_end_stream(&self.inner) {
            self.tell();
        }
    }
}

// === impl Sent ===

impl Sent {
    /// Sends `head`, then `left` bytes from where the file stands.
    pub(super) fn new(head: Vec<u8>, file: File, left: u64) -> Self {
        Self { head: Some(head.into()), file, left }
    }

    fn len(&self) -> u64 {
        self.left + self.head.as_ref().map_or(0, |head| head.len() as u64)
    }
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Some(head) = this.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(this.left).unwrap_or(PIECE_BYTES))];
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut this.file).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())));
        }
        piece.truncate(read);
        this.left -= read as u64;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len())
    }
}
