//! Failover: only before the first byte, and only where nobody is paid twice.

use domain::Usd;
use domain::call::Outcome;

use crate::testing::*;
use crate::{Config, ListenerLimits};

async fn stage(urls: &[&str]) -> Stage {
    let names = ["first", "second", "third"];
    let upstreams = names.iter().zip(urls).map(|(name, url)| upstream(name, url)).collect();
    Stage::with(Config::new(upstreams), ListenerLimits::default()).await
}

#[tokio::test]
async fn an_unreachable_upstream_is_passed_over_and_then_rests() {
    let second = simulator().await;
    let stage = stage(&[&nobody().await, &second.url()]).await;
    for _ in 0..2 {
        let response = stage.send(stage.message("hello", true)).await;
        assert_eq!(response.status(), 200);
        read_all(response).await;
    }
    let settlements = stage.authority.settlements(2).await;
    assert_eq!(settlements[0].upstream.as_deref(), Some("second"));
    assert_eq!(stage.gateway.metrics().snapshot().failovers, 1, "the second call did not ask the first upstream");
}

#[tokio::test]
async fn an_overloaded_upstream_is_passed_over() {
    let (first, second) = (simulator().await, simulator().await);
    let stage = stage(&[&first.url(), &second.url()]).await;
    first.set_faults(simulator::Faults { fail_first: 1, ..simulator::Faults::default() });
    let response = stage.send(stage.message("hello", true)).await;
    assert_eq!(response.status(), 200);
    read_all(response).await;
    assert_eq!((first.arrived(), second.arrived()), (1, 1));
    assert_eq!(second.requests()[0].body, first.requests()[0].body);
    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.upstream.as_deref(), Some("second"));
    assert_eq!(settlement.outcome, Outcome::Completed);
}

#[tokio::test]
async fn the_last_ones_overload_is_the_answer() {
    let (first, second) = (simulator().await, simulator().await);
    let stage = stage(&[&first.url(), &second.url()]).await;
    for simulator in [&first, &second] {
        let faults = simulator::Faults { fail_first: 1, retry_after_s: Some(9), ..simulator::Faults::default() };
        simulator.set_faults(faults);
    }
    let response = stage.send(stage.message("hello", true)).await;
    assert_eq!(response.status(), 529);
    assert_eq!(response.headers()["retry-after"], "9");
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.cost), (Outcome::UpstreamRefused, Usd::ZERO));
}

#[tokio::test]
async fn a_refusal_then_nobody_costs_nothing() {
    let first = simulator().await;
    let stage = stage(&[&first.url(), &nobody().await]).await;
    first.set_faults(simulator::Faults { fail_first: 1, ..simulator::Faults::default() });
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.status(), 502);
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.cost), (Outcome::UpstreamUnreachable, Usd::ZERO));
}

#[tokio::test]
async fn a_request_that_was_sent_is_not_sent_again() {
    let (first, second) = (simulator().await, simulator().await);
    let stage = stage(&[&first.url(), &second.url()]).await;
    let response = stage.send(stage.message("rst", true)).await;
    assert_eq!(response.status(), 502);
    assert_eq!(second.arrived(), 0, "it may have begun to work on it");
    stage.authority.settlement().await;
}

#[tokio::test]
async fn an_error_other_than_overload_is_the_answer() {
    let (first, second) = (simulator().await, simulator().await);
    let stage = stage(&[&first.url(), &second.url()]).await;
    let response = stage.send(stage.message("overloaded(status=500,times=1)", true)).await;
    assert_eq!(response.status(), 500);
    assert_eq!(second.arrived(), 0);
}
