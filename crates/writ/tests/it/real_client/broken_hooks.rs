//! Hooks that are missing, crash or hang, or are not there at all, and a server that is gone: the client of this version
//! blocks, and whatever changed a file all the same does not come through a push.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::player::Player;
use super::scene::{HERE, PROJECT, Scene, content, with_writ};
use super::wall::{LatePush, push, pushed};
use crate::support::process::WRIT;
use crate::support::{Opened, WritOptions};

const MIGRATION: &str = "migrations/0001.sql";
const BEFORE: &str = "create table payments (id bigint);\n";

/// Another session has the migration for itself.
async fn taken(scene: &Scene) -> Opened {
    let cleo = scene.developer("cleo").await.open(json!({ "project": PROJECT })).await;
    let resource = format!("path:{}//{MIGRATION}", super::wall::REPOSITORY);
    let wants = json!([{ "resource": resource, "mode": "X" }]);
    let got = cleo.caller.post("/v1/locks", json!({ "wants": wants, "wait": false, "intent": "widen ids" })).await;
    assert_eq!(got.status, 200, "{}", got.text());
    cleo
}

/// What takes the place of the program that hooks call.
fn replace(program: &Path, script: Option<&str>) {
    std::fs::remove_file(program).unwrap();
    if let Some(script) = script {
        std::fs::write(program, script).unwrap();
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Ben's agent, whose launcher lost its program after it started.
async fn ben(scene: &Scene, name: &str, origin: &Path, script: Option<&str>) -> Player {
    let program = scene.path(&format!("writ-{name}"));
    std::fs::copy(WRIT, &program).unwrap();
    let tree = scene.clone_of(origin, name);
    let mut ben = scene.governed_by(&program, &scene.developer(name).await, name, &tree).await;
    ben.read(MIGRATION).await.done();
    replace(&program, script);
    ben
}

/// Changes it around all hooks, and pushes it as the session does: the wall is the same.
fn sneaks_it_in(tree: &Path, session: &str) {
    std::fs::write(tree.join(MIGRATION), "x").unwrap();
    super::scene::git(tree, &["commit", "--quiet", "--no-verify", "--message=Sneak in", MIGRATION]);
    let output = std::process::Command::new("sh")
        .args(["-c", &push("")])
        .current_dir(tree)
        .env("WRIT_SESSION_ID", session)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("push_path_locked") && said.contains(MIGRATION), "{said}");
}

#[test]
fn a_hook_that_is_missing_crashes_or_hangs_blocks_the_client() {
    with_writ(WritOptions::default(), async |scene| {
        let origin = scene.walled(&[(MIGRATION, BEFORE)]);
        let _cleo = taken(&scene).await;
        let broken = [
            ("missing", None),
            ("crashing", Some("#!/bin/sh\nkill -SEGV $$\n")),
            ("hanging", Some("#!/bin/sh\nexec sleep 600\n")),
        ];
        for (name, script) in broken {
            let mut ben = ben(&scene, name, &origin, script).await;
            ben.edit(MIGRATION, "bigint", "uuid").await.refused();
            assert_eq!(content(&ben.root, MIGRATION), BEFORE, "{name}");
            if name != "hanging" {
                let apart = json!({ "description": "Help", "prompt": "Help.", "subagent_type": "general-purpose",
                    "isolation": "worktree", "run_in_background": false });
                let told = ben.call("Agent", apart).await.refused();
                assert!(told.result.contains("WorktreeCreate hook failed"), "{told:#?}");
                ben.bash(&format!("echo >>{MIGRATION}")).await.refused();
                assert_eq!(content(&ben.root, MIGRATION), BEFORE, "{name}");
            }
            sneaks_it_in(&ben.root, &scene.session_of(name).await);
            ben.say("All done.").await.1.result();
        }
        assert_eq!(pushed(&origin), Vec::<String>::new());
    });
}

#[test]
fn a_developer_s_switch_does_not_turn_the_hooks_of_a_session_off() {
    with_writ(WritOptions::default(), async |scene| {
        let origin = scene.walled(&[(MIGRATION, BEFORE)]);
        let _cleo = taken(&scene).await;
        let tree = scene.clone_of(&origin, "ben");
        let settings = json!({ "disableAllHooks": true });
        let developer = scene.developer("ben").await;
        let mut ben = scene.governed_with(&developer, "ben", &tree, HERE, Some(&settings)).await;
        let told = ben.edit(MIGRATION, "bigint", "uuid").await.refused().whole();
        assert!(told.contains("is locked"), "{told}");
        assert_eq!(content(&tree, MIGRATION), BEFORE);
        ben.say("All done.").await.1.result();
    });
}

#[test]
fn what_no_hook_saw_does_not_come_through_a_push_nor_does_anything_without_a_server() {
    with_writ(WritOptions::default(), async |scene| {
        let origin = scene.walled(&[(MIGRATION, BEFORE), ("README.md", "Payments.\n")]);
        let cleo = taken(&scene).await;
        let tree = scene.clone_of(&origin, "ben");
        let mut ben = scene.governed(&scene.developer("ben").await, "ben", &tree, HERE).await;
        // A script that hooks cannot look into.
        std::fs::write(tree.join("build"), format!("printf '%s' x >{MIGRATION}\n")).unwrap();
        ben.bash("sh build").await.done();
        assert_eq!(content(&tree, MIGRATION), "x", "no hook stops it");
        ben.bash(&format!("git commit --quiet --message='Sneak in' {MIGRATION}")).await.done();
        let told = ben.bash(&push("")).await.refused().whole();
        for part in ["push_path_locked", MIGRATION, "cleo", "widen ids"] {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
        assert_eq!(pushed(&origin), Vec::<String>::new());

        ben.bash(
            "git reset --quiet --hard HEAD~1 && echo More. >>README.md && git commit --quiet --all --message=More",
        )
        .await
        .done();
        ben.bash(&push("")).await.done();
        assert_eq!(pushed(&origin).len(), 1, "the rest may");
        // The server is gone before the next: what the agent had begun comes to the wall, and no further.
        std::fs::write(tree.join("README.md"), "More still.\n").unwrap();
        let before = super::scene::git(&origin, &["rev-parse", &pushed(&origin)[0]]);
        let late = LatePush::begin(&ben, "Still", "").await;
        scene.writ().kill();
        late.go().await;
        late.refused(Duration::from_secs(90)).await;
        assert_eq!(super::scene::git(&origin, &["rev-parse", &pushed(&origin)[0]]), before);
        drop(cleo);
    });
}
