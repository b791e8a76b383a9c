//! Many sessions: no role stays behind, and a thousand end at once.

use std::sync::Arc;
use std::time::Duration;

use brokers::broker::{Order, Revocation};
use serde_json::json;

use super::next;
use super::server::{Minting, Real};

/// Sessions at a time while they are made.
const MAKING_MAX: usize = 32;

async fn mint_all(broker: &Arc<Minting>, orders: &[Order]) {
    for some in orders.chunks(MAKING_MAX) {
        let minting: Vec<_> = some
            .iter()
            .cloned()
            .map(|order| {
                let broker = Arc::clone(broker);
                tokio::spawn(async move { broker.mint(&order).await.map(drop) })
            })
            .collect();
        for minting in minting {
            minting.await.unwrap().unwrap();
        }
    }
}

async fn end_all(broker: &Arc<Minting>, orders: &[Order]) {
    let ending: Vec<_> = orders
        .iter()
        .cloned()
        .map(|order| {
            let broker = Arc::clone(broker);
            tokio::spawn(async move { broker.revoke(&order).await })
        })
        .collect();
    for ending in ending {
        assert_eq!(ending.await.unwrap().unwrap(), Revocation::Dead);
    }
}

async fn sessions(count: usize) {
    let real = Real::start();
    let project = format!("many-{}-{}", std::process::id(), next());
    let broker = Arc::new(real.broker(json!({})));
    let named = |number| Order { project_name: project.parse().unwrap(), ..real.order(number) };
    let orders: Vec<_> = (0..count).map(|_| named(next())).collect();
    let left =
        || real.sql(&format!("select count(*) from pg_roles where rolname like '%\\_{}'", project.replace('-', "\\_")));
    let begun = tokio::time::Instant::now();
    mint_all(&broker, &orders).await;
    let minted = begun.elapsed();
    assert_eq!(left(), count.to_string());
    for some in orders.chunks(1000) {
        let begun = tokio::time::Instant::now();
        end_all(&broker, some).await;
        println!("{} roles ended in {:.1?}", some.len(), begun.elapsed());
    }
    println!("{count} roles made in {minted:.1?}");
    assert_eq!(left(), "0");
    let rights = "select coalesce(max(array_length(relacl, 1)), 0) < 20 from pg_class";
    assert_eq!(real.sql(rights), "t", "access lists did not grow");
}

#[tokio::test]
async fn three_hundred_sessions_leave_no_role_behind() {
    sessions(300).await;
}

/// Run by hand: `cargo nextest run -p writ --run-ignored only -E 'test(two_thousand_sessions)'`.
#[tokio::test]
#[ignore = "takes a minute"]
async fn two_thousand_sessions_leave_no_role_behind() {
    sessions(2000).await;
}

/// When the server is away, a thousand find out soon, and not one after the other.
#[tokio::test]
async fn a_thousand_hear_that_the_server_is_away() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = Real::start().settings(json!({}));
    settings["port"] = listener.local_addr().unwrap().port().into();
    let broker = Arc::new(Minting::open(&settings, "x"));
    let real = Real::start();
    let asking: Vec<_> = (0..1000)
        .map(|_| {
            let (broker, order) = (Arc::clone(&broker), real.order(next()));
            tokio::spawn(async move { broker.revoke(&order).await })
        })
        .collect();
    let all = async {
        for asking in asking {
            assert!(asking.await.unwrap().unwrap_err().may_pass);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("a thousand were not told within a minute");
}
