//! A control plane in the test's own process under a clock that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use control::plane::ControlPlane;
use control::seam::Clock;
use control::{IntrospectionSettings, Server, Settings};
use domain::Span;
use simulator::{Running, Simulator};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::leaks::Folder;
use super::{Caller, in_process, until, within};

/// Any moment will do.
const START_MS: i64 = 1_800_000_000_000;

fn settings(folder: &std::path::Path, upstream: &str) -> Settings {
    Settings { upstreams: vec![in_process::upstream(folder, upstream)], ..in_process::settings(folder) }
}

/// A server in this process, with `ada` as its administrator, under a clock that only the test moves.
pub(crate) struct Timed {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) ada: Caller,
    pub(crate) simulator: Running,
    pub(crate) folder: Folder,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Timed {
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    /// With gates and other services that may ask about tokens.
    pub(crate) async fn start_with(introspection: Vec<IntrospectionSettings>) -> Self {
        let folder = super::leaks::folder();
        let simulator = Simulator::start(simulator::Config::default()).await.unwrap();
        let clock = Clock::Manual(AtomicI64::new(START_MS));
        let server =
            Server::start_with_clock(Settings { introspection, ..settings(folder.path(), &simulator.url()) }, clock)
                .await
                .unwrap();
        let (url, token) = (server.public_url().to_owned(), server.bootstrap_token().unwrap().expose().to_owned());
        let plane = Arc::clone(server.plane());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run_until(async { drop(stopped.await) }));
        let ada = in_process::administrator(&url, &token).await;
        Self { plane, ada, simulator, folder, stop, serving }
    }

    /// Sets the clock to so long after the start.
    pub(crate) fn pass(&self, after: Span) {
        let Clock::Manual(now) = &*self.plane.clock else { unreachable!() };
        now.store(START_MS + i64::try_from(after.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) async fn until_status(&self, session: &str, status: &str) -> serde_json::Value {
        until(&format!("{session} to be {status}"), || async {
            let shown = self.ada.session(session).await;
            (shown["status"] == status).then_some(shown)
        })
        .await
    }

    pub(crate) async fn end(self) {
        drop(self.stop);
        within("the server to stop", self.serving).await.unwrap();
    }
}
