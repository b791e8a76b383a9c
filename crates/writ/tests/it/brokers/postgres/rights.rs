//! A broker's role that lacks a right: what is told is the statement to run.

use brokers::broker::{Fault, Revocation};
use serde_json::{Value, json};

use super::next;
use super::server::{Minting, Real};

const PASSWORD: &str = "of the lesser";

fn lesser(real: &Real, attributes: &str) -> (String, Value) {
    let name = format!("lesser_{}_{}", std::process::id(), next());
    real.sql(&format!("create role {name} login {attributes} password '{PASSWORD}'"));
    real.sql(&format!("grant connect on database payments to {name}"));
    let mut settings = real.settings(json!({}));
    settings["user"] = name.clone().into();
    (name, settings)
}

#[tokio::test]
async fn a_role_that_may_not_create_roles() {
    let real = Real::start();
    let (name, settings) = lesser(&real, "");
    let error = Minting::open(&settings, PASSWORD).mint(&real.order(next())).await.unwrap_err();
    assert_eq!(error.fault, Fault::Operator);
    assert_eq!(
        error.text,
        format!(
            "the role \"{name}\" may not create roles: run at the PostgreSQL server ALTER ROLE \"{name}\" CREATEROLE"
        )
    );
}

#[tokio::test]
async fn a_role_that_may_not_give_the_group() {
    let real = Real::start();
    let (name, settings) = lesser(&real, "createrole");
    let broker = Minting::open(&settings, PASSWORD);
    let order = real.order(next());
    let tried = broker.mint(&order).await;
    if real.version() < 160_000 {
        // There, whoever may create roles may give any.
        tried.unwrap();
        assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
        return;
    }
    let error = tried.unwrap_err();
    assert_eq!(error.fault, Fault::Operator);
    let statement = format!("GRANT \"payments_rw\" TO \"{name}\" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE");
    assert!(error.text.ends_with(&statement), "{error}");
    real.sql(&statement);
    broker.mint(&order).await.unwrap();
    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
}

#[tokio::test]
async fn a_group_that_is_not_there() {
    let real = Real::start();
    let error = real.broker(json!({ "group": "nobody here" })).mint(&real.order(next())).await.unwrap_err();
    assert_eq!(error.fault, Fault::Operator);
    assert!(error.text.contains("CREATE ROLE \"nobody here\" NOLOGIN"), "{error}");
}

#[tokio::test]
async fn a_role_that_another_one_made() {
    let real = Real::start();
    let order = real.order(next());
    let broker = real.broker(json!({}));
    broker.mint(&order).await.unwrap();
    let (name, settings) = lesser(&real, "createrole");
    let other = Minting::open(&settings, PASSWORD);
    let revoked = other.revoke(&order).await;
    if real.version() < 160_000 {
        assert_eq!(revoked.unwrap(), Revocation::Dead);
    } else {
        let error = revoked.unwrap_err();
        let statement = error.text.split("; ").last().unwrap();
        assert!(statement.starts_with("GRANT \"s_") && statement.ends_with("WITH ADMIN OPTION"), "{error}");
        real.sql(statement);
        assert_eq!(other.revoke(&order).await.unwrap(), Revocation::Dead, "once {name} was given it");
    }
    assert_eq!(real.roles_of(&order), 0);
}

#[tokio::test]
async fn a_database_that_is_closed_or_not_there() {
    let real = Real::start();
    let name = format!("lesser_{}_{}", std::process::id(), next());
    real.sql(&format!("create role {name} login createrole password '{PASSWORD}'"));
    let mut settings = real.settings(json!({}));
    settings["user"] = name.clone().into();
    let error = Minting::open(&settings, PASSWORD).mint(&real.order(next())).await.unwrap_err();
    assert!(error.text.ends_with(&format!("GRANT CONNECT ON DATABASE \"payments\" TO \"{name}\"")), "{error}");

    let error = real.broker(json!({ "database": "not there" })).mint(&real.order(next())).await.unwrap_err();
    assert!(error.text.ends_with("has no database `not there`"), "{error}");
    let gone = real.broker(json!({ "database": "not there" })).revoke(&real.order(next())).await;
    assert_eq!(gone.unwrap(), Revocation::Dead, "roles belong to the whole server");
}

#[tokio::test]
async fn a_wrong_password() {
    let real = Real::start();
    let error = Minting::open(&real.settings(json!({})), "hunter2").mint(&real.order(next())).await.unwrap_err();
    assert_eq!(error.fault, Fault::Operator);
    assert!(error.text.contains("refuses the role `broker`") && !error.text.contains("hunter2"), "{error}");
}
