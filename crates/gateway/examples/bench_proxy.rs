//! The data path alone, for measuring: a gateway whose control plane says yes at once and remembers nothing.
//!
//! `cargo run --release -p gateway --example bench_proxy -- 127.0.0.1:4100 http://127.0.0.1:4101`; see `bench/README.md`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::call::{Reserve, Settlement};
use domain::{CallId, DeveloperId, NodeId, RequestId, SessionId, Time};
use gateway::{
    Authority, Caller, Config, Credential, Gateway, Listener, ListenerLimits, PeerAddr, Rejection, Upstream,
};
use http::Request;
use hyper::body::Incoming;
use metering::PriceBook;
use tokio_util::sync::CancellationToken;

struct Yes {
    ids: AtomicU64,
    book: Arc<PriceBook>,
    over: CancellationToken,
}

impl Yes {
    fn id(&self) -> u128 {
        u128::from(self.ids.fetch_add(1, Ordering::Relaxed))
    }
}

impl Authority for Yes {
    #[expect(clippy::disallowed_methods, reason = "a benchmark has no control plane to ask for the time")]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or_default())
    }

    fn new_call(&self) -> CallId {
        CallId::new(self.now(), self.id())
    }

    fn new_request(&self) -> RequestId {
        RequestId::new(self.now(), self.id())
    }

    fn node(&self) -> NodeId {
        NodeId::new(Time::default(), 1)
    }

    fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.book)
    }

    fn identify(&self, _: &str) -> Result<Caller, Rejection> {
        Ok(Caller {
            session: SessionId::new(Time::default(), 1),
            developer: DeveloperId::new(Time::default(), 1),
            project: None,
            room: None,
            over: self.over.clone(),
        })
    }

    async fn sub_agent(&self, _: RequestId, caller: Caller, _: &str) -> Result<Caller, Rejection> {
        Ok(caller)
    }

    fn precheck(&self, _: &Reserve) -> Result<(), Rejection> {
        Ok(())
    }

    async fn reserve(&self, _: RequestId, _: Reserve) -> Result<(), Rejection> {
        Ok(())
    }

    fn settle(&self, _: RequestId, _: CallId, _: Settlement) {}
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(listen), Some(upstream)) = (args.next(), args.next()) else {
        return Err("usage: bench_proxy <listen address> <upstream URL>".into());
    };
    let authority =
        Yes { ids: AtomicU64::new(1), book: Arc::new(PriceBook::builtin()), over: CancellationToken::new() };
    let upstream =
        Upstream { name: "bench".to_owned(), base_url: upstream.parse()?, credential: Credential::api_key("bench")? };
    let gateway = Arc::new(Gateway::new(Arc::new(authority), Config::new(vec![upstream]))?);
    let listener = Listener::bind(listen.parse()?, None, ListenerLimits::default()).await?;
    let service = move |request: Request<Incoming>, _: PeerAddr| {
        let gateway = Arc::clone(&gateway);
        async move { gateway.handle(request).await }
    };
    listener.serve(service, CancellationToken::new()).await;
    Ok(())
}
