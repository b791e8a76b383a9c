#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

use crate::testing::{NOW, upstream};

fn upstreams(urls: &[(&str, &str)]) -> Upstreams {
    let list = urls.iter().map(|(name, url)| upstream(name, url)).collect();
    Upstreams::new(&Config::new(list)).unwrap()
}

#[tokio::test]
async fn paths_and_queries_stay_as_they_are() {
    let all = upstreams(&[("plain", "https://a.example"), ("based", "https://b.example:8443/x/y/")]);
    let uris: Vec<String> = all
        .in_order(NOW)
        .map(|target| target.uri(&PathAndQuery::from_static("/v1/messages?beta=true&b=%2F")).unwrap().to_string())
        .collect();
    assert_eq!(
        uris,
        ["https://a.example/v1/messages?beta=true&b=%2F", "https://b.example:8443/x/y/v1/messages?beta=true&b=%2F"]
    );
}

#[tokio::test]
async fn one_that_rests_is_asked_last_for_a_while() {
    let all = upstreams(&[("a", "https://a.example"), ("b", "https://b.example"), ("c", "https://c.example")]);
    let order = |now| all.in_order(now).map(|target| target.name.to_string()).collect::<Vec<_>>();
    assert_eq!(order(NOW), ["a", "b", "c"]);
    all.targets[0].rest(NOW);
    assert_eq!(order(NOW), ["b", "c", "a"]);
    assert_eq!(order(NOW + Span::from_millis(limits::UPSTREAM_REST_MS)), ["a", "b", "c"]);
}

#[tokio::test]
async fn pools_fill_one_after_the_other_and_are_freed() {
    let all = upstreams(&[("a", "https://a.example")]);
    let target = &all.targets[0];
    let first: Vec<Busy> = (0..limits::POOL_STREAMS).map(|_| target.pool().1).collect();
    let busy = |index: usize| target.pools[index].busy.load(Ordering::Relaxed);
    assert_eq!((busy(0), busy(1)), (limits::POOL_STREAMS, 0));
    let next = target.pool().1;
    assert_eq!(busy(1), 1);
    drop(first);
    drop(next);
    assert_eq!((busy(0), busy(1)), (0, 0));
}
