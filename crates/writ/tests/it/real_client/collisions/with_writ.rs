//! How it ends with writ: ben is told, cleo is stopped, the owners get one card.

use super::{Cast, FILES, POOL, POOL_BEFORE, Sharing, Story, WORKER, WORKER_BEFORE};
use crate::real_client::player::Told;
use crate::real_client::scene::{HERE, Scene, WORKSPACE, content, git, with_writ};
use crate::real_client::wall::push;
use crate::support::WritOptions;

#[test]
fn three_real_clients_in_one_folder_are_told_and_stopped_and_the_owners_get_one_card() {
    with_writ(WritOptions::default(), async |scene| {
        let tree = scene.repository(FILES);
        let ana = scene.developer("ana").await;
        let mut cast = Cast {
            ana: scene.governed(&ana, "ana", &tree, HERE).await,
            ben: scene.governed(&scene.developer("ben").await, "ben", &tree, HERE).await,
            cleo: scene.governed(&scene.developer("cleo").await, "cleo", &tree, HERE).await,
        };
        let story = cast.play(Sharing::Folder).await;
        assert_told_and_stopped(&scene, &story).await;
        let raised = POOL_BEFORE.replace("max_connections = 20", "max_connections = 80");
        assert_eq!(content(&tree, POOL), raised, "ana's change is there");
        assert_eq!(content(&tree, WORKER), WORKER_BEFORE.replace("threads = 10", "threads = 60"), "and ben's");

        // A human looks, and lets them go on: ana, whose change it was, has nothing to read again.
        let resource = scene.freezes().await[0]["resource"].as_str().unwrap().to_owned();
        let path = format!("/v1/freezes?resource={}&reason=80%20it%20is", escaped(&resource));
        let thawed = ana.delete(&path).await;
        assert_eq!(thawed.status, 204, "{}", thawed.text());
        cast.ana.edit(POOL, "idle_seconds = 60", "idle_seconds = 300").await.done();
        assert_eq!(content(&tree, POOL), raised.replace("idle_seconds = 60", "idle_seconds = 300"));
        assert_eq!(scene.freezes().await, Vec::<serde_json::Value>::new());
        cast.end().await;
    });
}

/// A script that hooks cannot look into, as an agent writes one that is stopped again and again.
const AROUND: &str = "sed -i 's/max_connections = 80/max_connections = 20/' config/pool.toml\n";

#[test]
fn three_real_clients_in_own_workspaces_are_told_and_stopped_also_at_the_push() {
    with_writ(WritOptions::default(), async |scene| {
        let origin = scene.walled(FILES);
        let mut players = Vec::new();
        for name in ["ana", "ben", "cleo"] {
            let clone = scene.clone_of(&origin, name);
            let player = scene.governed(&scene.developer(name).await, name, &clone, WORKSPACE).await.find_root().await;
            assert_ne!(player.root, clone, "a workspace of its own");
            players.push(player);
        }
        let [ana, ben, cleo] = players.try_into().unwrap_or_else(|_| unreachable!("three"));
        let mut cast = Cast { ana, ben, cleo };
        let story = cast.play(Sharing::Branches(&origin)).await;
        assert_told_and_stopped(&scene, &story).await;
        let raised = POOL_BEFORE.replace("max_connections = 20", "max_connections = 80");
        let on_main = |path: &str| git(&origin, &["show", &format!("main:{path}")]);
        assert_eq!(on_main(POOL), raised, "ana's change is there");
        assert_eq!(on_main(WORKER), WORKER_BEFORE.replace("threads = 10", "threads = 60"), "and ben's");

        let cleo = &mut cast.cleo;
        std::fs::write(cleo.root.join("repair"), AROUND).unwrap();
        cleo.bash("sh repair").await;
        assert_eq!(content(&cleo.root, POOL), POOL_BEFORE, "no hook stops a script");
        let command = format!("git commit --quiet --message='Repair the pool' {POOL} && {}", push("--quiet"));
        let told = cleo.bash(&command).await.refused().whole();
        for part in ["push_frozen", POOL, " of ana changed it at 20", "writ:   +max_connections = 80"] {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
        assert_eq!(on_main(POOL), raised);
        assert_eq!(scene.freezes().await.len(), 1, "still one card");
        cast.end().await;
    });
}

/// What ben and cleo are told, and what the humans see.
async fn assert_told_and_stopped(scene: &Scene, story: &Story) {
    story.ana_raises[0].clone().done();
    assert_names(&story.ben_looks_on, "ana", POOL);
    story.ben_builds_on_it[0].clone().done();
    // With her tool, and in the shell.
    for told in &story.cleo_repairs[..2] {
        assert_names(&told.clone().refused(), "ana", POOL);
    }
    let told = story.cleo_repairs[0].whole();
    for part in ["is frozen until a human has looked", " UTC", "-max_connections = 20", "+max_connections = 80"] {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
    let freezes = scene.freezes().await;
    assert_eq!(freezes.len(), 1, "one card: {freezes:#?}");
    assert!(freezes[0]["resource"].as_str().unwrap().ends_with(POOL), "{freezes:#?}");
}

/// Who did it, in which session, to what.
fn assert_names(told: &Told, developer: &str, path: &str) {
    let text = told.whole();
    for part in [developer, path] {
        assert!(text.contains(part), "`{part}` is not in: {told:#?}");
    }
}

fn escaped(resource: &str) -> String {
    resource
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
