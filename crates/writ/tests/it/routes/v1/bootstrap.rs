use insta::assert_snapshot;
use serde_json::json;

use crate::routes::tested;
use crate::support::process::PASSWORD;
use crate::support::scrub::scrubbed;
use crate::support::{Writ, run};

const WEAK: &str = "short";

/// A process that nobody has signed in to yet.
fn fresh(test: impl AsyncFnOnce(&Writ, String)) {
    let _scrubbed = scrubbed();
    run(async {
        let writ = Writ::start().await;
        let token = writ.bootstrap.clone().expect("a fresh installation prints a token");
        test(&writ, token).await;
    });
}

#[test]
fn makes_the_first_administrator_and_signs_them_in() {
    fresh(async |writ, token| {
        let body = json!({"token": token, "login": "ada", "password": PASSWORD});
        assert_snapshot!(writ.anonymous().post("/v1/bootstrap", body).await.shown(), @r#"
        201
        {
          "developer": {
            "disabled": false,
            "display_name": "ada",
            "id": "dev_ID",
            "login": "ada",
            "roles": [
              "member",
              "admin"
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
fn refuses_a_wrong_token_and_stays_open_for_the_right_one() {
    fresh(async |writ, token| {
        let wrong = json!({"token": token.replace("writ_bts_", "writ_bts_0"), "login": "eve", "password": PASSWORD});
        assert_snapshot!(writ.anonymous().post("/v1/bootstrap", wrong).await.shown(), @"401 unauthenticated: that is not this server's bootstrap token: it is printed when `writ serve` starts → sign in with `writ login`");
        let right = json!({"token": token, "login": "ada", "password": PASSWORD});
        assert_eq!(writ.anonymous().post("/v1/bootstrap", right).await.status, 201);
    });
}

#[test]
fn refuses_a_bad_name_or_password_and_stays_open() {
    fresh(async |writ, token| {
        let ask = async |login: &str, password: &str, name: &str| {
            let body = json!({"token": token, "login": login, "password": password, "display_name": name});
            writ.anonymous().post("/v1/bootstrap", body).await
        };
        assert_snapshot!(ask("Ada Lovelace", PASSWORD, "Ada").await.shown(), @"400 invalid_request: a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit");
        assert_snapshot!(ask("ada", WEAK, "Ada").await.shown(), @"400 invalid_request: a password needs at least 12 characters");
        assert_snapshot!(ask("ada", &"x".repeat(1025), "Ada").await.shown(), @"400 invalid_request: a password has at most 1024 bytes");
        assert_snapshot!(ask("ada", PASSWORD, "Ada\nLovelace").await.shown(), @"400 invalid_request: a display name has at most 120 characters and no line breaks");
        assert_snapshot!(ask("ada", PASSWORD, &"x".repeat(121)).await.shown(), @"400 invalid_request: a display name has at most 120 characters and no line breaks");
        assert_eq!(ask("ada", PASSWORD, "Ada").await.status, 201);
    });
}

#[test]
fn is_spent_after_the_first_administrator() {
    tested(async |writ, _people| {
        let token = writ.bootstrap.clone().unwrap();
        let body = json!({"token": token, "login": "eve", "password": PASSWORD});
        assert_snapshot!(writ.anonymous().post("/v1/bootstrap", body).await.shown(), @"403 bootstrap_spent: the first administrator exists already: the bootstrap token is spent → sign in with `writ login`");
    });
}

#[test]
fn one_of_two_at_the_same_time_wins() {
    fresh(async |writ, token| {
        let anonymous = writ.anonymous();
        let ask = async |login: &str| {
            let body = json!({"token": token, "login": login, "password": PASSWORD});
            anonymous.post("/v1/bootstrap", body).await.status.as_u16()
        };
        let (one, two) = tokio::join!(ask("ada"), ask("eve"));
        let mut both = [one, two];
        both.sort_unstable();
        assert_eq!(both, [201, 403]);
    });
}

#[test]
fn no_token_is_printed_once_there_is_an_administrator() {
    run(async {
        let mut writ = Writ::start().await;
        writ.people().await;
        writ.kill();
        writ.restart().await;
        assert_eq!(writ.bootstrap, None);
    });
}
