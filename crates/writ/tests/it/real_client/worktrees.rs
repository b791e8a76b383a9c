//! Sub-agents that work apart (`isolation: worktree`), and what the Bash tool is told about where it works.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::player::{Player, SubAgent, Told};
use super::scene::{HERE, Scene, WORKSPACE, git, with_writ};
use crate::support::WritOptions;

const FILES: &[(&str, &str)] = &[("README.md", "Payments.\n")];

/// What tells a command about its workspace.
const TOLD: [&str; 5] =
    ["WRIT_WORKSPACE", "WRIT_PORT_BASE", "WRIT_PORT_COUNT", "WRIT_DATABASE", "COMPOSE_PROJECT_NAME"];

/// Has the agent start a sub-agent, and waits for that; the number of what the agent is told at its end.
async fn sends(player: &Player, scene: &Scene, name: &str, is_apart: bool) -> (SubAgent, usize) {
    let agent = SubAgent::new(scene.simulator().actor(name));
    let mut input = json!({ "description": "Help", "prompt": agent.prompt(), "subagent_type": "general-purpose",
        "run_in_background": false });
    if is_apart {
        input["isolation"] = json!("worktree");
    }
    let number = player.begin("Agent", input);
    agent.starts().await;
    (agent, number)
}

/// Values of [`TOLD`] in what `env` printed.
fn variables(told: &Told) -> Vec<String> {
    let value = |name: &&str| {
        let line = told.result.lines().find_map(|line| line.strip_prefix(*name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name}: {told:#?}")).to_owned()
    };
    TOLD.iter().map(value).collect()
}

/// How many blocks of ports a session has.
async fn ports(scene: &Scene, session: &str) -> usize {
    let locks = scene.ada().get(&format!("/v1/locks?session={session}&state=held")).await.json();
    locks["locks"].as_array().unwrap().iter().filter(|one| one["intent"] == "ports of a workspace").count()
}

#[test]
fn a_sub_agent_that_works_apart_has_a_workspace_of_its_own_and_its_work_comes_back() {
    with_writ(WritOptions::default(), async |scene| {
        let tree = scene.repository(FILES);
        let ana = scene.developer("ana").await;
        let mut player = scene.governed(&ana, "ana", &tree, WORKSPACE).await.find_root().await;
        let session = scene.session_of("ana").await;
        let own = variables(&player.bash("env").await.done());
        assert_eq!(Path::new(&own[0]), player.root);
        let (helper, number) = sends(&player, &scene, "helper", true).await;
        let apart = variables(&helper.bash("env").await.done());
        assert_eq!(helper.bash("pwd").await.done().result.trim(), apart[0], "it starts there");
        let same: Vec<_> =
            TOLD.iter().zip(own.iter().zip(&apart)).filter(|(_, (a, b))| a == b).map(|(n, _)| n).collect();
        assert_eq!(same, [&"WRIT_PORT_COUNT"], "{own:?} {apart:?}");
        // The client lets a sub-agent that works apart have plain commands of git only, and only there.
        let branch = helper.bash("git branch --show-current").await.done().result.trim().to_owned();
        assert!(branch.starts_with(&format!("s/{session}/agent-a")), "{branch}");
        assert_eq!(ports(&scene, &session).await, 2);

        let file = Path::new(&apart[0]).join("two");
        helper.call("Write", json!({ "file_path": file, "content": "two\n" })).await.done();
        assert!(file.exists() && !player.root.join("two").exists());
        for command in [
            "git config user.name Ana",
            "git config user.email ana@example.com",
            "git add two",
            "git commit --quiet --message=Two",
            "echo draft >draft",
        ] {
            helper.bash(command).await.done();
        }
        helper.say("It is done.");
        let told = player.told(number).await.done().whole();
        for part in [format!("branch {branch} (1 commit)"), "1 changed file".to_owned()] {
            assert!(told.contains(&part), "`{part}` is not in: {told}");
        }
        let shown = player.bash(&format!("git show {branch}:two")).await.done();
        assert_eq!(shown.result.trim(), "two", "the agent may merge it at once");

        let (_, ran) = player.say("All done.").await;
        ran.result();
        assert!(ran.stderr.contains(&format!("branch   {branch} in your repository, 1 commit")), "{ran:#?}");
        assert_eq!(git(&tree, &["show", &format!("{branch}:two")]), "two\n");
        let kept = git(&tree, &["log", "--format=%H", &format!("refs/writ/keep/{session}")]);
        let has_draft =
            |commit: &str| git(&tree, &["ls-tree", "--name-only", commit]).lines().any(|name| name == "draft");
        assert!(kept.lines().any(has_draft), "what was not committed is kept too: {ran:#?}");
        assert_eq!(ports(&scene, &session).await, 0, "leases go with the session");
    });
}

#[test]
fn what_a_workspace_leases_reaches_commands_and_sub_agents_whatever_the_settings_say() {
    with_writ(WritOptions::default(), async |scene| {
        let tree = scene.repository(FILES);
        let settings = json!({ "env": { "COMPOSE_PROJECT_NAME": "theirs", "WRIT_PORT_BASE": "1" } });
        let ana = scene.developer("ana").await;
        let mut player = scene.governed_with(&ana, "ana", &tree, WORKSPACE, Some(&settings)).await.find_root().await;
        let own = variables(&player.bash("env").await.done());
        assert!(own[1] != "1" && own[4] != "theirs", "{own:?}");
        let (helper, number) = sends(&player, &scene, "helper", false).await;
        assert_eq!(variables(&helper.bash("env").await.done()), own, "it works in the same place");
        helper.say("It is done.");
        player.told(number).await.done();
        // Several at once, each apart.
        let mut bases = BTreeSet::from([own[1].clone()]);
        for name in ["one", "two", "three"] {
            let (helper, number) = sends(&player, &scene, name, true).await;
            assert!(bases.insert(variables(&helper.bash("env").await.done())[1].clone()), "{bases:?}");
            helper.say("It is done.");
            player.told(number).await.done();
        }
        player.say("All done.").await.1.result();
    });
}

#[test]
fn a_working_tree_that_the_agent_leaves_for_good_goes_when_its_work_is_kept() {
    with_writ(WritOptions::default(), async |scene| {
        let tree = scene.repository(FILES);
        let ana = scene.developer("ana").await;
        let mut player = scene.governed(&ana, "ana", &tree, HERE).await;
        let session = scene.session_of("ana").await;
        player.call("EnterWorktree", json!({ "name": "side" })).await.done();
        let told = player.bash("echo draft >draft; echo $WRIT_WORKSPACE; pwd").await.done();
        let places: BTreeSet<PathBuf> = told.result.lines().map(PathBuf::from).collect();
        let side = places.first().unwrap();
        assert!(places.len() == 1 && side.join("draft").exists() && !side.starts_with(&tree), "{told:#?}");
        assert_eq!(ports(&scene, &session).await, 1);
        player.call("ExitWorktree", json!({ "action": "remove", "discard_changes": true })).await.done();
        assert!(!side.exists());
        assert_eq!(ports(&scene, &session).await, 0, "leases go with it");
        assert_eq!(git(&tree, &["show", &format!("refs/writ/keep/{session}.side:draft")]), "draft\n");
        player.say("All done.").await.1.result();
        assert!(!tree.join(".claude/worktrees").exists(), "the client made none itself");
    });
}

#[test]
fn without_a_workspace_there_is_no_sub_agent_that_works_apart() {
    with_writ(WritOptions::default(), async |scene| {
        let tree = scene.path("empty");
        std::fs::create_dir(&tree).unwrap();
        git(&tree, &["init", "--quiet"]);
        let ana = scene.developer("ana").await;
        let mut player = scene.governed(&ana, "ana", &tree, HERE).await;
        let agent = SubAgent::new(scene.simulator().actor("helper"));
        let input = json!({ "description": "Help", "prompt": agent.prompt(), "subagent_type": "general-purpose",
            "isolation": "worktree", "run_in_background": false });
        let told = player.call("Agent", input).await.refused();
        assert!(told.result.contains("writ: cannot make a workspace: the repository has no commit yet"), "{told:#?}");
        player.say("All done.").await.1.result();
    });
}
