//! The launcher's socket: what is not an ask gets an answer or the door, and nothing is passed on.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use serde_json::{Value, json};

use super::Stage;
use crate::support::process::WRIT;
use crate::support::run;

/// What the launcher answers to these bytes.
fn answer(socket: &str, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    // A line that is too long may be refused before it is read to its end.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut said = String::new();
    let _ = stream.read_to_string(&mut said);
    said
}

#[test]
fn only_asks_are_answered_and_a_launcher_that_is_gone_is_said() {
    run(async {
        let stage = Stage::start().await;
        let mut launcher = stage.launcher("echo $WRIT_SOCKET; read line");
        launcher.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut launcher = launcher.spawn().unwrap();
        let mut socket = String::new();
        BufReader::new(launcher.stdout.take().unwrap()).read_line(&mut socket).unwrap();
        let socket = socket.trim();

        let failed = |bytes: &[u8]| {
            let said: Value = serde_json::from_str(&answer(socket, bytes)).unwrap();
            said["failed"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
        };
        for bytes in ["hello\n", "{}\n", "{\"ask\":\"token\"}\n", "{\"ask\":\"record\",\"kind\":\"commit\"}\n"] {
            assert!(failed(bytes.as_bytes()).contains("does not understand"), "{bytes}");
        }
        let many = json!({"ask": "record", "kind": "commit", "values": vec!["x"; 501], "wait": true});
        assert!(failed(format!("{many}\n").as_bytes()).contains("the limit is 500"));
        let other = json!({"ask": "open", "project": null, "ttl_seconds": 60, "beats": false, "parent": "ses_x"});
        assert!(failed(format!("{other}\n").as_bytes()).contains("does not understand"), "the parent is not a choice");
        assert!(failed(&vec![b'x'; 100_000]).contains("does not understand"), "a line is read up to its bound");
        assert_eq!(answer(socket, b""), "");

        drop(launcher.stdin.take());
        launcher.wait().unwrap();
        let mut late = std::process::Command::new(WRIT);
        let late = late.args(["record", "commit", "x"]).env("WRIT_SOCKET", socket).output().unwrap();
        assert_eq!(late.status.code(), Some(5), "{late:?}");
        let mut late = stage.launcher("true");
        let late = late.env("WRIT_SOCKET", socket).output().unwrap();
        assert_eq!(
            late.status.code(),
            Some(125),
            "a run inside a session that is gone opens no session of its own: {late:?}"
        );
        let sessions = stage.people.ada.get("/v1/sessions").await.json();
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    });
}
