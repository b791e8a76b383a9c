//! Many sessions of one repository at the same time, through the whole program.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Stage;
use crate::support::run;

const AT_ONCE: usize = 8;
const ROUNDS: usize = 4;

#[test]
fn sessions_side_by_side_lose_nothing_and_leave_nothing() {
    run(async {
        let stage = Arc::new(Stage::start().await);
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| {
                let stage = Arc::clone(&stage);
                std::thread::spawn(move || (0..ROUNDS).for_each(|round| one(&stage, worker * ROUNDS + round)))
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        // Nobody had ports that another had at the same time: the log says who held what when.
        let held = stage.leases().await;
        assert_eq!(held.len(), AT_ONCE * ROUNDS, "{held:#?}");
        for (index, one) in held.iter().enumerate() {
            for other in held.iter().skip(index + 1).filter(|other| other.block == one.block) {
                assert!(one.until < other.since || other.until < one.since, "{one:?} and {other:?}");
            }
        }
        let branches = stage.git(&["for-each-ref", "--format=%(subject)", "refs/heads/s"]);
        let subjects: BTreeSet<&str> = branches.lines().collect();
        assert_eq!(subjects.len(), AT_ONCE * ROUNDS, "{branches}");
        let kept = stage.git(&["for-each-ref", "--format=%(refname)", "refs/writ/keep"]);
        assert_eq!(kept.lines().count(), AT_ONCE * ROUNDS);
        assert_eq!(stage.list().len(), AT_ONCE * ROUNDS);
        let said = stage.say(&["workspace", "gc", "--all"]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        assert_eq!(super::names(&stage.workspaces()), [".trash"]);
        assert_eq!(stage.git(&["status", "--porcelain"]), "");
        stage.git(&["fsck", "--no-dangling"]);
    });
}

/// A block of ports in the hands of one session, in positions of the log.
#[derive(Debug)]
struct Lease {
    block: String,
    since: u64,
    until: u64,
}

impl Stage {
    async fn leases(&self) -> Vec<Lease> {
        let mut leases = Vec::new();
        for session in self.people.ada.get("/v1/sessions?limit=100").await.json()["sessions"].as_array().unwrap() {
            let path = format!("/v1/sessions/{}/entries", session["id"].as_str().unwrap());
            let answer = self.people.ada.get(&path).await.json();
            let entries = answer["entries"].as_array().unwrap();
            let position = |line: &Value| line["position"].as_u64().unwrap();
            let end = entries.iter().find(|line| line["type"] == "session.over");
            let until = position(end.unwrap_or_else(|| panic!("{answer:#}")));
            for line in entries.iter().filter(|line| line["type"] == "lock.granted") {
                let text = line["entry"]["body"].to_string();
                let Some((_, rest)) = text.split_once("port:") else { continue };
                let (block, since) = (rest.split('"').next().unwrap().to_owned(), position(line));
                leases.push(Lease { block, since, until });
            }
        }
        leases
    }
}

fn one(stage: &Stage, number: usize) {
    let said =
        stage.run(&[], &format!("echo {number} >file; git add file; git commit -qm 'Number {number}'; echo x >rest"));
    assert!(said.stderr.contains(" in your repository, 1 commit\n"), "{said:#?}");
}
