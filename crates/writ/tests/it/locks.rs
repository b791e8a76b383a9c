//! Locks under load and through a crash: what clients of one server, and of two on one database, saw, checked by a judge that
//! knows nothing of the server.

mod history;
mod life;
mod linearizable;
mod outage;
mod waiters;

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use serde_json::{Value, json};

use crate::support::{Caller, Opened};

/// A session for the project `checkout` that does not beat: nobody is to be found silent by a test that takes long.
async fn session(of: &Caller) -> Opened {
    of.open(json!({"project": "checkout", "ttl_seconds": 36_000})).await
}

fn exclusive(resource: &str) -> Value {
    json!([{"resource": resource, "mode": "X"}])
}

fn token(ticket: &Value) -> u64 {
    ticket["token"].as_u64().unwrap_or_else(|| panic!("no token: {ticket}"))
}

fn id(ticket: &Value) -> &str {
    ticket["ticket"].as_str().unwrap_or_else(|| panic!("no ticket: {ticket}"))
}

/// What all of these come to, in their order; they go on at the same time.
async fn together<T>(all: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<Pin<Box<_>>> = all.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (one, done) in waiting.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(value) = one.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
