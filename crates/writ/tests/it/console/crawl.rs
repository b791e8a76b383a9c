use std::collections::BTreeSet;

use serde_json::json;

use super::html::{check, tags};
use super::{Browser, populate, tested};
use crate::support::Answer;

/// Pages looked at by one crawl: far above what the data below makes.
const PAGES_MAX: usize = 400;

const CSP: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Follows every link from the list of sessions on, checks every page, and returns the paths without queries and ids.
async fn crawl(browser: &Browser) -> BTreeSet<String> {
    let (mut todo, mut seen) = (vec!["/".to_owned()], BTreeSet::new());
    while let Some(path) = todo.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        assert!(seen.len() < PAGES_MAX, "more than {PAGES_MAX} pages");
        let answer = browser.get(&path).await;
        if path == "/" {
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sessions"));
            todo.push("/sessions".to_owned());
            continue;
        }
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        check_headers(&path, &answer);
        if answer.header("content-type").starts_with("text/html") {
            todo.extend(links(&path, &answer.text()));
        }
    }
    seen.iter().map(|path| kind(path)).collect()
}

fn check_headers(path: &str, answer: &Answer) {
    for (name, value) in [
        ("content-security-policy", CSP),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{path}: {name}");
    }
    let cached = answer.header("cache-control");
    let expected = if path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-store" };
    assert_eq!(cached, expected, "{path}");
}

/// Checks a page and returns where it leads.
fn links(path: &str, html: &str) -> Vec<String> {
    check(path, html);
    let leads = |tag: &super::html::Tag| tag.get("href").or_else(|| tag.get("src")).map(str::to_owned);
    let found: Vec<String> = tags(html).iter().filter_map(leads).filter(|link| link != "#main").collect();
    for link in &found {
        assert!(link.starts_with('/') && !link.starts_with("//"), "{path} leads elsewhere: {link}");
    }
    found
}

/// The path with its ids and queries left out.
fn kind(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    let part = |part: &str| match part {
        id if id.starts_with("ses_") => "{session}".to_owned(),
        asset if asset.contains(".css") || asset.contains(".svg") => "{asset}".to_owned(),
        other => other.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What everybody can reach.
const ALL: [&str; 9] = [
    "/",
    "/assets/{asset}",
    "/cost",
    "/cost.csv",
    "/cost.json",
    "/credentials",
    "/locks",
    "/sessions",
    "/sessions/{session}",
];

#[test]
fn every_page_an_administrator_can_reach_is_sound() {
    tested(async |writ, people| {
        populate(people).await;
        let browser = Browser::signed_in(writ, "ada").await;
        let expected: BTreeSet<String> = ALL.into_iter().chain(["/brokers"]).map(str::to_owned).collect();
        assert_eq!(crawl(&browser).await, expected);
    });
}

#[test]
fn every_page_a_member_can_reach_is_sound_and_shows_nobody_else() {
    tested(async |writ, people| {
        populate(people).await;
        let browser = Browser::signed_in(writ, "grace").await;
        assert_eq!(crawl(&browser).await.into_iter().collect::<Vec<_>>(), ALL);
        let foreign = people.ada.get("/v1/sessions?developer=ada").await.json()["sessions"][0]["id"].clone();
        let foreign = foreign.as_str().unwrap();
        assert!(!browser.get("/sessions").await.text().contains(foreign));
        let page = browser.get(&format!("/sessions/{foreign}")).await;
        assert_eq!(page.status, 404);
        check("a page of somebody else", &page.text());
        assert!(!browser.get("/cost?by=developer").await.text().contains("ada"));
    });
}

#[test]
fn every_slice_of_cost_is_a_sound_page() {
    tested(async |writ, people| {
        populate(people).await;
        let browser = Browser::signed_in(writ, "ada").await;
        let today = people.ada.get("/v1/cost?by=day").await.json()["rows"][0]["keys"]["day"]["name"].clone();
        let today = today.as_str().unwrap();
        for by in ["developer", "project", "session", "model", "team", "day"] {
            for filter in ["", "&project=checkout", "&developer=grace", "&since=2020-01-01", &format!("&until={today}")]
            {
                let path = format!("/cost?by={by}{filter}");
                let page = browser.get(&path).await;
                assert_eq!(page.status, 200, "{path}: {}", page.text());
                links(&path, &page.text());
                assert!(page.text().contains("<table>"), "{path} shows nothing");
            }
        }
    });
}

#[test]
fn an_empty_installation_has_sound_pages() {
    tested(async |writ, _people| {
        let browser = Browser::signed_in(writ, "grace").await;
        assert_eq!(crawl(&browser).await.len(), 8);
        let page = browser.get("/sessions").await.text();
        assert!(page.contains("No session yet."), "{page}");
    });
}

#[test]
fn errors_are_pages_too() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let browser = Browser::signed_in(writ, "grace").await;
        for (path, status) in [
            ("/sessions/ses_00000000000000000000000000".to_owned(), 404),
            ("/sessions/%3Cscript%3E".to_owned(), 404),
            ("/sessions?developer=ada".to_owned(), 403),
            ("/sessions?project=%3Cb%3E".to_owned(), 404),
            ("/cost?by=colour".to_owned(), 400),
            ("/cost?by=developer,day".to_owned(), 400),
            ("/cost?since=%22%3E%3Cscript%3E".to_owned(), 400),
            ("/sessions?live=maybe".to_owned(), 400),
            (format!("/sessions/{}?unknown=1", session.id), 200),
        ] {
            let page = browser.get(&path).await;
            assert_eq!(page.status, status, "{path}: {}", page.text());
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
            check(&path, &page.text());
        }
    });
}

#[test]
fn texts_of_strangers_are_escaped() {
    tested(async |writ, people| {
        populate(people).await;
        let revoked = people.ada.get("/v1/sessions?project=checkout").await.json()["sessions"][0]["id"].clone();
        let browser = Browser::signed_in(writ, "ada").await;
        let page = browser.get(&format!("/sessions/{}", revoked.as_str().unwrap())).await.text();
        assert!(page.contains("alert(") && !page.contains("<script"), "{page}");
    });
}
