//! What keeps `writ serve` from starting is said in one sentence, and it does not start.

use std::process::{Command, Stdio};

use crate::support::postgres::{self, Database, psql};
use crate::support::process::WRIT;
use crate::support::{Writ, WritOptions, run};

/// Starts a second `writ serve` and returns what it said when it refused to.
fn refused(writ: &Writ, arguments: &[&str]) -> String {
    let mut serve = Command::new(WRIT);
    serve.args(["serve", "--config"]).arg(writ.path().join("writ.toml")).args(arguments).stdin(Stdio::null());
    let output = serve.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("writ listens on") && !said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_second_process_on_one_data_folder_is_refused() {
    run(async {
        let writ = Writ::start().await;
        let said = refused(&writ, &["--listen", "127.0.0.1:0"]);
        assert!(said.contains("data/writ.db` is in use by another writ process"), "{said}");
        assert_eq!(writ.anonymous().get("/readyz").await.status, 200, "the first one goes on");
    });
}

#[test]
fn a_taken_port_is_named() {
    run(async {
        let writ = Writ::start().await;
        let address = writ.url.strip_prefix("http://").unwrap();
        let other = writ.path().join("other");
        let said = refused(&writ, &["--listen", address, "--data-dir", other.to_str().unwrap()]);
        assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    });
}

#[test]
fn a_data_folder_that_cannot_be_is_named() {
    run(async {
        let writ = Writ::start().await;
        // A file where a folder should be: nobody may write there, not even root.
        let folder = writ.path().join("upstream.key/data");
        let said = refused(&writ, &["--listen", "127.0.0.1:0", "--data-dir", folder.to_str().unwrap()]);
        assert!(said.contains("data_dir") && said.contains("upstream.key/data"), "{said}");
    });
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    run(async {
        let writ = Writ::start().await;
        let other = writ.path().join("other");
        std::fs::create_dir(&other).unwrap();
        let text = "this is not a database, and long enough to have a header of one hundred bytes. ".repeat(20);
        std::fs::write(other.join("writ.db"), &text).unwrap();
        let said = refused(&writ, &["--listen", "127.0.0.1:0", "--data-dir", other.to_str().unwrap()]);
        assert!(said.contains("the database is damaged"), "{said}");
        assert_eq!(std::fs::read_to_string(other.join("writ.db")).unwrap(), text);
    });
}

#[test]
fn a_database_of_a_newer_writ_is_refused() {
    run(async {
        let Some(server) = postgres::server() else { return };
        let database = Database::create(&server, "newer");
        let options = WritOptions { database: Some(database.url()), ..WritOptions::default() };
        let writ = Writ::start_with(options).await;
        assert!(writ.terminate().success());
        psql(&database.url(), "INSERT INTO migrations (version) VALUES (99)");
        let said = refused(&writ, &[]);
        assert!(said.contains("schema 99") && said.contains("upgrade writ"), "{said}");
    });
}

#[test]
fn a_database_that_is_not_there_is_refused_without_its_password() {
    run(async {
        let writ = Writ::start().await;
        let said =
            refused(&writ, &["--listen", "127.0.0.1:0", "--database", "postgres://writ:hidden@127.0.0.1:1/writ"]);
        assert!(said.contains("the database is unavailable") && !said.contains("hidden"), "{said}");
    });
}
