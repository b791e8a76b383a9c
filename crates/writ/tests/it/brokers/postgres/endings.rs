//! What a session can do to stay, and that it does not help.

use std::process::{Child, Stdio};
use std::time::Duration;

use brokers::broker::Revocation;
use serde_json::json;

use super::next;
use super::server::{Real, command, finished, parted, psql};

#[tokio::test]
async fn a_running_query_is_cut() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    let order = real.order(next());
    let minted = broker.mint(&order).await.unwrap();
    let role = minted.secret.field("user").unwrap();
    let running = start(&real.url_of(&minted), "select pg_sleep(600)");
    until(&real, &format!("select count(*) = 1 from pg_stat_activity where usename = '{role}' and state = 'active'"))
        .await;
    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
    let ended = finished(&running.wait_with_output().unwrap()).unwrap_err();
    assert_eq!(ended, "FATAL:  terminating connection due to administrator command");
    assert_eq!(real.roles_of(&order), 0);
}

/// A session that lays down its group's role owns what it makes then, here and in another database.
#[tokio::test]
async fn what_a_session_owns_goes_to_its_group() {
    let real = Real::start();
    let name = format!("other_{}", next() + u64::from(std::process::id()) * 1000);
    real.sql(&format!("create database {name}"));
    let superuser = real.text("superuser_url").replace("/payments", &format!("/{name}"));
    psql(&superuser, "grant create on schema public to payments_rw").unwrap();
    let broker = real.broker(json!({}));
    let order = real.order(next());
    let minted = broker.mint(&order).await.unwrap();
    let role = minted.secret.field("user").unwrap();
    let mine = format!("mine_{}", &role[2..28]);
    let there = format!("set role none; create table public.{mine} (i int)");
    assert_eq!(psql(&real.url_to(&minted, &name), &there), Ok(String::new()));
    let here = format!(
        "set role none; create table payments.{mine} (i int); create view payments.{mine}_v as select 1; \
         create function payments.{mine}_f() returns int language sql as 'select 1'; select lo_create(0) > 0; \
         alter default privileges in schema payments grant select on tables to payments_rw; \
         alter role \"{role}\" password 'chosen by the session'; alter role \"{role}\" set role = none; \
         select current_user = session_user"
    );
    assert_eq!(psql(&real.url_of(&minted), &here), Ok("t\nt".to_owned()));
    let staying = start(
        &real.url_of(&minted).replace(minted.secret.field("password").unwrap(), "chosen%20by%20the%20session"),
        "begin; lock table payments.invoice in row share mode; select pg_sleep(600)",
    );
    until(&real, &format!("select count(*) = 1 from pg_stat_activity where usename = '{role}'")).await;

    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
    assert_eq!(real.roles_of(&order), 0);
    assert!(finished(&staying.wait_with_output().unwrap()).is_err());
    let owner =
        |table: &str| format!("select tableowner from pg_tables where schemaname || '.' || tablename = '{table}'");
    assert_eq!(real.sql(&owner(&format!("payments.{mine}"))), "payments_rw");
    assert_eq!(psql(&superuser, &owner(&format!("public.{mine}"))), Ok("payments_rw".to_owned()));
    psql(&superuser, &format!("drop table public.{mine}")).unwrap();
    real.sql(&format!("drop database {name} with (force)"));
    real.sql(&format!("drop view payments.{mine}_v; drop function payments.{mine}_f; drop table payments.{mine}"));
}

/// A prepared transaction keeps its locks when its connection is gone.
#[tokio::test]
async fn a_prepared_transaction_is_rolled_back() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    let order = real.order(next());
    let minted = broker.mint(&order).await.unwrap();
    let role = minted.secret.field("user").unwrap();
    let gid = format!("stays {role}");
    let prepare = format!(
        "set role none; begin; create table payments.prepared_{} (i int); prepare transaction '{gid}'",
        &role[2..28]
    );
    let mut client = command(&real.url_of(&minted), "");
    let output = client.args(["-c", &prepare.replace("; ", "\n;")]).output().unwrap();
    // psql sends one -c as one transaction, and PREPARE TRANSACTION ends it.
    finished(&output).unwrap();
    assert_eq!(real.sql(&format!("select count(*) from pg_prepared_xacts where gid = '{gid}'")), "1");
    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
    assert_eq!(real.sql(&format!("select count(*) from pg_prepared_xacts where gid = '{gid}'")), "0");
    assert_eq!(real.roles_of(&order), 0);
}

/// What only somebody else can take back is said, and the role is shut nevertheless.
#[tokio::test]
async fn a_right_that_somebody_else_gave_is_the_operators_to_take() {
    let real = Real::start();
    let broker = real.broker(json!({}));
    let order = real.order(next());
    let minted = broker.mint(&order).await.unwrap();
    let role = minted.secret.field("user").unwrap();
    real.sql(&format!("grant connect on database postgres to \"{role}\""));
    let error = broker.revoke(&order).await.unwrap_err();
    assert!(error.text.contains(&format!("DROP OWNED BY \"{role}\"")), "{error}");
    let refused = psql(&real.url_of(&minted), "select 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
    real.sql(&format!("revoke connect on database postgres from \"{role}\""));
    assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead, "as soon as it is taken back");
    assert_eq!(real.roles_of(&order), 0);
}

/// A session that connects again and again while it is ended leaves no connection behind: one would go on with the group's
/// rights.
#[tokio::test]
async fn nothing_slips_in_while_a_role_is_ended() {
    let real = Real::start();
    let broker = real.broker(json!({ "connection_limit": 20 }));
    for _ in 0..2 {
        let order = real.order(next());
        let minted = broker.mint(&order).await.unwrap();
        let role = minted.secret.field("user").unwrap().to_owned();
        let oid = real.sql(&format!("select oid from pg_roles where rolname = '{role}'"));
        let (url, password) = parted(&real.url_of(&minted));
        let knocking: Vec<Child> = (0..4)
            .map(|_| {
                let mut shell = std::process::Command::new("sh");
                let knock = "for i in $(seq 20); do psql -XqAt \"$0\" -c 'select pg_sleep(600)'; done";
                shell
                    .args(["-c", knock, &url])
                    .env("PGPASSWORD", &password)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        until(&real, &format!("select count(*) >= 2 from pg_stat_activity where usesysid = {oid}")).await;
        assert_eq!(broker.revoke(&order).await.unwrap(), Revocation::Dead);
        for mut knocking in knocking {
            knocking.wait().unwrap();
        }
        assert_eq!(real.sql(&format!("select count(*) from pg_stat_activity where usesysid = {oid}")), "0");
        assert_eq!(real.roles_of(&order), 0);
    }
}

fn start(url: &str, statement: &str) -> Child {
    command(url, statement).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a question of the superuser's is answered with yes.
async fn until(real: &Real, question: &str) {
    for _ in 0..600 {
        if real.sql(question) == "t" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 30 s: {question}");
}
