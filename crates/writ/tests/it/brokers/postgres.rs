//! PostgreSQL, a real one: a role per credential, what it may do, and that nothing is left of it.

mod away;
mod crowd;
mod endings;
mod many;
mod names;
mod rights;
pub(crate) mod server;
mod session;

use std::sync::atomic::{AtomicU64, Ordering};

use brokers::broker::{Chance, Order, Revocation};
use domain::{ArtifactKind, Scope};
use serde_json::{Value, json};

use server::{Real, psql};

/// Sessions of this process, each with an id of its own.
static SESSIONS: AtomicU64 = AtomicU64::new(0);

fn next() -> u64 {
    SESSIONS.fetch_add(1, Ordering::Relaxed)
}

#[tokio::test]
async fn a_role_works_under_its_name_and_is_gone_when_it_is_revoked() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    let order = real.order(next());
    let minted = broker.mint(&order).await.unwrap();
    let role = minted.secret.field("user").unwrap().to_owned();
    assert!(role.starts_with("s_") && role.ends_with("_1_grace_payments"), "{role}");
    assert_eq!(minted.names, [(ArtifactKind::DatabaseRole, role.clone())]);
    assert_eq!(broker.plan(&order).names, minted.names);
    assert!(broker.plan(&order).handle == minted.handle, "the plan knows the handle");

    let url = real.url_of(&minted);
    let who = "select session_user, current_user, (select count(*) >= 2 from payments.invoice)";
    assert_eq!(psql(&url, who), Ok(format!("{role}|payments_rw|t")));
    let comment: Value = serde_json::from_str(
        &real.sql(&format!("select shobj_description(oid, 'pg_authid') from pg_roles where rolname = '{role}'")),
    )
    .unwrap();
    assert_eq!(comment["session.id"], order.session.to_string());
    assert_eq!(comment["developer.login"], "grace");
    let properties = "select rolconnlimit, rolsuper, rolcreaterole, rolcreatedb, rolinherit from pg_roles";
    assert_eq!(real.sql(&format!("{properties} where rolname = '{role}'")), "5|f|f|f|t");

    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
    assert_eq!(real.roles_of(&order), 0);
    let refused = psql(&url, "select 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead, "again, and it is still gone");

    let log = real.log();
    assert!(log.contains(&format!("user={role}")), "the server's log names the role");
    let password = minted.secret.field("password").unwrap();
    assert!(!log.contains(password) && !log.contains(&password["writ_pg_".len()..]), "the log has the password");
}

#[tokio::test]
async fn a_scope_chooses_the_group() {
    let real = Real::start();
    let group = format!("readers_{}", std::process::id());
    real.sql(&format!("create role {group} nologin"));
    real.sql(&format!("grant {group} to {}", real.administration()));
    let broker = real.broker(json!({ "allowed_groups": [group], "statement_timeout_seconds": 7 }));
    let scope = |groups: &[&str]| -> Scope { serde_json::from_value(json!({ "role": groups })).unwrap() };
    let order = Order { scope: scope(&[&group]), ..real.order(next()) };
    let minted = broker.mint(&order).await.unwrap();
    let shown = psql(&real.url_of(&minted), "select current_user, current_setting('statement_timeout')");
    assert_eq!(shown, Err("FATAL:  permission denied for database \"payments\"".to_owned()), "a group without CONNECT");
    real.sql(&format!("grant connect on database payments to {group}"));
    let shown = psql(&real.url_of(&minted), "select current_user, current_setting('statement_timeout')");
    assert_eq!(shown, Ok(format!("{group}|7s")));
    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);

    let stranger = Order { scope: scope(&["postgres"]), ..real.order(next()) };
    let error = broker.mint(&stranger).await.unwrap_err();
    assert_eq!(
        error.text,
        format!("the target does not allow the role `postgres`, it allows `payments_rw`, `{group}`")
    );
    real.sql(&format!("drop owned by {group}; drop role {group}"));
}

/// The role counts by the server's clock, whatever writ's clock says.
#[tokio::test]
async fn clocks_that_differ_by_ten_minutes_make_no_difference() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    for skew in [-600_000_i64, 600_000] {
        let order = real.order_at(next(), skew, 300);
        let chance = Chance { now: order.at, random: control::seam::random() };
        let minted = broker.mint_with(&order, chance).await.unwrap();
        assert_eq!(psql(&real.url_of(&minted), "select 1"), Ok("1".to_owned()), "skew {skew}");
        let role = minted.secret.field("user").unwrap();
        let left = real.sql(&format!(
            "select extract(epoch from rolvaliduntil - now()) between 200 and 300 from pg_roles where rolname = '{role}'"
        ));
        assert_eq!(left, "t", "skew {skew}");
        assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
    }
}
