//! Against a real control plane. When commits are signed and recorded inside sessions, the real client's are asked for
//! here as well: see `real_client`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::repository::Repository;
use super::{Came, ask};
use crate::support::{Caller, Opened, Writ, run};

/// A control plane, and a repository in which grace's session committed a file of three lines, the second one's commit
/// naming it in a trailer.
struct Stage {
    writ: Writ,
    ada: Caller,
    grace: Caller,
    session: Opened,
    repository: Repository,
    commit: String,
}

impl Stage {
    async fn new() -> Self {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let session = people.grace.open(json!({"project": "checkout"})).await;
        let repository = Repository::new();
        repository.write("pay.rs", "one\ntwo\n");
        repository.commit("Start", &[]);
        repository.write("pay.rs", "one\nTWO\nthree\n");
        let message = format!("Pay in time\n\nAgent-Session: {}\nAgent-Developer: grace", session.id);
        let commit = repository.commit(&message, &[]);
        Self { writ, ada: people.ada, grace: people.grace, session, repository, commit }
    }

    fn ask(&self, arguments: &[&str]) -> (Came, Value) {
        self.ask_as(&self.ada, self.repository.path(), arguments)
    }

    fn ask_as(&self, caller: &Caller, folder: &Path, arguments: &[&str]) -> (Came, Value) {
        ask(|| self.writ.command(caller, "home"), folder, arguments)
    }

    fn assert_claims_the_session(&self, thing: &str) {
        let (text, json) = self.ask(&[thing]);
        assert_eq!(text.code, Some(0), "{thing}: {}{}", text.out, text.err);
        let links = &json["links"];
        assert_eq!([&links[0]["kind"], &links[0]["evidence"]], ["commit_trailer", "claim"], "{thing}: {json:#}");
        assert_eq!(links[0]["value"], self.commit, "{thing}");
        assert_eq!((&json["session"]["id"], &json["human"]["login"]), (&json!(self.session.id), &json!("grace")));
        assert_eq!(json["contradictions"], json!([]), "{thing}");
        let proof = &json["proofs"][0];
        assert_eq!(proof["outcome"], "proven", "{thing}: {proof:#}");
        assert!(proof["text"].as_str().unwrap().contains("(session.opened) is in the log"), "{proof:#}");
        assert_eq!(json["thing"], thing);
        for expected in ["human      grace (Grace Hopper)", "policy     no policy yet", "\"Pay in time\", by Grace"] {
            assert!(text.out.contains(expected), "{expected} is not in\n{}", text.out);
        }
    }
}

/// The entry itself must say it: the grant names ticket and resource, and its position is the fencing token.
#[test]
fn a_lock_s_ticket_token_and_resource_are_proven() {
    run(async {
        let stage = Stage::new().await;
        let wants = json!({"wants": [{"resource": "env:prod/payments", "mode": "X"}]});
        let held = stage.session.caller.post("/v1/locks", wants).await.json();
        let (ticket, token) = (held["ticket"].as_str().unwrap(), format!("lock:{}", held["token"]));
        for thing in [ticket, &token, "env:prod/payments", "env:prod"] {
            let (text, json) = stage.ask(&[thing]);
            assert_eq!(text.code, Some(0), "{thing}: {}{}", text.out, text.err);
            assert_eq!(json["session"]["id"], json!(stage.session.id), "{thing}");
            let proof = &json["proofs"][0];
            assert_eq!(
                (&proof["outcome"], &proof["position"]),
                (&json!("proven"), &held["token"]),
                "{thing}: {json:#}"
            );
            assert!(proof["text"].as_str().unwrap().contains("(lock.granted) is in the log"), "{proof:#}");
        }
    });
}

#[test]
fn a_commit_is_found_by_its_id_its_beginning_its_line_and_its_branch() {
    run(async {
        let stage = Stage::new().await;
        stage.repository.git(&["branch", "topic"]);
        let commit = stage.commit.clone();
        for thing in [&commit, &commit[..7], &commit[..12], "pay.rs:2", "pay.rs:3:1", "HEAD", "topic", "main~0"] {
            stage.assert_claims_the_session(thing);
        }
        // From another folder, a file's own repository counts.
        let file = stage.repository.path().join("pay.rs");
        let (text, json) = stage.ask_as(&stage.grace, stage.writ.path(), &[&format!("{}:2", file.display())]);
        assert_eq!((text.code, &json["commit"]["id"]), (Some(0), &json!(commit)), "{}", text.err);
        // A branch of a session's needs no repository.
        let (_, json) = stage.ask_as(&stage.grace, stage.writ.path(), &[&format!("s/{}/fix", stage.session.id)]);
        assert_eq!(json["links"][0]["kind"], "name_with_id");
    });
}

#[test]
fn a_line_that_is_nobodys_is_said_to_be() {
    run(async {
        let stage = Stage::new().await;
        stage.repository.write("pay.rs", "one\nTWO\nchanged\n");
        let (text, json) = stage.ask(&["pay.rs:3"]);
        assert_eq!((text.code, &json["outcome"]), (Some(7), &json!("unknown")), "{}", text.out);
        assert!(text.out.contains("the line is not committed yet"), "{}", text.out);
        // The first line's commit names no session, and nobody recorded it.
        let (text, _) = stage.ask(&["pay.rs:1"]);
        assert_eq!(text.code, Some(7), "{}", text.out);
        assert!(text.out.contains("no trailer of its message names a session"), "{}", text.out);
        let (text, _) = stage.ask(&["nowhere.rs:1"]);
        assert_eq!(text.code, Some(7), "{}", text.out);
        assert!(text.out.contains("there is no `nowhere.rs`"), "{}", text.out);
        let mut beyond = stage.writ.command(&stage.ada, "home");
        let beyond = Came::of(beyond.args(["who", "pay.rs:9"]).current_dir(stage.repository.path()).output().unwrap());
        assert_eq!(beyond.code, Some(1));
        assert!(beyond.err.contains("file pay.rs has only 3 lines"), "{}", beyond.err);
    });
}

#[test]
fn trailers_that_cannot_be_right_are_contradictions_or_nothing() {
    run(async {
        let stage = Stage::new().await;
        let of = |developer: &str| format!("x\n\nAgent-Session: {}\nAgent-Developer: {developer}", stage.session.id);
        stage.repository.commit(&of("ada"), &[]);
        let (text, json) = stage.ask(&["HEAD"]);
        assert_eq!(text.code, Some(0));
        assert!(
            text.out.contains("CONFLICT   the trailer names the developer ada; the session is grace's"),
            "{}",
            text.out
        );
        assert_eq!(json["contradictions"].as_array().unwrap().len(), 1);
        stage.repository.commit("x\n\nAgent-Session: ses_00000000000000000000000000", &[]);
        let (text, _) = stage.ask(&["HEAD"]);
        assert_eq!(text.code, Some(7));
        assert!(text.out.contains("which is no session here"), "{}", text.out);
    });
}

/// A commit of another repository, and no repository at all.
#[test]
fn what_is_not_here_is_looked_for_at_the_control_plane() {
    run(async {
        let stage = Stage::new().await;
        let elsewhere = Repository::new();
        let (text, json) = stage.ask_as(&stage.ada, elsewhere.path(), &[&stage.commit]);
        assert_eq!((text.code, &json["outcome"]), (Some(7), &json!("unknown")));
        assert!(text.out.contains("the repository here"), "{}", text.out);
        assert!(text.out.contains("all recorded commits, by the digits their ids start with"), "{}", text.out);
        let (text, _) = stage.ask_as(&stage.ada, stage.writ.path(), &[&stage.commit]);
        assert!(text.out.contains("no repository"), "{}", text.out);
        let (text, json) = stage.ask_as(&stage.ada, stage.writ.path(), &["grace"]);
        assert_eq!((text.code, &json["human"]["login"]), (Some(0), &json!("grace")));
        assert!(text.out.contains("newest sessions:"), "{}", text.out);
    });
}

#[test]
fn a_beginning_that_fits_two_commits_lists_them() {
    run(async {
        let stage = Stage::new().await;
        let mut stream = String::new();
        for number in 0..1_500 {
            write!(stream, "commit refs/heads/n{number}\ncommitter G <g@example.test> {number} +0000\ndata 1\nx\n\n")
                .unwrap();
        }
        stage.repository.git_with(&["fast-import", "--quiet"], &stream);
        let mut by_start: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for id in stage.repository.git(&["rev-list", "--all"]).lines() {
            by_start.entry(id[..4].to_owned()).or_default().push(id.to_owned());
        }
        let (start, ids) = by_start.iter().find(|(_, ids)| ids.len() == 2).expect("1,500 commits have two alike");
        let (text, json) = stage.ask(&[start]);
        assert_eq!((text.code, &json["outcome"]), (Some(6), &json!("ambiguous")), "{}", text.out);
        assert!(ids.iter().all(|id| text.out.contains(id)), "{}", text.out);
    });
}

#[test]
fn a_session_of_somebody_elses_is_refused() {
    run(async {
        let stage = Stage::new().await;
        let session = stage.ada.open(json!({})).await;
        let mut who = stage.writ.command(&stage.grace, "grace");
        let came = Came::of(who.args(["who", &session.id]).output().unwrap());
        assert_eq!(came.code, Some(3));
        assert!(came.err.contains("hint: ask an auditor or an administrator"), "{}", came.err);
        let mut who = stage.writ.command(&stage.grace, "grace");
        let came = Came::of(who.args(["who", &stage.session.id]).output().unwrap());
        assert_eq!(came.code, Some(0), "{}", came.err);
    });
}

/// Hooks, filters and helpers of a stranger's repository do not run because somebody asks who made a line.
#[test]
fn nothing_of_the_repository_runs() {
    run(async {
        let stage = Stage::new().await;
        let mark = stage.repository.path().join("ran");
        let script = stage.repository.path().join("trap.sh");
        std::fs::write(&script, format!("#!/bin/sh\ntouch {}\ncat\n", mark.display())).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let script = script.display().to_string();
        stage.repository.write(".gitattributes", "*.rs diff=trap\n");
        for (key, value) in [
            ("diff.trap.textconv", script.as_str()),
            ("core.fsmonitor", &script),
            ("core.pager", &script),
            ("log.showSignature", "true"),
            ("gpg.program", &script),
            ("gpg.ssh.program", &script),
        ] {
            stage.repository.git(&["config", key, value]);
        }
        stage.ask(&["pay.rs:2"]);
        stage.ask(&["HEAD"]);
        assert!(!mark.exists(), "something of the repository ran");
    });
}

#[test]
fn audit_search_prints_a_line_for_every_entry() {
    run(async {
        let stage = Stage::new().await;
        let search = |arguments: &[&str]| {
            let mut command = stage.writ.command(&stage.ada, "home");
            Came::of(command.args(["audit", "search"]).args(arguments).output().unwrap())
        };
        let came = search(&["--project", "checkout"]);
        assert_eq!(came.code, Some(0), "{}", came.err);
        let lines: Vec<Value> = came.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["type"], &lines[0]["session"]), (&json!("session.opened"), &json!(stage.session.id)));
        let all = search(&[]);
        assert!(all.out.lines().count() > 5);
        let two = search(&["--limit", "2", "--since", "1h"]);
        assert_eq!(two.out.lines().collect::<Vec<_>>(), all.out.lines().take(2).collect::<Vec<_>>());
        assert!(two.err.contains("there may be more"), "{}", two.err);
        let refused = search(&["--developer", "nobody"]);
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
        let mut member = stage.writ.command(&stage.grace, "grace");
        assert_eq!(member.args(["audit", "search"]).output().unwrap().status.code(), Some(3));
    });
}
