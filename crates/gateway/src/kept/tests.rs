#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const LONG: Duration = Duration::from_secs(30);

fn kept() -> (Keeper, Kept) {
    let (keeper, credential) = Keeper::new();
    let kept = credential.renewed().unwrap().clone();
    (keeper, kept)
}

#[test]
fn calls_see_the_newest_key() {
    let (keeper, kept) = kept();
    assert!(kept.now().is_none() && !keeper.has_key());
    keeper.renew("one").unwrap();
    assert_eq!(kept.now().unwrap().0, 1);
    keeper.renew("two").unwrap();
    let (generation, key) = kept.now().unwrap();
    let mut headers = http::HeaderMap::new();
    key.set_on(&mut headers);
    assert_eq!((generation, headers["authorization"].as_bytes()), (2, &b"Bearer two"[..]));
    keeper.renew("bad\n").unwrap_err();
    assert_eq!(kept.now().unwrap().0, 2, "the old one stays");
    keeper.drop_key();
    assert!(kept.now().is_none());
    assert!(!format!("{keeper:?} {kept:?}").contains("two"));
}

#[tokio::test]
async fn a_refused_key_is_wanted_once() {
    let (keeper, kept) = kept();
    keeper.renew("one").unwrap();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let kept = kept.clone();
            tokio::spawn(async move { kept.after(1, LONG).await.is_some() })
        })
        .collect();
    keeper.wanted().await;
    keeper.renew("two").unwrap();
    for one in waiting {
        assert!(one.await.unwrap());
    }
    // Who comes late with the old one gets the new one without asking.
    assert!(kept.after(1, Duration::ZERO).await.is_some());
}

#[tokio::test]
async fn who_waits_is_told_of_a_failure() {
    let (keeper, kept) = kept();
    keeper.renew("one").unwrap();
    let waiting = tokio::spawn(async move { kept.after(1, LONG).await.is_none() });
    keeper.wanted().await;
    keeper.failed();
    assert!(waiting.await.unwrap());
}
