use insta::assert_snapshot;
use serde_json::json;

use super::html::{check, tags};
use super::{Browser, encoded, tested};
use crate::support::process::PASSWORD;

#[test]
fn the_cookie_is_for_this_site_and_for_no_script() {
    tested(async |writ, _people| {
        let answer = Browser::anonymous(writ).sign_in("grace", PASSWORD, "").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/sessions"));
        assert_snapshot!(answer.header("set-cookie"), @"writ_sign_in=writ_sin_TOKEN; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000");
    });
}

#[test]
fn whoever_is_not_signed_in_is_sent_to_sign_in_and_back() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let browser = Browser::anonymous(writ);
        let wanted = format!("/sessions/{}?before=x&y=%20", session.id);
        let sent = browser.get(&wanted).await;
        assert_eq!(sent.status, 303);
        let form = browser.get(sent.header("location")).await;
        assert_eq!(form.status, 200);
        check("/sign-in", &form.text());
        let tags = tags(&form.text());
        let hidden = tags.iter().find(|tag| tag.get("name") == Some("return_to")).unwrap();
        assert_eq!(hidden.get("value"), Some(wanted.as_str()));
        let back = browser.sign_in("grace", PASSWORD, &wanted).await;
        assert_eq!(back.header("location"), wanted);
        for path in ["/sessions", "/cost", "/cost.csv", "/cost.json"] {
            let sent = browser.get(path).await;
            assert!(sent.status == 303 && sent.header("location").starts_with("/sign-in?"), "{path}: {}", sent.status);
        }
    });
}

#[test]
fn nobody_is_sent_to_another_site() {
    tested(async |writ, _people| {
        let browser = Browser::anonymous(writ);
        let targets = [
            "//evil",
            "https://evil",
            r"/\evil",
            r"\\evil",
            "/\t/evil",
            "/\n/evil",
            " //evil",
            "evil",
            "javascript:alert(1)",
            "/%0d%0aset-cookie: x=1",
        ];
        for target in targets {
            let answer = browser.sign_in("grace", PASSWORD, target).await;
            let location = answer.header("location").to_owned();
            let stays = location == "/sessions" || (location == target && target.starts_with("/%"));
            assert!(answer.status == 303 && stays, "{target:?} → {location:?}");
            let form = browser.get(&format!("/sign-in?{}", encoded(&[("return_to", target)]))).await;
            let tags = tags(&form.text());
            let hidden = tags.iter().find(|tag| tag.get("name") == Some("return_to"));
            assert!(hidden.is_none() || target.starts_with("/%"), "{target:?}");
        }
    });
}

#[test]
fn a_wrong_password_keeps_the_name_and_says_nothing_more() {
    tested(async |writ, _people| {
        let browser = Browser::anonymous(writ);
        let wrong = browser.sign_in("grace", "wrong horse battery", "/cost").await;
        assert_eq!((wrong.status.as_u16(), wrong.header("set-cookie")), (401, ""));
        check("/sign-in", &wrong.text());
        let tags = tags(&wrong.text());
        let value = |name: &str| tags.iter().find(|tag| tag.get("name") == Some(name)).and_then(|tag| tag.get("value"));
        assert_eq!((value("login"), value("return_to"), value("password")), (Some("grace"), Some("/cost"), None));
        assert!(!wrong.text().contains("wrong horse"), "{}", wrong.text());
        let unknown = browser.sign_in("nobody", PASSWORD, "/cost").await;
        assert_eq!(unknown.text().replace("nobody", "grace"), wrong.text());
        let hostile = browser.sign_in("\"><script>", PASSWORD, "").await;
        check("/sign-in", &hostile.text());
    });
}

#[test]
fn too_many_wrong_passwords_pause_the_name() {
    tested(async |writ, _people| {
        let browser = Browser::anonymous(writ);
        for _ in 0..5 {
            browser.sign_in("grace", "wrong horse battery", "").await;
        }
        let paused = browser.sign_in("grace", PASSWORD, "").await;
        assert_eq!(paused.status, 429, "{}", paused.text());
        assert!(!paused.header("retry-after").is_empty());
        assert!(paused.text().contains("too many wrong passwords"), "{}", paused.text());
    });
}

#[test]
fn signing_out_ends_the_sign_in_on_the_server() {
    tested(async |writ, _people| {
        let browser = Browser::signed_in(writ, "grace").await;
        let out = browser.post("/sign-out", "").await;
        assert_eq!((out.status.as_u16(), out.header("location")), (303, "/sign-in"));
        assert_snapshot!(out.header("set-cookie"), @"writ_sign_in=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        // The old cookie, kept by a thief.
        assert_eq!(browser.get("/sessions").await.status, 303);
    });
}

#[test]
fn forms_of_other_sites_are_refused() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let browser = Browser::signed_in(writ, "grace").await;
        let path = format!("/sessions/{}/revoke", session.id);
        let host = writ.url.trim_start_matches("http://");
        let theirs: [&[(&str, &str)]; 7] = [
            &[],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("sec-fetch-site", "cross-site"), ("origin", &writ.url)],
        ];
        for from in theirs {
            for path in [path.as_str(), "/sign-out", "/sign-in"] {
                let refused = browser.post_from(path, "reason=x&login=grace&password=x", from).await;
                assert_eq!(refused.status, 403, "{path} {from:?}: {}", refused.text());
            }
        }
        let live = people.grace.get(&format!("/v1/sessions/{}", session.id)).await.json();
        assert_eq!(live["status"], "active");
        let ours = browser.post_from(&path, "reason=done", &[("origin", &format!("http://{host}"))]).await;
        assert_eq!(
            (ours.status.as_u16(), ours.header("location")),
            (303, format!("/sessions/{}", session.id).as_str())
        );
        let over = people.grace.get(&format!("/v1/sessions/{}", session.id)).await.json();
        assert_eq!(over["over"]["reason"], "done");
    });
}

#[test]
fn the_refusal_of_a_foreign_form_is_readable() {
    tested(async |writ, _people| {
        let refused = Browser::anonymous(writ).post_from("/sign-in", "login=x", &[]).await;
        assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
        check("a refused form", &refused.text());
        assert!(refused.text().contains("this form came from another site"), "{}", refused.text());
    });
}
