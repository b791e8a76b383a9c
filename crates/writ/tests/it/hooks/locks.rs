//! Two sessions and a real control plane: what one does, the other is told, waits for, or may not undo.

use serde_json::{Value, json};

use super::{Session, Stage};
use crate::support::{run, until};

/// The next thing that the agent is told, once it has come by the stream.
async fn told(session: &mut Session, what: &str) -> String {
    until(what, || {
        let told = session.is_told();
        async { told }
    })
    .await
}

impl Stage {
    /// Resources that are held, with their modes.
    async fn held(&self) -> Vec<String> {
        let answer = self.people.grace.get("/v1/locks?state=held").await.json();
        let tickets = answer["locks"].as_array().unwrap();
        let wants = tickets.iter().flat_map(|ticket| ticket["wants"].as_array().unwrap());
        let mut held: Vec<String> = wants
            .map(|want| format!("{} {}", want["resource"].as_str().unwrap(), want["mode"].as_str().unwrap()))
            .collect();
        held.sort();
        held
    }

    async fn frozen(&self) -> Vec<Value> {
        self.people.grace.get("/v1/freezes").await.json()["freezes"].as_array().unwrap().clone()
    }
}

#[test]
fn a_hot_file_is_waited_for_and_passed_on() {
    run(async {
        let stage = Stage::start().await;
        let mut one = stage.session();
        let mut other = stage.session_in(stage.clone_at("other"));
        one.hook("SessionStart", json!({"source": "startup"}));
        other.hook("SessionStart", json!({"source": "startup"}));
        one.writes("Cargo.lock", "one\n").assert_silent();
        let said = other.writes("Cargo.lock", "two\n").denial();
        let expected =
            format!("grace's session {} for checkout holds path:github.com/acme/api//Cargo.lock (X)", one.id);
        assert!(said.contains(&expected) && said.contains("nobody waits before you"), "{said}");
        one.hook("Stop", json!({})).assert_silent();
        assert_eq!(stage.held().await, ["path:github.com/acme/api//Cargo.lock X"], "not before it is pushed");
        one.end();
        let told = told(&mut other, "the turn").await;
        assert!(told.contains("it is your turn: path:github.com/acme/api//Cargo.lock (X)"), "{told}");
        other.writes("Cargo.lock", "two\n").assert_silent();
        other.end();
        assert_eq!(stage.held().await, [""; 0]);
    });
}

#[test]
fn who_writes_where_is_listed_by_repository_and_path() {
    run(async {
        let stage = Stage::start().await;
        let rules = json!({"rules": "[[path]]\nunder = [\"notes\"]\nmode = \"N\"\n"});
        let set = stage.people.ada.put("/v1/projects/checkout/lock-rules", Some(rules)).await;
        assert_eq!(set.status, 200, "{}", set.text());
        let mut one = stage.session();
        let mut other = stage.session_in(stage.clone_at("other"));
        one.hook("SessionStart", json!({"source": "startup"}));
        other.hook("SessionStart", json!({"source": "startup"}));
        one.writes("pool.toml", "one\n").assert_silent();
        other.writes("pool.toml", "one\n");
        other.writes("Cargo.lock", "one\n").assert_silent();
        std::fs::create_dir(stage.path("notes")).unwrap();
        one.writes("notes/today", "one\n").assert_silent();
        let list = || {
            let mut list = stage.writ.command(&stage.people.grace, "home-look");
            let output = list.args(["lock", "list", "path:github.com/acme/api"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        // What only says something is not waited for.
        let listed = until("the note", || async { Some(list()).filter(|list| list.contains("//notes")) }).await;
        let has = |resource: &str, mode: &str, session: &Session| {
            let line = |line: &str| {
                let words: Vec<_> = line.split_whitespace().collect();
                words.get(..5).is_some_and(|words| {
                    *words
                        == [
                            &format!("path:github.com/acme/api//{resource}"),
                            mode,
                            "held",
                            "grace",
                            &format!("({})", session.id),
                        ]
                })
            };
            listed.lines().any(line)
        };
        assert!(has("pool.toml", "IX", &one) && has("pool.toml", "IX", &other), "{listed}");
        assert!(has("Cargo.lock", "X", &other) && has("notes", "N", &one), "{listed}");
        one.hook("Stop", json!({})).assert_silent();
        let is_only_the_other_s = || async { Some(list()).filter(|list| !list.contains(&one.id)) };
        until("the end of the turn", is_only_the_other_s).await;
        one.end();
        other.end();
    });
}

#[test]
fn ordinary_files_are_changed_side_by_side_and_who_read_them_is_told() {
    run(async {
        let stage = Stage::start().await;
        let mut one = stage.session();
        let mut other = stage.session_in(stage.clone_at("other"));
        for session in [&mut one, &mut other] {
            session.hook("SessionStart", json!({"source": "startup"}));
            std::fs::write(session.folder.join("pool.toml"), "one\n").unwrap();
            session.reads("pool.toml").assert_silent();
        }
        one.writes("pool.toml", "two\n").assert_silent();
        let news = told(&mut other, "the news").await;
        assert!(news.contains(&format!("grace's session {} changed pool.toml", one.id)), "{news}");
        let said = other.asks_to_edit("pool.toml").denial();
        assert!(said.contains("in another working tree") && said.contains("-one\n+two"), "{said}");
        other.reads("pool.toml").assert_silent();
        other.asks_to_edit("pool.toml").assert_silent();
        assert_eq!(stage.held().await, ["path:github.com/acme/api//pool.toml IX"; 2]);
        one.hook("Stop", json!({})).assert_silent();
        until("the lock's return", || async { (stage.held().await.len() == 1).then_some(()) }).await;
        one.end();
        other.end();
    });
}

#[test]
fn undoing_another_session_s_change_freezes_the_file_and_asks_its_owners_once() {
    run(async {
        let stage = Stage::start().await;
        let mut one = stage.session();
        // Both in one folder.
        let mut other = stage.session();
        for session in [&mut one, &mut other] {
            session.hook("SessionStart", json!({"source": "startup"}));
        }
        stage.write("pool.toml", "one\n");
        one.reads("pool.toml").assert_silent();
        one.writes("pool.toml", "two\n").assert_silent();
        // Whether it read before or after the stream told of it: it is told whose it is.
        let read = other.reads("pool.toml").out;
        let read = if read.is_empty() { told(&mut other, "whose it is").await } else { read };
        assert!(read.contains("that is the content you read"), "{read}");
        for _ in 0..2 {
            let said = other.asks_to_replace("pool.toml", "two", "one").denial();
            assert!(said.contains("frozen"), "{said}");
        }
        let frozen = stage.frozen().await;
        assert_eq!((frozen.len(), &frozen[0]["why"]), (1, &json!("reverted")), "{frozen:?}");
        until("the freeze, at the other session", || {
            let said = one.asks_to_replace("pool.toml", "two", "three");
            async move { said.out.contains("frozen").then_some(()) }
        })
        .await;
        let thaw = "/v1/freezes?resource=path:github.com/acme/api//pool.toml&reason=agreed";
        let answer = stage.people.ada.delete(thaw).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        until("the thaw", || {
            let said = one.asks_to_replace("pool.toml", "two", "three");
            async move { said.out.is_empty().then_some(()) }
        })
        .await;
        one.end();
        other.end();
    });
}

#[test]
fn the_project_s_rules_count() {
    run(async {
        let stage = Stage::start().await;
        let rules = "[[path]]\nunder = [\"infra/prod\"]\nmode = \"X\"\n";
        let answer = stage.people.ada.put("/v1/projects/checkout/lock-rules", Some(json!({"rules": rules}))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut session = stage.session();
        session.hook("SessionStart", json!({"source": "startup"}));
        std::fs::create_dir_all(stage.path("infra/prod")).unwrap();
        session.writes("infra/prod/x.tf", "one\n").assert_silent();
        assert_eq!(stage.held().await, ["path:github.com/acme/api//infra/prod X"]);
        session.end();
    });
}
