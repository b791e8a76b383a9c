#![allow(clippy::unwrap_used)]

use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::run::delivery::tests::Stage;

fn how(port: u16) -> Value {
    json!({ "host": "localhost", "port": port, "database": "app", "sslmode": "disable" })
}

#[tokio::test]
async fn one_target_is_where_clients_look() {
    let mut stage = Stage::new(&[]);
    stage.prepare("postgres", &[("db/app", how(5432))]).await.unwrap();
    assert_eq!(stage.variable("PGHOST").unwrap(), "DIR/pg/db-app");
    assert_eq!(stage.variable("PGPORT").unwrap(), "5432");
    assert_eq!(stage.variable("PGDATABASE").unwrap(), "app");
    assert_eq!(stage.variable("PGUSER").unwrap(), "writ");
    assert_eq!(stage.variable("PGSERVICEFILE"), None, "lib/pq panics when it is set");
}

#[tokio::test]
async fn several_targets_are_services() {
    let mut stage = Stage::new(&[]);
    let long = format!("db/{}", "x".repeat(64));
    let grants = [("db/app", how(5432)), (&long, how(5432)), ("a-b/c", how(5432)), ("a/b-c", how(5432))];
    stage.prepare("postgres", &grants).await.unwrap();
    assert_eq!(stage.variable("PGHOST").unwrap(), "DIR/pg/db-app");
    assert_eq!(stage.variable("PGSERVICEFILE").unwrap(), "DIR/pg/services");
    assert_snapshot!(stage.read("pg/services"), @r"
    # Written by writ for one session; it goes with it.

    [db-app]
    host=DIR/pg/db-app
    port=5432
    dbname=app
    user=writ

    [db-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]
    host=DIR/pg/1
    port=5432
    dbname=app
    user=writ

    [a-b-c]
    host=DIR/pg/a-b-c
    port=5432
    dbname=app
    user=writ

    [a-b-c-3]
    host=DIR/pg/a-b-c-3
    port=5432
    dbname=app
    user=writ
    ");
}

/// What a client is told in the protocol's own words: this vault gives tokens, not roles.
#[tokio::test]
async fn a_client_is_told_why_it_cannot_connect() {
    let mut stage = Stage::new(&[]);
    stage.prepare("postgres", &[("db/app", how(1))]).await.unwrap();
    let mut client = UnixStream::connect(stage.file("pg/db-app/.s.PGSQL.5432")).await.unwrap();
    client.write_all(b"\0\0\0\x12\0\x03\0\0user\0ann\0\0").await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_snapshot!(
        String::from_utf8_lossy(&answer[5..]).replace('\0', " "),
        @"SFATAL VFATAL C28000 Mthe credential for db/app has no user and password: writ is of another version  "
    );
}
