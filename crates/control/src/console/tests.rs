#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod fixtures;
mod rules;

use super::*;
use fixtures::{brokers, cost, credentials, error, locks, session, sessions, sign_in};

/// Every page in every state, by the name of its snapshot.
fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("sign_in", sign_in_page(&SignInPage::default()).unwrap()),
        ("sign_in_failed", sign_in_page(&sign_in::failed()).unwrap()),
        ("sessions_empty", sessions_page(&sessions::empty()).unwrap()),
        ("sessions_live_only_empty", sessions_page(&sessions::live_only_empty()).unwrap()),
        ("sessions_one", sessions_page(&sessions::one()).unwrap()),
        ("sessions_many", sessions_page(&sessions::many()).unwrap()),
        ("session_new", session_page(&session::new()).unwrap()),
        ("session_live", session_page(&session::live()).unwrap()),
        ("session_revoked", session_page(&session::revoked()).unwrap()),
        ("credentials_empty", credentials_page(&credentials::empty()).unwrap()),
        ("credentials_one", credentials_page(&credentials::one()).unwrap()),
        ("credentials_many", credentials_page(&credentials::many()).unwrap()),
        ("credentials_being_revoked", credentials_page(&credentials::being_revoked()).unwrap()),
        ("credentials_stalled", credentials_page(&credentials::stalled()).unwrap()),
        ("locks_empty", locks_page(&locks::empty()).unwrap()),
        ("locks_many", locks_page(&locks::many()).unwrap()),
        ("locks_frozen", locks_page(&locks::frozen()).unwrap()),
        ("brokers_empty", brokers_page(&brokers::empty()).unwrap()),
        ("brokers_one_seen_by_an_auditor", brokers_page(&brokers::one_seen_by_an_auditor()).unwrap()),
        ("brokers_many", brokers_page(&brokers::many()).unwrap()),
        ("cost_empty", cost_page(&cost::empty()).unwrap()),
        ("cost_one", cost_page(&cost::one()).unwrap()),
        ("cost_many", cost_page(&cost::many()).unwrap()),
        ("error_signed_in", error_page(&error::signed_in()).unwrap()),
        ("error_anonymous", error_page(&error::anonymous()).unwrap()),
    ]
}

#[test]
fn every_page_in_every_state() {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter("/assets/writ-[0-9a-f]{16}", "/assets/writ-[hash]");
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, html) in pages() {
            insta::assert_snapshot!(name, html);
        }
    });
}

#[test]
fn assets_are_found_by_the_paths_that_pages_use() {
    for (path, content_type) in [(css_path(), "text/css; charset=utf-8"), (icon_path(), "image/svg+xml")] {
        let name = path.strip_prefix("/assets/").unwrap();
        assert_eq!(asset(name).unwrap().content_type, content_type);
        assert!(pages().iter().all(|(_, html)| html.contains(&path)));
    }
    assert_eq!(asset("writ-0000000000000000.css"), None);
    assert_eq!(asset("../writ.css"), None);
}

#[test]
fn what_strangers_wrote_stays_text() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let mut list = sessions::one();
    list.live[0].developer = HOSTILE.into();
    list.live[0].project = Some(HOSTILE.into());
    list.filter = Some(HOSTILE.into());
    let mut one = session::live();
    one.over = Some(HOSTILE.into());
    one.calls[0].model = HOSTILE.into();
    one.calls[0].outcome = Badge::outcome(HOSTILE);
    let mut money = cost::one();
    money.rows[0].key = Some(Link::new(HOSTILE, HOSTILE));
    money.filter.project = HOSTILE.into();
    money.filter.projects = vec![HOSTILE.into()];
    money.chart.as_mut().unwrap().series[0].name = Some(HOSTILE.into());
    let mut vended = credentials::stalled();
    vended.broker = HOSTILE.into();
    vended.session = HOSTILE.into();
    vended.unrevoked[0].waiting.as_mut().unwrap().error = HOSTILE.into();
    vended.rows = credentials::many().rows;
    vended.rows[0].scope = HOSTILE.into();
    vended.rows[0].names[0].value = HOSTILE.into();
    let mut vending = brokers::many();
    vending.rows[0].shows = HOSTILE.into();
    vending.rows[0].targets[0].name = HOSTILE.into();
    let mut locked = locks::frozen();
    locked.resource = HOSTILE.into();
    locked.frozen[0].resource = HOSTILE.into();
    locked.frozen[0].detail = HOSTILE.into();
    locked.waiting[0].intent = Some(HOSTILE.into());
    locked.waiting[0].ahead = Some(HOSTILE.into());
    locked.held[0].wants[0] = HOSTILE.into();
    locked.places[0].rows[0].path = HOSTILE.into();
    let mut sign_in = sign_in::failed();
    sign_in.login = HOSTILE.into();
    sign_in.return_to = Some(HOSTILE.into());
    let pages = [
        sessions_page(&list).unwrap(),
        session_page(&one).unwrap(),
        cost_page(&money).unwrap(),
        credentials_page(&vended).unwrap(),
        brokers_page(&vending).unwrap(),
        locks_page(&locked).unwrap(),
        sign_in_page(&sign_in).unwrap(),
    ];
    for html in pages {
        assert!(!html.contains("<script") && !html.contains("<img src=x"), "{html}");
        assert!(html.contains("&#60;script&#62;"));
    }
}
