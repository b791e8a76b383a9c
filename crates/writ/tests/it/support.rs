//! What the end-to-end tests share: a real `writ serve` process over a simulator or a raw upstream, typed callers, and
//! waits that are bounded and say what they waited for.

#![allow(dead_code, reason = "each test module uses its part")]

pub(crate) mod caller;
pub(crate) mod canned;
pub(crate) mod chance;
pub(crate) mod files;
pub(crate) mod forge;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod in_process;
pub(crate) mod leaks;
pub(crate) mod load;
pub(crate) mod look;
pub(crate) mod pair;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod receiver;
pub(crate) mod scrub;
pub(crate) mod survivors;
pub(crate) mod timed;
pub(crate) mod witness;

use std::future::Future;
use std::time::Duration;

pub(crate) use caller::{Caller, Opened};
pub(crate) use http::{Answer, send};
pub(crate) use process::{People, Writ, WritOptions};

/// The longest any test waits for one thing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something that must come, and names it when it does not.
pub(crate) async fn within<T>(what: &str, waited: impl Future<Output = T>) -> T {
    in_time(PATIENCE, what, waited).await
}

/// The same with a bound of its own, for what takes long by design.
pub(crate) async fn in_time<T>(bound: Duration, what: &str, waited: impl Future<Output = T>) -> T {
    match tokio::time::timeout(bound, waited).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} s for {what}", bound.as_secs()),
    }
}

/// Asks again and again until there is an answer, at most [`PATIENCE`].
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl FnMut() -> F) -> T {
    until_after(PATIENCE, what, ask).await
}

/// The same with a bound of its own, for what takes long by design.
pub(crate) async fn until_after<T, F: Future<Output = Option<T>>>(
    bound: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    in_time(bound, what, async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// A runtime like the product's.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test)
}
