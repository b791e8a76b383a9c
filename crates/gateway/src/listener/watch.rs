//! A connection's bytes, with an eye on a client that takes none.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A stream whose writes fail once the other side has taken nothing for a while, or takes nothing and its session is over.
pub(super) struct Watched<I> {
    io: I,
    bound: Duration,
    over: Over,
    /// While a write waits.
    stall: Option<Stall>,
}

/// What ends the answer under way on an HTTP/1.1 connection, if anything does.
#[derive(Clone, Default)]
pub(super) struct Over(Arc<Mutex<Option<CancellationToken>>>);

struct Stall {
    timer: Pin<Box<Sleep>>,
    over: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Over {
    pub(super) fn set(&self, token: Option<CancellationToken>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    fn get(&self) -> Option<CancellationToken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Stall {
    fn new(bound: Duration, over: &Over) -> Self {
        let over = over.get().map(|token| Box::pin(token.cancelled_owned()));
        Self { timer: Box::pin(tokio::time::sleep(bound)), over }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the other side takes no bytes"));
        }
        match &mut self.over {
            Some(over) => over.as_mut().poll(cx).map(|()| io::ErrorKind::ConnectionAborted.into()),
            None => Poll::Pending,
        }
    }
}

impl<I> Watched<I> {
    pub(super) fn new(io: I, bound: Duration, over: Over) -> Self {
        Self { io, bound, over, stall: None }
    }

    fn settle<T>(&mut self, result: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stall = None;
            return result;
        }
        let stall = self.stall.get_or_insert_with(|| Stall::new(self.bound, &self.over));
        stall.poll(cx).map(Err)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.settle(result, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.settle(result, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(cx);
        self.settle(result, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_shutdown(cx);
        self.settle(result, cx)
    }
}
