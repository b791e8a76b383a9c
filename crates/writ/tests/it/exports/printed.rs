//! `writ export`, and OCSF of a real run against the published schema.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{assert_complete, entries, events, passed_all, position, work};
use crate::support::{Caller, Writ, WritOptions, run};

fn output(writ: &Writ, caller: &Caller, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = writ.command(caller, "home").args(arguments).output().unwrap();
    crate::support::leaks::complaint(&output.stderr);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_whole_log_is_printed_in_either_shape() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        // More than one request's worth.
        for number in 0..120 {
            let session = people.grace.open(json!({})).await;
            if number % 2 == 0 {
                session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
            }
        }
        let count = entries(&writ, &people.ada).await;
        assert!(count > 200, "{count}");
        for format in ["ocsf", "cloudevents"] {
            let (code, printed, said) = output(&writ, &people.ada, &["export", "print", "--format", format]);
            assert_eq!(code, Some(0), "{said}");
            let printed = lines(&printed);
            assert_complete(&printed, count);
            assert_eq!(printed, events(&people.ada, format).await);
        }
        let at = |event: &Value| event["time"].as_i64().unwrap();
        let all = events(&people.ada, "ocsf").await;
        let since = at(&all[100]);
        let asked = all[100]["metadata"]["original_time"].as_str().unwrap();
        let (_, printed, _) = output(&writ, &people.ada, &["export", "print", "--since", asked]);
        let expected: Vec<_> = all.iter().filter(|event| at(event) >= since).map(position).collect();
        assert_eq!(lines(&printed).iter().map(position).collect::<Vec<_>>(), expected);
        let (code, printed, said) = output(&writ, &people.grace, &["export", "print"]);
        assert_eq!((code, printed.as_str()), (Some(3), ""), "{said}");
    });
}

#[test]
fn exports_are_listed() {
    run(async {
        let folder = crate::support::leaks::folder();
        let path = folder.path().join("out").display().to_string();
        let tables = format!("[[exports]]\nname = \"siem\"\nkind = \"file\"\npath = \"{path}\"\n");
        let writ = Writ::start_with(WritOptions { tables, ..WritOptions::default() }).await;
        let people = writ.people().await;
        passed_all(&people.ada, "siem").await;
        let (code, table, said) = output(&writ, &people.ada, &["export", "list"]);
        assert_eq!(code, Some(0), "{said}");
        let words: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!((&words[..4], *words.last().unwrap()), (&["siem", "file", "0", "0"][..], "nothing"), "{table}");
        let (_, json, _) = output(&writ, &people.ada, &["export", "list", "--json"]);
        assert_eq!(lines(&json)[0]["format"], "ocsf");
        let (code, _, said) = output(&writ, &people.ada, &["export", "dead", "siem"]);
        assert_eq!((code, said.as_str()), (Some(0), "siem gave up on nothing\n"));
        let (code, _, said) = output(&writ, &people.ada, &["export", "dead", "nobody"]);
        assert_eq!((code, said.as_str()), (Some(1), "error: no export `nobody`\n"));
    });
}

/// The acceptance line, on entries that the whole program wrote.
#[test]
fn a_real_log_follows_the_published_schema() {
    let Ok(checker) = std::env::var("WRIT_TEST_OCSF") else {
        assert!(std::env::var("CI").is_err(), "WRIT_TEST_OCSF is not set: run the tests through ./test");
        eprintln!("skipped: WRIT_TEST_OCSF is not set (./test sets up the checker and sets it)");
        return;
    };
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        work(&people.grace).await;
        let revoked = people.grace.open(json!({"project": "checkout"})).await;
        let revoke = format!("/v1/sessions/{}/revoke", revoked.id);
        people.ada.post(&revoke, json!({"reason": "Zoë said „stop“"})).await;
        people.ada.delete("/v1/teams/payments/members/grace").await;
        people.ada.post("/v1/developers/grace/disable", json!({"reason": "left"})).await;
        let (_, printed, _) = output(&writ, &people.ada, &["export", "print"]);
        let mut child = Command::new(checker).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(printed.as_bytes()).unwrap();
        let checked = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout);
        let count = entries(&writ, &people.ada).await;
        assert_eq!(said.trim(), format!("{count} events checked against OCSF 1.8.0, 0 violations"));
    });
}
