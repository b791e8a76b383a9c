//! Names that people choose, and that reach a statement and a log.

use brokers::broker::{Order, Revocation};
use serde_json::json;

use super::next;
use super::server::{Minting, Real, psql};

#[tokio::test]
async fn hostile_names_do_nothing() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    let long = "x".repeat(300);
    for name in [
        "\"; drop table payments.invoice; --",
        "'\\'; select 1; '",
        "a\nLOG:  user=postgres",
        "\0",
        "ÅÄÖ漢字🦀",
        "",
        &long,
    ] {
        let order = Order { developer_name: name.to_owned(), ..real.order(next()) };
        let minted = broker.mint(&order).await.unwrap();
        let role = minted.secret.field("user").unwrap();
        assert!(role.len() <= 63, "{role}");
        assert!(role.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'), "{role}");
        assert_eq!(psql(&real.url_of(&minted), "select session_user"), Ok(role.to_owned()));
        let comment = real.sql(&format!("select shobj_description('{role}'::regrole, 'pg_authid')"));
        let comment: serde_json::Value = serde_json::from_str(&comment).unwrap();
        assert_eq!(comment["developer.login"], name, "{role}");
        assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
        assert_eq!(real.roles_of(&order), 0);
    }
    assert_eq!(real.sql("select count(*) >= 2 from payments.invoice"), "t");
}

/// A human who was erased is called by another name when the role is ended.
#[tokio::test]
async fn a_role_is_found_though_its_human_is_called_differently() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    let order = real.order(next());
    broker.mint(&order).await.unwrap();
    let erased = Order { developer_name: order.developer.to_string(), ..order };
    assert_eq!(broker.revoke(&erased).await.unwrap(), Revocation::Dead);
    assert_eq!(real.roles_of(&erased), 0);
}

/// Credentials of one session whose numbers begin alike are told apart.
#[tokio::test]
async fn one_credential_of_a_session_is_ended_and_not_its_tenth() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    let first = real.order(next());
    let tenth = Order { sequence: 10, ..first.clone() };
    for order in [&first, &tenth] {
        broker.mint(order).await.unwrap();
    }
    assert_eq!(broker.revoke(&first).await.unwrap(), Revocation::Dead);
    assert_eq!(real.roles_of(&tenth), 1);
    assert_eq!(broker.revoke(&tenth).await.unwrap(), Revocation::Dead);
    assert_eq!(real.roles_of(&tenth), 0);
}

/// A group and a database may be called anything.
#[tokio::test]
async fn a_group_and_a_database_may_be_called_anything() {
    let real = Real::start();
    let group = format!("it's \"Group\" \\ {} {}", std::process::id(), next());
    let quoted = format!("\"{}\"", group.replace('"', "\"\""));
    real.sql(&format!("create role {quoted} nologin"));
    real.sql(&format!("grant {quoted} to {}", real.administration()));
    real.sql(&format!("create database {quoted}"));
    let broker =
        Minting::open(&real.settings(json!({ "group": group, "database": group })), real.text("broker_password"));
    let order = real.order(next());
    let minted = broker.mint(&order).await.unwrap();
    let database =
        group.replace('%', "%25").replace(' ', "%20").replace('"', "%22").replace('\\', "%5C").replace('\'', "%27");
    let made = "set role none; create temp table t (i int); reset role; select current_user";
    assert_eq!(psql(&real.url_to(&minted, &database), made), Ok(group.clone()));
    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
    assert_eq!(real.roles_of(&order), 0);
    // The broker keeps a connection for a while.
    real.sql(&format!("drop database {quoted} with (force)"));
    real.sql(&format!("drop role {quoted}"));
}
