use insta::assert_snapshot;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::routes::{developer, tested};

#[test]
fn opens_for_a_project() {
    tested(async |_writ, people| {
        let asked =
            json!({"project": "checkout", "ttl_seconds": 3600, "budget_usd_nanos": 5_000_000_000_i64, "beats": true});
        assert_snapshot!(people.grace.post("/v1/sessions", asked).await.shown(), @r#"
        201
        {
          "beat_every_seconds": 20,
          "session": {
            "agent": null,
            "budget_usd_nanos": 5000000000,
            "calls": 0,
            "developer": {
              "id": "dev_ID",
              "login": "grace"
            },
            "expires_at": "TIME",
            "held_usd_nanos": 0,
            "id": "ses_ID",
            "opened_at": "TIME",
            "over": null,
            "over_at": null,
            "parent": null,
            "profile": "default",
            "project": {
              "id": "prj_ID",
              "name": "checkout"
            },
            "spent_usd_nanos": 0,
            "status": "active",
            "team": {
              "id": "team_ID",
              "name": "payments"
            },
            "url": "URL/sessions/ses_ID"
          },
          "token": "writ_ses_TOKEN",
          "url": "URL/sessions/ses_ID",
          "writ": "JWT"
        }
        "#);
    });
}

#[test]
fn opens_unattributed_with_the_defaults() {
    tested(async |_writ, people| {
        assert_snapshot!(people.grace.post("/v1/sessions", json!({})).await.shown(), @r#"
        201
        {
          "beat_every_seconds": 20,
          "session": {
            "agent": null,
            "budget_usd_nanos": null,
            "calls": 0,
            "developer": {
              "id": "dev_ID",
              "login": "grace"
            },
            "expires_at": "TIME",
            "held_usd_nanos": 0,
            "id": "ses_ID",
            "opened_at": "TIME",
            "over": null,
            "over_at": null,
            "parent": null,
            "profile": "default",
            "project": null,
            "spent_usd_nanos": 0,
            "status": "active",
            "team": null,
            "url": "URL/sessions/ses_ID"
          },
          "token": "writ_ses_TOKEN",
          "url": "URL/sessions/ses_ID",
          "writ": "JWT"
        }
        "#);
    });
}

#[test]
fn a_project_may_be_named_by_its_id() {
    tested(async |_writ, people| {
        let id = people.grace.get("/v1/whoami").await.json()["projects"][0]["id"].clone();
        let opened = people.grace.post("/v1/sessions", json!({"project": id})).await.json();
        assert_eq!(opened["session"]["project"], json!({"id": id, "name": "checkout"}));
    });
}

#[test]
fn bounds_are_named() {
    tested(async |_writ, people| {
        let ask = async |asked| people.grace.post("/v1/sessions", asked).await.shown();
        assert_snapshot!(ask(json!({"ttl_seconds": 59})).await, @"400 ttl_out_of_bounds: a session lives between 1m and 7d, not 59s");
        assert_snapshot!(ask(json!({"ttl_seconds": 604_801})).await, @"400 ttl_out_of_bounds: a session lives between 1m and 7d, not 7d");
        assert_snapshot!(ask(json!({"ttl_seconds": u64::MAX})).await, @"400 ttl_out_of_bounds: a session lives between 1m and 7d, not 213503982334d14h");
        assert_snapshot!(ask(json!({"ttl_seconds": -1})).await, @"400 invalid_request: the body does not fit: ttl_seconds: invalid value: integer `-1`, expected u64 at line 1 column 17");
        assert_snapshot!(ask(json!({"budget_usd_nanos": -1})).await, @"400 amount_out_of_bounds: an amount must lie between $0 and $9007199.2547");
        assert_snapshot!(ask(json!({"budget_usd_nanos": 1_i64 << 53})).await, @"400 amount_out_of_bounds: an amount must lie between $0 and $9007199.2547");
        assert_snapshot!(ask(json!({"budget_usd_nanos": 0.5})).await, @"400 invalid_request: the body does not fit: budget_usd_nanos: invalid type: floating point `0.5`, expected i64 at line 1 column 23");
        assert_snapshot!(ask(json!({"profile": "No Such"})).await, @"400 invalid_request: a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit");
        assert_snapshot!(ask(json!({"unknown": true})).await, @"400 invalid_request: the body does not fit: unknown: unknown field `unknown`, expected one of `project`, `ttl_seconds`, `budget_usd_nanos`, `profile`, `beats`, `parent` at line 1 column 10");
        assert_snapshot!(ask(json!([])).await, @"400 invalid_request: the body does not fit: invalid length 0, expected struct Open with 6 elements at line 1 column 2");
    });
}

#[test]
fn unknown_and_foreign_projects_are_refused() {
    tested(async |_writ, people| {
        people.ada.post("/v1/projects", json!({"name": "secret", "teams": []})).await;
        let ask = async |asked| people.grace.post("/v1/sessions", asked).await.shown();
        assert_snapshot!(ask(json!({"project": "nowhere"})).await, @"404 not_found: no project `nowhere`");
        assert_snapshot!(ask(json!({"project": "prj_00000000000000000000000000"})).await, @"404 not_found: no project `prj_ID`");
        assert_snapshot!(ask(json!({"project": "secret"})).await, @"403 project_forbidden: developer dev_ID is in none of the teams of project prj_ID → ask an administrator to put you into one of its teams");
    });
}

#[test]
fn an_auditor_who_is_no_member_opens_none() {
    tested(async |writ, people| {
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_snapshot!(lin.post("/v1/sessions", json!({})).await.shown(), @"403 forbidden: this needs the role `member`, or to be the owner → ask an administrator");
    });
}

#[test]
fn the_writ_verifies_with_the_published_keys_and_names_human_project_and_agent() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"project": "checkout", "ttl_seconds": 600})).await;
        let published = writ.anonymous().get("/.well-known/jwks.json").await;
        let keys: JwkSet = serde_json::from_slice(&published.body).unwrap();
        let head = decode_header(&session.writ).unwrap();
        assert_eq!(head.alg, Algorithm::RS256);
        let key = DecodingKey::from_jwk(keys.find(&head.kid.unwrap()).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&["writ"]);
        validation.set_issuer(&[&writ.url]);
        let claims = decode::<Value>(&session.writ, &key, &validation).unwrap().claims;
        let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert!((599..=600).contains(&lifetime), "{claims}");
        let mut shown = claims;
        for time in ["exp", "iat", "nbf"] {
            shown[time] = json!("SECONDS");
        }
        assert_snapshot!(format!("{shown:#}"), @r#"
        {
          "act": {
            "sub": "ses_ID"
          },
          "aud": [
            "writ"
          ],
          "developer.id": "dev_ID",
          "exp": "SECONDS",
          "iat": "SECONDS",
          "iss": "URL",
          "jti": "ses_ID:1",
          "nbf": "SECONDS",
          "profile": "default",
          "project.id": "prj_ID",
          "session.id": "ses_ID",
          "sub": "dev_ID"
        }
        "#);
        let changed = session.writ.replacen("eyJ", "eyK", 1);
        assert!(decode::<Value>(&changed, &key, &validation).is_err());
    });
}

#[test]
fn the_writ_still_verifies_after_a_restart() {
    crate::support::run(async {
        let mut writ = crate::support::Writ::start().await;
        let before = writ.anonymous().get("/.well-known/jwks.json").await.text();
        writ.kill();
        writ.restart().await;
        assert_eq!(writ.anonymous().get("/.well-known/jwks.json").await.text(), before);
    });
}

#[test]
fn a_developer_has_at_most_256_live_sessions() {
    tested(async |_writ, people| {
        for _ in 0..256 {
            people.grace.open(json!({})).await;
        }
        assert_snapshot!(people.grace.post("/v1/sessions", json!({})).await.shown(), @"429 limit_reached: the limit of 256 live sessions of one developer is reached");
        assert_eq!(people.ada.post("/v1/sessions", json!({})).await.status, 201);
    });
}
