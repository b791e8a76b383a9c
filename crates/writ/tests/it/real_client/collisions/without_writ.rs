//! How it ends without writ: everybody is told that all went well, what ana did is gone, and
//! what ben did rests on it.

use super::{Cast, FILES, POOL, POOL_BEFORE, Sharing, Story, WORKER, WORKER_BEFORE};
use crate::real_client::scene::{content, git, without_writ};

#[test]
fn three_real_clients_in_one_folder_undo_each_other_and_nobody_is_told() {
    without_writ(async |scene| {
        let tree = scene.repository(FILES);
        let mut cast = Cast {
            ana: scene.player("ana", &tree).await,
            ben: scene.player("ben", &tree).await,
            cleo: scene.player("cleo", &tree).await,
        };
        let story = cast.play(Sharing::Folder).await;
        cast.end().await;
        assert_nobody_is_told(&story);
        assert_mess(&content(&tree, POOL), &content(&tree, WORKER));
        let note = "the file had been modified on disk since you last read it";
        let told = story.ana_goes_on[0].whole();
        assert!(told.contains(note) && told.contains("applied cleanly"), "all that ana's model hears: {told}");
    });
}

#[test]
fn three_real_clients_in_own_clones_undo_each_other_and_every_push_is_taken() {
    without_writ(async |scene| {
        let origin = scene.origin(FILES);
        let mut cast = Cast {
            ana: scene.player("ana", &scene.clone_of(&origin, "ana")).await,
            ben: scene.player("ben", &scene.clone_of(&origin, "ben")).await,
            cleo: scene.player("cleo", &scene.clone_of(&origin, "cleo")).await,
        };
        let story = cast.play(Sharing::Pushes).await;
        cast.end().await;
        assert_nobody_is_told(&story);
        let on_main = |path: &str| git(&origin, &["show", &format!("main:{path}")]);
        assert_mess(&on_main(POOL), &on_main(WORKER));
        let log = git(&origin, &["log", "--reverse", "--format=%s", "main"]);
        let pushed =
            ["Begin", "Raise max_connections", "Use the larger pool", "Repair the pool", "Keep the many connections"];
        assert_eq!(log.lines().collect::<Vec<_>>(), pushed);
    });
}

/// Every tool did what it was called for, and none named another agent, another developer or a reason.
fn assert_nobody_is_told(story: &Story) {
    let told = [&story.ana_raises, &story.ben_builds_on_it, &story.cleo_repairs, &story.ana_goes_on];
    for told in told.into_iter().flatten().chain([&story.ben_looks_on]) {
        assert!(!told.is_error, "{told:#?}");
        let text = told.whole().to_lowercase();
        for word in ["writ", "agent", "lock", "held by", "ben's", "cleo's", "ana's"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
    assert_eq!(story.ben_looks_on.beside, "", "what ben read is old, and he hears nothing");
}

/// Ana keeps connections idle for long, which she meant for a pool of 80 that is 20 again; ben's 60 threads take more than
/// there are.
fn assert_mess(pool: &str, worker: &str) {
    let idle = POOL_BEFORE.replace("idle_seconds = 60", "idle_seconds = 300");
    assert_eq!(pool, idle, "ana's first change is gone, her second is not");
    assert_eq!(worker, WORKER_BEFORE.replace("threads = 10", "threads = 60"), "ben's change rests on ana's");
}
