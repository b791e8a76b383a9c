//! The upstreams and their connection pools.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::{Span, Time};
use http::Uri;
use http::uri::{Authority as Host, PathAndQuery, Scheme};
use http_body::{Frame, SizeHint};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::config::{Config, ConfigError, Credential, Upstream};
use crate::connector::Connector;
use crate::limits;

/// All upstreams, in the order of the configuration.
pub(crate) struct Upstreams {
    targets: Vec<Target>,
}

/// One upstream.
pub(crate) struct Target {
    pub(crate) name: Arc<str>,
    pub(crate) credential: Credential,
    scheme: Scheme,
    host: Host,
    /// The base address's path, without a slash at its end.
    prefix: String,
    pools: Vec<Pool>,
    /// Unix milliseconds until which it is asked last, because it could not be reached.
    rests_until: AtomicI64,
}

struct Pool {
    client: Client<Connector, Outgoing>,
    busy: Arc<AtomicUsize>,
}

/// Counts one exchange on its pool for as long as it lives: the answer's body keeps it.
pub(crate) struct Busy(Arc<AtomicUsize>);

/// A request body on its way out. It remembers whether anybody began to send it: until then the upstream knows nothing.
pub(crate) struct Outgoing {
    data: Option<Bytes>,
    sent: Arc<AtomicBool>,
}

impl Upstreams {
    /// # Errors
    /// What [`Config`] says of itself, or of TLS.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        config.check()?;
        let connector = Connector::new(config.tls.clone(), config.connect_max)?;
        let targets = config.upstreams.iter().map(|upstream| Target::new(upstream, &connector));
        Ok(Self { targets: targets.collect::<Result<_, _>>()? })
    }

    /// The upstreams in the order to try them: as configured, those that rest at the end.
    pub(crate) fn in_order(&self, now: Time) -> impl Iterator<Item = &Target> {
        let resting = move |target: &&Target| target.rests_until.load(Ordering::Relaxed) > now.unix_millis();
        let awake = self.targets.iter().filter(move |target| !resting(target));
        awake.chain(self.targets.iter().filter(resting))
    }
}

impl Target {
    fn new(upstream: &Upstream, connector: &Connector) -> Result<Self, ConfigError> {
        let parts = upstream.base_url.clone().into_parts();
        let (Some(scheme), Some(host)) = (parts.scheme, parts.authority) else {
            return Err(ConfigError::BaseUrl { name: upstream.name.clone(), problem: "needs a scheme and a host" });
        };
        Ok(Self {
            name: upstream.name.as_str().into(),
            credential: upstream.credential.clone(),
            scheme,
            host,
            prefix: upstream.base_url.path().trim_end_matches('/').to_owned(),
            pools: (0..limits::POOLS).map(|_| Pool::new(connector)).collect(),
            rests_until: AtomicI64::new(i64::MIN),
        })
    }

    /// Asks this upstream last for a while.
    pub(crate) fn rest(&self, now: Time) {
        let until = now + Span::from_millis(limits::UPSTREAM_REST_MS);
        self.rests_until.store(until.unix_millis(), Ordering::Relaxed);
    }

    /// The address of a path here; the path and query themselves stay as they are.
    ///
    /// # Errors
    /// If the two together are no address.
    pub(crate) fn uri(&self, path: &PathAndQuery) -> Result<Uri, http::Error> {
        let builder = Uri::builder().scheme(self.scheme.clone()).authority(self.host.clone());
        if self.prefix.is_empty() {
            builder.path_and_query(path.clone()).build()
        } else {
            builder.path_and_query(format!("{}{path}", self.prefix)).build()
        }
    }

    /// The first pool with room, else the least busy.
    pub(crate) fn pool(&self) -> (&Client<Connector, Outgoing>, Busy) {
        let busy = |pool: &&Pool| pool.busy.load(Ordering::Relaxed);
        let with_room = self.pools.iter().find(|pool| busy(pool) < limits::POOL_STREAMS);
        let chosen = with_room.or_else(|| self.pools.iter().min_by_key(busy)).unwrap_or(&self.pools[0]);
        (&chosen.client, Busy::new(&chosen.busy))
    }
}

impl Pool {
    fn new(connector: &Connector) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits::POOL_IDLE_MAX)
            .pool_max_idle_per_host(limits::POOL_IDLE_CONNECTIONS_MAX)
            .http1_max_buf_size(limits::HEAD_BYTES_MAX)
            .http1_max_headers(limits::HEADERS_MAX)
            .http2_max_header_list_size(limits::HEAD_BYTES_MAX as u32)
            .http2_initial_stream_window_size(limits::H2_STREAM_WINDOW_BYTES)
            .http2_initial_connection_window_size(limits::H2_CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(limits::H2_PING_EVERY)
            .http2_keep_alive_timeout(limits::H2_PING_MAX)
            .build(connector.clone());
        Self { client, busy: Arc::default() }
    }
}

impl Busy {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Outgoing {
    /// `sent` becomes true when the body is taken for sending, which is when the head has been.
    pub(crate) fn new(data: Bytes, sent: Arc<AtomicBool>) -> Self {
        Self { data: (!data.is_empty()).then_some(data), sent }
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.sent.store(true, Ordering::Release);
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

#[cfg(test)]
mod tests;
