//! One client connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::watch::{Over, Watched};
use super::{ListenerLimits, PeerAddr};
use crate::body::{Body, Cut};
use crate::limits;

pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: Arc<ListenerLimits>,
    /// Finish what is open and take nothing new.
    pub(super) shutdown: CancellationToken,
    /// End at once.
    pub(super) cut: CancellationToken,
}

/// Requests begun and answered on one connection.
#[derive(Default)]
struct Activity {
    begun: AtomicU64,
    done: AtomicU64,
}

/// Counts a request as answered when its answer is handed over, or abandoned.
struct Done(Arc<Activity>);

impl Connection {
    pub(super) async fn serve<S, F>(self, stream: TcpStream, service: S)
    where
        S: Fn(Request<Incoming>, PeerAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        // Small frames of a stream must leave at once.
        let _ = stream.set_nodelay(true);
        let cut = self.cut.clone();
        let serving = async {
            match self.tls.clone() {
                None => self.speak_http(stream, service).await,
                Some(acceptor) => {
                    let handshake = timeout(limits::HANDSHAKE_MAX, acceptor.accept(stream)).await;
                    let Ok(Ok(stream)) = handshake else { return };
                    self.speak_http(stream, service).await;
                }
            }
        };
        tokio::select! {
            () = serving => {}
            () = cut.cancelled() => {}
        }
    }

    async fn speak_http<I, S, F>(&self, stream: I, service: S)
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        S: Fn(Request<Incoming>, PeerAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let activity = Arc::new(Activity::default());
        let seen = Arc::clone(&activity);
        let peer = PeerAddr(self.peer);
        let over = Over::default();
        let io = TokioIo::new(Watched::new(stream, self.limits.write_stall_max, over.clone()));
        let service = service_fn(move |request: Request<Incoming>| {
            seen.begun.fetch_add(1, Ordering::Relaxed);
            let done = Done(Arc::clone(&seen));
            // An HTTP/2 connection carries many answers: none of them may end it.
            let over = (request.version() != Version::HTTP_2).then(|| over.clone());
            let answering = service(request, peer);
            async move {
                let mut response = answering.await;
                if let Some(over) = over {
                    over.set(response.extensions_mut().remove().map(|Cut(token)| token));
                }
                drop(done);
                Ok::<_, Infallible>(response)
            }
        });
        let builder = protocol(&self.limits);
        let mut http = pin!(builder.serve_connection(io, service));
        let mut quiet = pin!(tokio::time::sleep(self.limits.first_head_max));
        let mut begun_before = 0;
        let mut is_closing = false;
        loop {
            tokio::select! {
                // A broken connection is the client's affair: nothing to answer, and no reason to log each.
                _ = http.as_mut() => return,
                () = self.shutdown.cancelled(), if !is_closing => {
                    http.as_mut().graceful_shutdown();
                    is_closing = true;
                }
                () = quiet.as_mut() => {
                    let begun = activity.begun.load(Ordering::Relaxed);
                    if begun == 0 {
                        return;
                    }
                    if begun == begun_before && activity.done.load(Ordering::Relaxed) == begun && !is_closing {
                        // Nothing new for a whole period. Answers that are still being delivered go on.
                        http.as_mut().graceful_shutdown();
                        is_closing = true;
                    }
                    begun_before = begun;
                    rearm(quiet.as_mut(), self.limits.keep_alive_max);
                }
            }
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }
}

fn rearm(sleep: Pin<&mut Sleep>, after: Duration) {
    sleep.reset(Instant::now() + after);
}

fn protocol(bounds: &ListenerLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.keep_alive_max)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .max_headers(limits::HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::H2_STREAMS_MAX)
        .max_header_list_size(limits::HEAD_BYTES_MAX as u32)
        .initial_stream_window_size(limits::H2_STREAM_WINDOW_BYTES)
        .keep_alive_interval(limits::H2_PING_EVERY)
        .keep_alive_timeout(limits::H2_PING_MAX);
    builder
}
