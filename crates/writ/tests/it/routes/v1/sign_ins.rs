use insta::assert_snapshot;
use serde_json::json;

use crate::routes::tested;
use crate::support::process::PASSWORD;
use crate::support::{Answer, Writ};

async fn attempt(writ: &Writ, login: &str, password: &str) -> Answer {
    writ.anonymous().post("/v1/sign-ins", json!({"login": login, "password": password})).await
}

#[test]
fn a_right_password_signs_in_for_a_month() {
    tested(async |writ, _people| {
        assert_snapshot!(attempt(writ, "grace", PASSWORD).await.shown(), @r#"
        201
        {
          "developer": {
            "disabled": false,
            "display_name": "Grace Hopper",
            "id": "dev_ID",
            "login": "grace",
            "roles": [
              "member"
            ]
          },
          "expires_at": "TIME",
          "sign_in": "sin_ID",
          "token": "writ_sin_TOKEN"
        }
        "#);
    });
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    tested(async |writ, _people| {
        let wrong = attempt(writ, "grace", "wrong horse battery").await;
        let unknown = attempt(writ, "nobody", PASSWORD).await;
        assert_snapshot!(wrong.shown(), @"401 unauthenticated: wrong sign-in name or password → sign in with `writ login`");
        assert_eq!(wrong.shown(), unknown.shown());
    });
}

#[test]
fn five_wrong_passwords_pause_the_name_even_for_the_right_one() {
    tested(async |writ, _people| {
        for _ in 0..5 {
            assert_eq!(attempt(writ, "grace", "wrong horse battery").await.status, 401);
        }
        let paused = attempt(writ, "grace", PASSWORD).await;
        let seconds: u32 = paused.header("retry-after").parse().unwrap();
        assert!((1..=31).contains(&seconds), "{seconds}");
        let shown = paused.shown().replace(&format!("{seconds} s"), "N s");
        assert_snapshot!(shown, @"429 throttled: too many wrong passwords for this sign-in name → try again in N s");
        assert_eq!(attempt(writ, "ada", PASSWORD).await.status, 201, "others are not paused");
    });
}

#[test]
fn a_right_password_forgets_the_wrong_ones() {
    tested(async |writ, _people| {
        for _ in 0..2 {
            for _ in 0..4 {
                assert_eq!(attempt(writ, "grace", "wrong horse battery").await.status, 401);
            }
            assert_eq!(attempt(writ, "grace", PASSWORD).await.status, 201);
        }
    });
}

#[test]
fn malformed_bodies_are_told_what_is_wrong() {
    tested(async |writ, _people| {
        let anonymous = writ.anonymous();
        let ask = async |body| anonymous.post("/v1/sign-ins", body).await.shown();
        assert_snapshot!(ask(json!({"login": "grace"})).await, @"400 invalid_request: the body does not fit: missing field `password` at line 1 column 17");
        assert_snapshot!(ask(json!({"login": "grace", "password": PASSWORD, "otp": "1"})).await, @"400 invalid_request: the body does not fit: otp: unknown field `otp`, expected `login` or `password` at line 1 column 22");
        assert_snapshot!(ask(json!({"login": 7, "password": PASSWORD})).await, @"400 invalid_request: the body does not fit: login: invalid type: integer `7`, expected a string at line 1 column 10");
    });
}

#[test]
fn signing_out_ends_this_sign_in_only() {
    tested(async |writ, people| {
        let other = writ.sign_in("grace").await;
        assert_snapshot!(people.grace.delete("/v1/sign-ins/current").await.shown(), @"204");
        assert_snapshot!(people.grace.get("/v1/whoami").await.shown(), @"401 unauthenticated: this sign-in is unknown, ended or expired → sign in with `writ login`");
        assert_eq!(people.grace.delete("/v1/sign-ins/current").await.status, 401);
        assert_eq!(other.get("/v1/whoami").await.status, 200);
    });
}

#[test]
fn a_thirty_third_sign_in_ends_the_oldest() {
    tested(async |writ, people| {
        // One was made by the harness already.
        for _ in 0..31 {
            writ.sign_in("grace").await;
        }
        assert_eq!(people.grace.get("/v1/whoami").await.status, 200);
        writ.sign_in("grace").await;
        assert_eq!(people.grace.get("/v1/whoami").await.status, 401);
    });
}

#[test]
fn a_sign_in_is_still_good_after_a_restart() {
    let _scrubbed = crate::support::scrub::scrubbed();
    crate::support::run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        writ.kill();
        writ.restart().await;
        assert_eq!(people.grace.at(&writ.url).get("/v1/whoami").await.status, 200);
    });
}
