//! Many sessions of one repository at the same time, through the whole program.

use std::collections::BTreeSet;
use std::sync::Arc;

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

fn one(stage: &Stage, number: usize) {
    let said =
        stage.run(&[], &format!("echo {number} >file; git add file; git commit -qm 'Number {number}'; echo x >rest"));
    assert!(said.stderr.contains(" in your repository, 1 commit\n"), "{said:#?}");
}
