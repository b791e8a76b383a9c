//! A key that is renewed while calls go on.

use domain::Usd;
use domain::call::Outcome;

use crate::testing::*;
use crate::{Config, Keeper, ListenerLimits, Upstream};

async fn stage(url: &str, others: Vec<Upstream>) -> (Stage, Keeper) {
    let (keeper, credential) = Keeper::new();
    let mut upstreams = vec![Upstream { credential, ..upstream("main", url) }];
    upstreams.extend(others);
    (Stage::with(Config::new(upstreams), ListenerLimits::default()).await, keeper)
}

#[tokio::test]
async fn without_a_key_the_call_is_refused_and_costs_nothing() {
    let simulator = simulator().await;
    let (stage, keeper) = stage(&simulator.url(), Vec::new()).await;
    let response = stage.send(stage.message("hello", true)).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    let text = String::from_utf8(read_all(response).await.0.to_vec()).unwrap();
    assert!(text.contains("writ has no key for the model service `main` now"), "{text}");
    assert_eq!(simulator.arrived(), 0);
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.cost), (Outcome::UpstreamUnreachable, Usd::ZERO));
    keeper.renew(KEY).unwrap();
    assert_eq!(stage.send(stage.message("hello", true)).await.status(), 200);
}

#[tokio::test]
async fn without_a_key_the_next_upstream_is_asked() {
    let (first, second) = (simulator().await, simulator().await);
    let (stage, _keeper) = stage(&first.url(), vec![upstream("second", &second.url())]).await;
    let response = stage.send(stage.message("hello", true)).await;
    assert_eq!(response.status(), 200);
    assert_eq!((first.arrived(), second.arrived()), (0, 1));
}

#[tokio::test]
async fn a_refused_key_is_renewed_once_and_no_call_fails() {
    let simulator = simulator().await;
    let (stage, keeper) = stage(&simulator.url(), Vec::new()).await;
    keeper.renew("out of date").unwrap();
    let renewing = tokio::spawn(async move {
        let mut times = 0;
        loop {
            keeper.wanted().await;
            times += 1;
            assert_eq!(times, 1, "renewed more than once");
            keeper.renew(KEY).unwrap();
        }
    });
    let calls = (0..20).map(|_| stage.send(stage.message("hello", false)));
    for response in futures(calls).await {
        assert_eq!(response.status(), 200);
        read_all(response).await;
    }
    assert!(!renewing.is_finished());
    renewing.abort();
    for settlement in stage.authority.settlements(20).await {
        assert_eq!(settlement.outcome, Outcome::Completed);
    }
}

/// 401 would make the client believe that its own token is bad.
#[tokio::test]
async fn a_key_that_stays_refused_is_not_the_clients_fault() {
    let simulator = simulator().await;
    for renewal in [Some("also out of date"), None] {
        let (stage, keeper) = stage(&simulator.url(), Vec::new()).await;
        keeper.renew("out of date").unwrap();
        let renewing = tokio::spawn(async move {
            keeper.wanted().await;
            match renewal {
                Some(token) => keeper.renew(token).unwrap(),
                None => keeper.failed(),
            }
            keeper
        });
        let response = stage.send(stage.message("hello", false)).await;
        assert_eq!(response.status(), 503);
        let text = String::from_utf8(read_all(response).await.0.to_vec()).unwrap();
        assert!(text.contains("refuses the key that its token endpoint gave writ"), "{text}");
        renewing.await.unwrap();
        assert_eq!(stage.authority.settlement().await.cost, Usd::ZERO);
    }
}

/// All at the same time.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
