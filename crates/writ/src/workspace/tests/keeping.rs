//! What comes back, and what must not be lost or changed on the way.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::super::{recover, remove};
use super::*;

fn keep_ref(workspace: &Workspace) -> String {
    workspace.record.keep_ref()
}

#[tokio::test]
async fn everything_but_ignored_files_is_at_the_keep_ref_and_nothing_else_of_theirs_changes() {
    let stage = Stage::new();
    stage.write("README.md", "mine, not committed\n");
    stage.git(&["add", "README.md"]);
    stage.write("notes.txt", "mine, untracked\n");
    let before = stage.theirs();
    let mut workspace = stage.workspace(1).await;
    let tree = workspace.tree();
    assert_eq!(tree.file_name(), stage.repository.file_name());
    assert_eq!(std::fs::read_to_string(tree.join("README.md")).unwrap(), "one\n");
    assert!(!tree.join("notes.txt").exists());
    assert_eq!(git(&tree, &["status", "--porcelain"]), "");

    commit_in(&workspace, "src/new.rs", "fn b() {}\n");
    write(&tree.join("README.md"), "two\n");
    write(&tree.join("deep/er/file with \"quotes\"\n.txt"), "untracked\n");
    write(&tree.join("tool"), "#!/bin/sh\n");
    std::fs::set_permissions(tree.join("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("/nowhere", tree.join("dangling")).unwrap();
    std::fs::remove_file(tree.join("src/lib.rs")).unwrap();
    write(&tree.join("target/out"), "ignored\n");
    write(&tree.join("key.secret"), "ignored\n");
    let index = std::fs::read(tree.join(".git/index")).unwrap();

    let kept = keep(&mut workspace, now()).await.unwrap();
    assert_eq!(std::fs::read(tree.join(".git/index")).unwrap(), index, "the workspace's index is not touched");
    let branch = format!("s/{}/main", session(1));
    assert_eq!(kept.branches, [(branch.clone(), 1)]);
    assert_eq!((kept.changed_files, kept.notes.as_slice()), (5, [].as_slice()));
    let kept = keep_ref(&workspace);
    let expected = [
        "100644 .gitignore",
        "100644 README.md",
        "120000 dangling",
        "100644 \"deep/er/file with \\\"quotes\\\"\\n.txt\"",
        "120000 link",
        "100755 run.sh",
        "100644 src/new.rs",
        "100755 tool",
    ];
    assert_eq!(stage.files(&kept), expected);
    assert_eq!(stage.show(&kept, "README.md"), "two");
    assert_eq!(stage.show(&kept, "dangling"), "/nowhere");
    assert_eq!(stage.git(&["rev-parse", &format!("{kept}^")]), stage.git(&["rev-parse", &branch]));
    assert_eq!(
        stage.git(&["log", "-1", "--format=%an %ae %cn%n%(trailers:key=Agent-Session,valueonly)", &kept]),
        format!("writ writ@localhost writ\n{}", session(1))
    );
    assert_eq!(stage.theirs(), before);
    stage.git(&["fsck", "--strict", "--no-dangling"]);
}

#[tokio::test]
async fn a_workspace_in_which_nothing_happened_leaves_nothing() {
    let stage = Stage::new();
    let workspace = stage.workspace(1).await;
    let pinned = stage.git(&["rev-parse", &keep_ref(&workspace)]);
    assert_eq!(pinned, stage.git(&["rev-parse", "HEAD"]), "what it starts from is held");
    let kept = remove(&stage.root, &mut { workspace }, now()).await.unwrap();
    assert_eq!(kept, Kept::default());
    assert_eq!(stage.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    assert_eq!(super::super::empty_trash(&stage.root), 0);
    let left: Vec<_> = std::fs::read_dir(stage.root.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, [".trash"]);
    assert_eq!(std::fs::read_dir(stage.root.path().join(".trash")).unwrap().count(), 0);
}

#[tokio::test]
async fn branches_stashes_tags_and_a_detached_head_are_kept_too() {
    let stage = Stage::new();
    stage.git(&["branch", "other"]);
    let mut workspace = stage.workspace(1).await;
    let tree = workspace.tree();
    let made = |what: &str| {
        write(&tree.join(what), what);
        git(&tree, &["add", "--all"]);
    };
    made("stashed-1");
    git(&tree, &["stash", "--quiet"]);
    made("stashed-2");
    git(&tree, &["stash", "--quiet"]);
    git(&tree, &["switch", "--quiet", "--create", "feature/login"]);
    commit_in(&workspace, "on-feature", "x");
    git(&tree, &["switch", "--quiet", "other"]);
    commit_in(&workspace, "on-other", "x");
    git(&tree, &["tag", "--annotate", "--message", "Release", "v1"]);
    git(&tree, &["reset", "--quiet", "--hard", "HEAD~1"]);
    git(&tree, &["checkout", "--quiet", "--detach", "main"]);
    commit_in(&workspace, "on-nothing", "x");

    let kept = keep(&mut workspace, now()).await.unwrap();
    let branches: Vec<&str> = kept.branches.iter().map(|(name, _)| name.as_str()).collect();
    let own = |name: &str| format!("s/{}/{name}", session(1));
    assert_eq!(branches, [own("feature-login"), own("HEAD")]);
    let all = stage.git(&["log", "--format=", "--name-only", "--diff-merges=first-parent", &keep_ref(&workspace)]);
    for file in ["stashed-1", "stashed-2", "on-feature", "on-other", "on-nothing"] {
        let path = stage.git(&["rev-list", "--max-count=1", &keep_ref(&workspace), "--", file]);
        assert!(!path.is_empty() || all.contains(file), "{file} is not kept:\n{all}");
    }
    let message = stage.git(&["log", "-1", "--format=%B", &keep_ref(&workspace)]);
    for name in ["refs/heads/feature/login", "refs/tags/v1", "stash@{0}", "stash@{1}"] {
        assert!(message.contains(&format!(" {name}\n")), "{name} is not in\n{message}");
    }

    // All of it comes back.
    let recovered = recover(&stage.source().await, &session(1).into(), None).await.unwrap();
    assert!(recovered.has_changes);
    assert_eq!(recovered.others.len(), 4, "{:?}", recovered.others);
    assert_eq!(stage.git(&["rev-list", "--count", "--merges", &recovered.branch]), "0");
    assert!(stage.files(&recovered.branch).contains(&"100644 on-nothing".to_owned()));
}

#[tokio::test]
async fn an_index_that_says_something_of_its_own_is_kept() {
    let stage = Stage::new();
    let mut workspace = stage.workspace(1).await;
    let tree = workspace.tree();
    write(&tree.join("README.md"), "staged\n");
    git(&tree, &["add", "README.md"]);
    write(&tree.join("README.md"), "in the file\n");
    keep(&mut workspace, now()).await.unwrap();
    let kept = keep_ref(&workspace);
    assert_eq!(stage.show(&kept, "README.md"), "in the file");
    assert_eq!(stage.show(&format!("{kept}^2"), "README.md"), "staged");
}

#[tokio::test]
async fn the_middle_of_a_merge_is_kept_as_the_files_are() {
    let stage = Stage::new();
    stage.git(&["switch", "--quiet", "--create", "theirs"]);
    stage.write("README.md", "theirs\n");
    stage.commit("Theirs");
    stage.git(&["switch", "--quiet", "main"]);
    let mut workspace = stage.workspace(1).await;
    commit_in(&workspace, "README.md", "ours\n");
    assert!(!try_git(&workspace.tree(), &["merge", "theirs"]).status.success());
    keep(&mut workspace, now()).await.unwrap();
    assert!(stage.show(&keep_ref(&workspace), "README.md").contains("<<<<<<<"));
}

#[tokio::test]
async fn kept_twice_it_is_one_commit_and_what_was_kept_once_stays_kept() {
    let stage = Stage::new();
    let mut workspace = stage.workspace(1).await;
    let tree = workspace.tree();
    write(&tree.join("idea"), "good\n");
    write(&tree.join("README.md"), "staged\n");
    git(&tree, &["add", "README.md"]);
    write(&tree.join("README.md"), "changed\n");
    let first = keep(&mut workspace, now()).await.unwrap().commit.unwrap();
    let later = Time::from_unix_millis(now().unix_millis() + 60_000);
    assert_eq!(keep(&mut workspace, later).await.unwrap().commit.unwrap(), first);
    std::fs::remove_file(tree.join("idea")).unwrap();
    let second = keep(&mut workspace, later).await.unwrap().commit.unwrap();
    assert_ne!(second, first);
    assert!(try_git(&stage.repository, &["merge-base", "--is-ancestor", &first, &second]).status.success());
    // Also when everything was thrown away.
    git(&tree, &["reset", "--quiet", "--hard"]);
    git(&tree, &["clean", "--quiet", "-fd"]);
    let third = keep(&mut workspace, later).await.unwrap().commit.unwrap();
    assert!(try_git(&stage.repository, &["merge-base", "--is-ancestor", &first, &third]).status.success());
    assert_eq!(keep(&mut workspace, later).await.unwrap().commit.unwrap(), third);
}

#[tokio::test]
async fn changes_come_along_when_asked_for() {
    let stage = Stage::new();
    stage.write("README.md", "changed\n");
    stage.write("staged", "x");
    stage.git(&["add", "staged"]);
    stage.write("untracked/file", "x");
    stage.write("own.secret", "x");
    stage.git(&["rm", "--quiet", "--cached", "run.sh"]);
    std::fs::remove_file(stage.repository.join("src/lib.rs")).unwrap();
    let before = stage.theirs();
    let objects = stage.git(&["count-objects", "-v"]);
    let source = stage.source().await;
    assert_eq!(source.changed_files().await.unwrap(), 6);
    let order = Order { with_changes: true, ..order(1) };
    let mut workspace = create(&stage.root, &source, &order).await.unwrap();
    let tree = workspace.tree();
    assert_eq!(std::fs::read_to_string(tree.join("README.md")).unwrap(), "changed\n");
    for (name, is_there) in
        [("staged", true), ("untracked/file", true), ("run.sh", true), ("src/lib.rs", false), ("own.secret", false)]
    {
        assert_eq!(tree.join(name).exists(), is_there, "{name}");
    }
    assert_eq!(stage.theirs(), before);
    assert_eq!(stage.git(&["count-objects", "-v"]), objects);
    // The developer has all that already.
    assert_eq!(keep(&mut workspace, now()).await.unwrap().commit, None);
    write(&tree.join("README.md"), "changed again\n");
    assert!(keep(&mut workspace, now()).await.unwrap().commit.is_some());
}

#[tokio::test]
async fn a_branch_of_the_developer_s_that_is_in_the_way_is_left_alone() {
    let stage = Stage::new();
    let mut workspace = stage.workspace(1).await;
    commit_in(&workspace, "a", "x");
    let name = format!("s/{}/main", session(1));
    stage.git(&["switch", "--quiet", "--create", &name]);
    stage.write("theirs", "x");
    stage.commit("Theirs");
    let theirs = stage.git(&["rev-parse", "HEAD"]);
    let kept = keep(&mut workspace, now()).await.unwrap();
    assert_eq!((kept.branches.len(), kept.notes.len()), (0, 1), "{kept:?}");
    assert_eq!(stage.git(&["rev-parse", "HEAD"]), theirs);
    assert_eq!(stage.git(&["status", "--porcelain"]), "");
    assert!(stage.files(&keep_ref(&workspace)).contains(&"100644 a".to_owned()));
}

#[tokio::test]
async fn repositories_inside_keep_a_workspace_from_going_until_their_work_is_elsewhere() {
    let stage = Stage::new();
    let mut workspace = stage.workspace(1).await;
    let inner = workspace.tree().join("vendor/inner");
    std::fs::create_dir_all(&inner).unwrap();
    git(&inner, &["init", "--quiet", "."]);
    write(&inner.join("file"), "x");
    let error = keep(&mut workspace, now()).await.unwrap_err().to_string();
    assert!(error.contains("vendor/inner"), "{error}");
    git(&inner, &["add", "--all"]);
    git(&inner, &["commit", "--quiet", "--message", "Inner"]);
    let error = keep(&mut workspace, now()).await.unwrap_err().to_string();
    assert!(error.contains("`vendor/inner` inside the workspace has work of its own"), "{error}");
    let remote = stage.folder.path().join("remote.git");
    git(&inner, &["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    git(&inner, &["push", "--quiet", remote.to_str().unwrap(), "HEAD:refs/heads/main"]);
    git(&inner, &["remote", "add", "origin", remote.to_str().unwrap()]);
    git(&inner, &["fetch", "--quiet", "origin"]);
    assert!(keep(&mut workspace, now()).await.unwrap().commit.is_some());
}

#[tokio::test]
async fn files_of_git_lfs_come_into_the_developer_s_store() {
    let stage = Stage::new();
    let mut workspace = stage.workspace(1).await;
    write(&workspace.tree().join(".git/lfs/objects/ab/cd/abcd"), "large");
    commit_in(&workspace, "pointer", "x");
    keep(&mut workspace, now()).await.unwrap();
    assert_eq!(std::fs::read_to_string(stage.repository.join(".git/lfs/objects/ab/cd/abcd")).unwrap(), "large");
}

#[tokio::test]
async fn what_cannot_be_kept_is_said_and_stays() {
    let stage = Stage::new();
    let mut workspace = stage.workspace(1).await;
    commit_in(&workspace, "a", "x");
    let moved = stage.folder.path().join("moved");
    std::fs::rename(&stage.repository, &moved).unwrap();
    let error = keep(&mut workspace, now()).await.unwrap_err().to_string();
    assert!(error.contains("checkout` is gone\nhint: the work is still in"), "{error}");
    let folder = workspace.folder().to_owned();
    assert!(remove(&stage.root, &mut { workspace }, now()).await.is_err());
    assert!(folder.exists());
    std::fs::rename(&moved, &stage.repository).unwrap();

    let mut workspace = Workspace::take(&folder).unwrap().unwrap();
    std::fs::remove_dir_all(workspace.tree()).unwrap();
    let error = keep(&mut workspace, now()).await.unwrap_err().to_string();
    assert!(error.contains("was removed by hand\nhint: what was kept of it before is at refs/writ/keep/"), "{error}");
    remove(&stage.root, &mut { workspace }, now()).await.unwrap();
    assert!(!folder.exists());
}

#[tokio::test]
async fn what_is_kept_of_a_workspace_made_of_another_goes_on_with_it() {
    let stage = Stage::new();
    let mut outer = stage.workspace(1).await;
    let inner = Order { owner: outer.record.owner.clone().with_part("agent-a1"), ..order(1) };
    let mut inner = create(&stage.root, &source(&outer.tree()).await, &inner).await.unwrap();
    commit_in(&inner, "inner", "inner\n");
    write(&inner.tree().join("draft"), "draft\n");
    keep(&mut inner, now()).await.unwrap();
    let kept = git(&outer.tree(), &["rev-parse", &keep_ref(&inner)]);
    remove(&stage.root, &mut inner, now()).await.unwrap();

    let told = keep(&mut outer, now()).await.unwrap();
    let branch = format!("s/{}/agent-a1", session(1));
    assert_eq!(told.branches, [(branch.clone(), 1)]);
    assert_eq!(stage.show(&branch, "inner"), "inner");
    assert_eq!(stage.show(&kept, "draft"), "draft");
    stage.git(&["merge-base", "--is-ancestor", &kept, &keep_ref(&outer)]);
}
