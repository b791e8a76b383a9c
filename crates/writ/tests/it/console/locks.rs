use serde_json::json;

use super::html::check;
use super::{Browser, encoded, populate, tested};

const FILE: &str = "path:github.com/acme/api//config/pool.toml";

#[test]
fn what_is_frozen_stands_on_top_and_is_thawed_by_whoever_works_on_it() {
    tested(async |writ, people| {
        populate(people).await;
        let browser = Browser::signed_in(writ, "grace").await;
        let page = browser.get("/locks").await.text();
        check("/locks", &page);
        assert!(page.contains("Needs a human") && page.contains(FILE), "{page}");
        assert!(page.find("Needs a human") < page.find("Who waits"), "{page}");
        assert!(page.contains("Working in github.com/acme/api"), "{page}");
        let form = encoded(&[("resource", FILE), ("reason", "b it is")]);
        let thawed = browser.post("/locks/thaw", &form).await;
        assert_eq!((thawed.status.as_u16(), thawed.header("location")), (303, "/locks"));
        assert_eq!(people.ada.get("/v1/freezes").await.json(), json!({"freezes": []}));
        assert!(!browser.get("/locks").await.text().contains("Needs a human"));
    });
}

#[test]
fn a_lock_is_taken_away_by_whoever_may_and_not_by_others() {
    tested(async |writ, people| {
        populate(people).await;
        let held = people.ada.get("/v1/locks?state=held&resource=env:prod").await.json()["locks"][0].clone();
        let path = format!("/locks/{}/break", held["ticket"].as_str().unwrap());
        let form = encoded(&[("reason", "the release waits")]);
        let (grace, ada) = (Browser::signed_in(writ, "grace").await, Browser::signed_in(writ, "ada").await);
        assert!(!grace.get("/locks").await.text().contains(&path), "it is not hers to break");
        let refused = grace.post(&path, &form).await;
        assert_eq!(refused.status, 403);
        check(&path, &refused.text());
        assert!(ada.get("/locks").await.text().contains(&path));
        let broken = ada.post(&path, &form).await;
        assert_eq!((broken.status.as_u16(), broken.header("location")), (303, "/locks"));
        let waiting = people.ada.get("/v1/locks?resource=env:prod").await.json();
        assert_eq!(waiting["locks"][0]["state"], "offered", "{waiting}");
    });
}
