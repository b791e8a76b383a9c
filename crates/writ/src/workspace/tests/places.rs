//! Repositories of every kind, and folders that are none.

use super::super::remove;
use super::*;

async fn nothing(folder: &Path) -> String {
    match Source::find(folder).await.unwrap() {
        Found::Nothing(why) => why,
        Found::Repository(source) => panic!("{source:?}"),
    }
}

/// Makes a workspace, commits, and sees the commit come back.
async fn works(stage: &Stage, folder: &Path) -> Workspace {
    let source = source(folder).await;
    let mut workspace = create(&stage.root, &source, &order(7)).await.unwrap();
    // Each time something else: in one second the same commit on the same base is the same commit, and nothing new.
    commit_in(&workspace, "committed", &folder.display().to_string());
    write(&workspace.tree().join("untracked"), "x");
    let kept = keep(&mut workspace, now()).await.unwrap();
    assert_eq!((kept.branches.len(), kept.notes.len()), (1, 0), "{kept:?}");
    let told = git(folder, &["ls-tree", "--full-tree", "--name-only", &workspace.record.keep_ref()]);
    assert!(told.contains("committed\n") && told.ends_with("untracked"), "{told}");
    workspace
}

#[tokio::test]
async fn where_there_is_no_commit_or_no_working_tree_there_is_no_workspace() {
    let stage = Stage::new();
    assert_eq!(nothing(stage.folder.path()).await, "this is not in a git repository");
    let bare = stage.folder.path().join("bare.git");
    git(stage.folder.path(), &["init", "--quiet", "--bare", "bare.git"]);
    assert!(nothing(&bare).await.starts_with("there is no working tree here"));
    assert!(nothing(&stage.repository.join(".git")).await.starts_with("there is no working tree here"));
    git(stage.folder.path(), &["init", "--quiet", "fresh"]);
    assert_eq!(nothing(&stage.folder.path().join("fresh")).await, "the repository has no commit yet");
}

#[tokio::test]
async fn a_damaged_repository_is_said_to_be_one() {
    let stage = Stage::new();
    stage.write(".git/refs/heads/main", "0123456789012345678901234567890123456789\n");
    let error = Source::find(&stage.repository).await.unwrap_err().to_string();
    assert!(error.contains("the repository is damaged"), "{error}");
}

#[tokio::test]
async fn a_subfolder_and_a_detached_head() {
    let stage = Stage::new();
    assert_eq!(source(&stage.repository.join("src")).await.prefix, Path::new("src/"));
    stage.git(&["checkout", "--quiet", "--detach"]);
    let workspace = works(&stage, &stage.repository).await;
    assert_eq!(workspace.record.branch, format!("s/{}/detached", session(7)));
}

#[tokio::test]
async fn paths_with_spaces_letters_of_the_world_quotes_and_line_ends() {
    for name in ["with space", "größe-日本", "line\nbreak", "\"quoted\"", "#hash", "co:lon", "-dash"] {
        let stage = Stage::named(name);
        stage.write("mine", "x");
        let order = Order { with_changes: true, ..order(1) };
        let workspace = create(&stage.root, &stage.source().await, &order).await.unwrap();
        assert!(workspace.tree().join("mine").exists(), "{name}");
        let mut workspace = stage.workspace(2).await;
        commit_in(&workspace, "committed", "x");
        assert_eq!(keep(&mut workspace, now()).await.unwrap().branches.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_linked_working_tree_a_shallow_clone_and_a_repository_that_borrows_itself() {
    let stage = Stage::new();
    stage.write("second", "x");
    stage.commit("Second");
    stage.git(&["worktree", "add", "--quiet", "-b", "side", "../linked"]);
    let workspace = works(&stage, &stage.folder.path().join("linked")).await;
    assert_eq!(workspace.record.branch, format!("s/{}/side", session(7)));
    remove(&stage.root, &mut { workspace }, now()).await.unwrap();

    let url = format!("file://{}", stage.repository.display());
    git(stage.folder.path(), &["clone", "--quiet", "--depth=1", &url, "shallow"]);
    let workspace = works(&stage, &stage.folder.path().join("shallow")).await;
    assert_eq!(git(&workspace.tree(), &["rev-list", "--count", "HEAD"]), "2");
    remove(&stage.root, &mut { workspace }, now()).await.unwrap();

    git(stage.folder.path(), &["clone", "--quiet", "--shared", "checkout", "shared"]);
    let workspace = works(&stage, &stage.folder.path().join("shared")).await;
    // A workspace of a workspace: what a sub-agent gets.
    let inner = create(&stage.root, &source(&workspace.tree()).await, &order(8)).await.unwrap();
    assert_eq!(git(&inner.tree(), &["rev-list", "--count", "HEAD"]), "3");
}

#[tokio::test]
async fn a_repository_with_other_hashes() {
    let stage = Stage::new();
    git(stage.folder.path(), &["init", "--quiet", "--object-format=sha256", "other"]);
    let other = stage.folder.path().join("other");
    write(&other.join("file"), "x");
    git(&other, &["add", "--all"]);
    git(&other, &["commit", "--quiet", "--message", "Start"]);
    works(&stage, &other).await;
}

#[tokio::test]
async fn submodules_do_not_disturb() {
    let stage = Stage::new();
    git(stage.folder.path(), &["clone", "--quiet", "checkout", "part"]);
    stage.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../part", "part"]);
    stage.commit("Add a part");
    let mut workspace = works(&stage, &stage.repository).await;
    // The agent gets the part and works in it.
    let tree = workspace.tree();
    git(&tree, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]);
    keep(&mut workspace, now()).await.unwrap();
    write(&tree.join("part/work"), "x");
    let error = keep(&mut workspace, now()).await.unwrap_err().to_string();
    assert!(error.contains("the repository `part` inside the workspace has work of its own"), "{error}");
}

#[tokio::test]
async fn a_repository_that_cannot_be_written_is_refused_and_nothing_is_left() {
    let stage = Stage::new();
    stage.write(".git/refs/writ", "in the way\n");
    let error = create(&stage.root, &stage.source().await, &order(1)).await.unwrap_err().to_string();
    assert!(error.contains("so it has to be writable"), "{error}");
    assert_eq!(std::fs::read_dir(stage.root.path()).unwrap().count(), 0);
    write(&stage.folder.path().join("file"), "x");
    let root = Root::at(stage.folder.path().join("file"));
    let error = create(&root, &stage.source().await, &order(1)).await.unwrap_err().to_string();
    assert!(error.contains("cannot make the workspace folder") && error.contains("--here"), "{error}");
}

#[tokio::test]
async fn one_that_was_left_is_known_and_taken_by_one_only() {
    let stage = Stage::new();
    let mut workspace = stage.workspace(1).await;
    let state = || Listed::all(&stage.root).unwrap().0.first().map(|listed| listed.state);
    assert_eq!(state(), Some(State::Live));
    let folder = workspace.folder().to_owned();
    assert!(Workspace::take(&folder).unwrap().is_none());
    drop(workspace);
    assert_eq!(state(), Some(State::Left));
    workspace = Workspace::take(&folder).unwrap().unwrap();
    workspace.end(now()).unwrap();
    drop(workspace);
    assert_eq!(state(), Some(State::Ended));
    // A process of an agent that outlived its launcher.
    let tree = Listed::find(&stage.root, &session(1).to_string()).unwrap().tree();
    let mut process = Command::new("cat").stdin(std::process::Stdio::piped()).current_dir(&tree).spawn().unwrap();
    assert_eq!(state(), Some(State::Live));
    process.kill().unwrap();
    process.wait().unwrap();
    std::fs::remove_dir_all(&tree).unwrap();
    assert_eq!(state(), Some(State::Missing));
}
