//! Workspaces of sub-agents of real repositories, with a stand-in for the control plane.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::limits::PARTS_MAX;
use crate::run::hooks::tests::stand_in::StandIn;

const SESSION: &str = "ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z";

/// A session that works in place, in a repository with one commit.
struct Stage {
    parts: Parts,
    plane: Arc<StandIn>,
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path().join("workspaces"));
        let script = folder.path().join("parts.sh");
        let stage =
            Self { parts: Parts::new(SESSION, &Place::default(), script, Some(root)), plane: Arc::default(), folder };
        std::fs::create_dir(stage.repository()).unwrap();
        stage.git(&["init", "--quiet", "--initial-branch=main", "."]);
        std::fs::write(stage.repository().join("README.md"), "one\n").unwrap();
        stage.git(&["add", "--all"]);
        stage.git(&["commit", "--quiet", "--message", "Start"]);
        stage
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("checkout")
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.repository(), arguments)
    }

    async fn create(&self, name: &str) -> PathBuf {
        self.parts.create(&self.plane, name, &self.repository()).await.unwrap()
    }

    /// What a command that starts in a folder has, by name.
    fn environment(&self, folder: &Path) -> Vec<String> {
        let exports = format!("{}\nenv", self.parts.exports());
        let mut shell = Command::new("bash");
        shell.args(["-c", &exports]).current_dir(folder).env_clear().env("PATH", std::env::var("PATH").unwrap());
        let output = shell.env("WRIT_PORT_BASE", "1").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments).current_dir(folder);
    let output = git.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn value<'a>(environment: &'a [String], name: &str) -> Option<&'a str> {
    environment.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[tokio::test]
async fn each_has_a_branch_a_place_and_leases_of_its_own_and_brings_its_work_back() {
    let stage = Stage::new();
    let (one, other) = (stage.create("agent-a1").await, stage.create("agent-a2").await);
    assert_ne!(one, other);
    assert_eq!(git(&one, &["branch", "--show-current"]), format!("s/{SESSION}/agent-a1"));
    let told =
        [stage.environment(&one), stage.environment(&other.join(".git")), stage.environment(&stage.repository())];
    assert_eq!(value(&told[0], "WRIT_WORKSPACE").map(Path::new), Some(one.as_path()));
    assert_eq!(value(&told[1], "WRIT_DATABASE"), Some("checkout_1w3x5y7z_agent_a2"));
    assert_eq!(value(&told[0], "COMPOSE_PROJECT_NAME"), Some("checkout-1w3x5y7z-agent-a1"));
    let ports: BTreeSet<_> = told.iter().map(|told| value(told, "WRIT_PORT_BASE").unwrap()).collect();
    assert!(ports.len() == 3 && ports.contains("1"), "{ports:?}");
    let around: BTreeSet<_> = value(&told[2], "WRIT_PORTS_AROUND").unwrap().split(',').collect();
    assert_eq!(around, &ports - &BTreeSet::from(["1"]), "for sessions inside");

    std::fs::write(one.join("new"), "new\n").unwrap();
    git(&one, &["add", "--all"]);
    git(&one, &["commit", "--quiet", "--message", "New"]);
    let told = stage.parts.keep("agent-a1").await.unwrap().unwrap();
    assert!(told.contains(&format!("branch s/{SESSION}/agent-a1 (1 commit)")), "{told}");
    assert_eq!(stage.git(&["show", &format!("s/{SESSION}/agent-a1:new")]), "new");
    assert_eq!(stage.parts.keep("agent-a2").await.unwrap(), None, "nothing happened there");
    assert_eq!(stage.parts.keep("agent-a3").await.unwrap(), None, "it has none");
    assert!(one.exists() && other.exists(), "they may be woken again");

    stage.parts.finish(&Place::default()).await;
    assert!(one.exists() && !other.exists());
    let over = stage.parts.create(&stage.plane, "agent-a4", &stage.repository()).await.unwrap_err();
    assert_eq!(over.sentence(), "the session is over");
}

#[tokio::test]
async fn one_that_is_removed_is_kept_first_and_its_name_is_not_given_again() {
    let stage = Stage::new();
    let tree = stage.create("side").await;
    assert_eq!(stage.create("side").await, tree, "it is there already");
    std::fs::write(tree.join("draft"), "draft\n").unwrap();
    stage.parts.remove(&stage.plane, &tree).await.unwrap();
    assert!(!tree.exists());
    let kept = format!("refs/writ/keep/{SESSION}.side");
    assert_eq!(stage.git(&["show", &format!("{kept}:draft")]), "draft");
    let released = stage.plane.released.lock().unwrap().len();
    assert_eq!(released, 2, "its ports, and its names");
    assert_eq!(value(&stage.environment(&stage.repository()), "WRIT_PORT_BASE"), Some("1"));

    let again = stage.create("Side").await;
    assert_ne!(again, tree);
    assert_eq!(git(&again, &["branch", "--show-current"]), format!("s/{SESSION}/Side-2"));
    assert_eq!(stage.git(&["show", &format!("{kept}:draft")]), "draft");
    let strange = stage.parts.remove(&stage.plane, &stage.repository()).await.unwrap_err();
    assert!(strange.sentence().ends_with("is no workspace of this session"), "{strange:?}");
    assert!(stage.repository().exists());
}

#[tokio::test]
async fn what_has_no_lease_has_not_the_session_s() {
    let stage = Stage::new();
    *stage.plane.is_away.lock().unwrap() = true;
    let tree = stage.create("agent-a1").await;
    let told = stage.environment(&tree);
    assert_eq!(value(&told, "WRIT_PORT_BASE"), None);
    assert_eq!(value(&told, "WRIT_DATABASE"), Some("checkout_1w3x5y7z_agent_a1"));
}

#[tokio::test]
async fn those_that_rest_make_room_and_those_at_work_do_not() {
    let stage = Stage::new();
    let mut trees = Vec::new();
    for number in 0..PARTS_MAX {
        trees.push(stage.create(&format!("agent-a{number}")).await);
    }
    let full = stage.parts.create(&stage.plane, "agent-b", &stage.repository()).await.unwrap_err();
    assert!(full.sentence().contains("32 sub-agents of this session work in workspaces"), "{full:?}");
    std::fs::write(trees[3].join("draft"), "draft\n").unwrap();
    stage.parts.keep("agent-a3").await.unwrap();
    stage.parts.keep("agent-a1").await.unwrap();
    stage.parts.wakes("agent-a1");
    stage.create("agent-b").await;
    assert!(trees[1].exists() && !trees[3].exists());
    assert_eq!(stage.git(&["show", &format!("refs/writ/keep/{SESSION}.agent-a3:draft")]), "draft");
}

#[tokio::test]
async fn eight_at_once_have_ports_of_their_own() {
    let stage = Stage::new();
    let one = |number: usize| {
        let (parts, plane, repository) = (stage.parts.clone(), Arc::clone(&stage.plane), stage.repository());
        tokio::spawn(async move { parts.create(&plane, &format!("agent-a{number}"), &repository).await.unwrap() })
    };
    let making: Vec<_> = (0..8).map(one).collect();
    let mut ports = BTreeSet::new();
    for tree in making {
        let told = stage.environment(&tree.await.unwrap());
        assert!(ports.insert(value(&told, "WRIT_PORT_BASE").unwrap().to_owned()), "{ports:?}");
    }
}

#[tokio::test]
async fn programs_of_an_agent_s_settings_get_nothing_of_the_developer_s() {
    let stage = Stage::new();
    let seen = stage.folder.path().join("seen");
    stage.git(&["config", "filter.x.smudge", &format!("env >{}; cat", seen.display())]);
    stage.git(&["config", "core.fsmonitor", &format!("env >{}", seen.display())]);
    std::fs::write(stage.repository().join(".gitattributes"), "* filter=x\n").unwrap();
    stage.git(&["add", "--all"]);
    stage.git(&["commit", "--quiet", "--message", "Filters"]);
    stage.create("agent-a1").await;
    let seen = std::fs::read_to_string(&seen).unwrap();
    // Cargo tells every test this.
    assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
    assert!(seen.contains("PATH=") && !seen.contains("CARGO_MANIFEST_DIR"), "{seen}");
}

#[tokio::test]
async fn one_made_of_another_is_kept_before_it() {
    let stage = Stage::new();
    let outer = stage.create("agent-a1").await;
    let inner = stage.parts.create(&stage.plane, "agent-a2", &outer).await.unwrap();
    std::fs::write(inner.join("new"), "new\n").unwrap();
    git(&inner, &["add", "--all"]);
    git(&inner, &["commit", "--quiet", "--message", "New"]);
    std::fs::write(inner.join("draft"), "draft\n").unwrap();
    // The order in which they were used says nothing.
    stage.parts.wakes("agent-a1");
    stage.parts.finish(&Place::default()).await;
    assert_eq!(stage.git(&["show", &format!("s/{SESSION}/agent-a1-agent-a2:new")]), "new");
    let kept = git(&outer, &["rev-parse", &format!("refs/writ/keep/{SESSION}.agent-a2")]);
    stage.git(&["merge-base", "--is-ancestor", &kept, &format!("refs/writ/keep/{SESSION}.agent-a1")]);
    assert_eq!(stage.git(&["show", &format!("{kept}:draft")]), "draft");
}
