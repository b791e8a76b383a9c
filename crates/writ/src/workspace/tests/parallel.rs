//! Eight at a time, fifty times: nothing fails, nothing is lost, nothing is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{empty_trash, remove};
use super::*;

const WORKERS: u128 = 8;
const ROUNDS: u128 = 50;

#[test]
fn eight_workspaces_made_and_removed_fifty_times_lose_nothing() {
    let stage = Arc::new(Stage::new());
    let before = stage.theirs();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let stage = Arc::clone(&stage);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    for round in 0..ROUNDS {
                        one(&stage, worker * ROUNDS + round).await;
                    }
                });
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    // Every commit and every file that was not committed is there.
    let kept = stage.git(&["for-each-ref", "--format=%(refname:lstrip=3)", "refs/writ/keep"]);
    let kept: BTreeSet<&str> = kept.lines().collect();
    assert_eq!(kept.len(), (WORKERS * ROUNDS) as usize);
    let (mut asked, mut expected) = (String::new(), Vec::new());
    for number in 0..WORKERS * ROUNDS {
        let session = session(number);
        for name in [format!("refs/writ/keep/{session}:untracked"), format!("refs/heads/s/{session}/main:committed")] {
            asked.push_str(&format!("{name}\n"));
            expected.push(number.to_string());
        }
    }
    assert_eq!(stage.contents(&asked), expected);
    assert_eq!(stage.theirs(), before);
    assert_eq!(empty_trash(&stage.root), 0);
    let (left, errors) = Listed::all(&stage.root).unwrap();
    assert_eq!((left.len(), errors.len()), (0, 0));
    assert_eq!(std::fs::read_dir(stage.root.path()).unwrap().count(), 1, "only the trash is there, and empty");
    stage.git(&["fsck", "--no-dangling"]);
}

async fn one(stage: &Stage, number: u128) {
    let workspace = stage.workspace(number).await;
    commit_in(&workspace, "committed", &number.to_string());
    write(&workspace.tree().join("untracked"), &number.to_string());
    let kept = remove(&stage.root, &mut { workspace }, now()).await.unwrap();
    assert_eq!((kept.branches.len(), kept.notes.len()), (1, 0), "{kept:?}");
    // Others empty it as well.
    empty_trash(&stage.root);
}
