use std::path::Path;
use std::process::Command;

use super::{Sites, name_of};
use crate::run::gates::{Gate, Gates};

#[test]
fn repositories_are_named_after_their_remote() {
    for (url, expected) in [
        ("https://github.com/acme/api.git", "github.com/acme/api"),
        ("https://user:secret@GitHub.com/Acme/api/", "github.com/Acme/api"),
        ("ssh://git@git.example.com:2222/acme/api.git", "git.example.com/acme/api"),
        ("git@github.com:acme/api.git", "github.com/acme/api"),
        ("http://127.0.0.1:8080/acme/api", "127.0.0.1/acme/api"),
        ("/srv/git/api.git", "local/api"),
        ("../api", "local/api"),
        ("file:///srv/git/api.git", "local/api"),
    ] {
        assert_eq!(name_of(url).as_deref(), Some(expected), "{url}");
    }
    assert_eq!(name_of("https://"), None);
}

fn git(folder: &Path, arguments: &[&str]) {
    let output =
        Command::new("git").args(arguments).current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn both_names_of_a_file_are_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let tree = top.join("api");
    std::fs::create_dir_all(tree.join("src")).unwrap();
    git(&tree, &["init", "--quiet", "--initial-branch=s/x"]);
    std::fs::write(tree.join("src/a.rs"), "").unwrap();
    std::os::unix::fs::symlink(tree.join("src"), top.join("link")).unwrap();
    std::os::unix::fs::symlink("a.rs", tree.join("src/b.rs")).unwrap();
    let sites = Sites::default();
    for (base, path) in [
        ("api", "src/a.rs"),
        ("api/src", "../src/./a.rs"),
        ("", "link/a.rs"),
        ("", "link/b.rs"),
        ("nowhere", "../link/../api/src/a.rs"),
    ] {
        let place = sites.find(&top.join(base), Path::new(path));
        let (found, relative) = place.relative().unwrap_or_else(|| panic!("{path}: {place:?}"));
        assert_eq!((found.repository.as_str(), relative), ("local/api", "src/a.rs"), "{path}");
    }
    let new = sites.find(&tree, Path::new("new/deep/file"));
    assert_eq!(new.relative().unwrap().1, "new/deep/file", "what does not exist yet has a place");
    assert!(sites.find(&tree, Path::new(".git/config")).relative().is_none(), "git's own files are not for others");
    assert!(sites.find(&top, Path::new("loose")).tree.is_none());
    assert_eq!(sites.tree(&tree).unwrap().branch().as_deref(), Some("s/x"));
}

#[test]
fn a_linked_working_tree_is_of_the_same_repository() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let tree = top.join("api");
    std::fs::create_dir(&tree).unwrap();
    git(&tree, &["init", "--quiet"]);
    git(&tree, &["remote", "add", "origin", "git@github.com:acme/api.git"]);
    git(
        &tree,
        &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--allow-empty", "-m", "One"],
    );
    git(&tree, &["worktree", "add", "--quiet", "../other", "-b", "side"]);
    let found = Sites::default().tree(&top.join("other")).unwrap();
    assert_eq!((found.repository.as_str(), found.branch().as_deref()), ("github.com/acme/api", Some("side")));
}

#[test]
fn a_workspace_of_a_repository_without_a_remote_is_named_like_it() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let tree = top.join("api");
    std::fs::create_dir(&tree).unwrap();
    git(&tree, &["init", "--quiet"]);
    git(
        &tree,
        &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--allow-empty", "-m", "One"],
    );
    git(&top, &["clone", "--quiet", "--shared", "api", "workspace-7"]);
    git(&top.join("workspace-7"), &["remote", "remove", "origin"]);
    let sites = Sites::default();
    let names = ["api", "workspace-7"].map(|name| sites.tree(&top.join(name)).unwrap().repository);
    assert_eq!(names, ["local/api", "local/api"]);
}

#[test]
fn behind_a_proxy_a_repository_has_the_name_that_the_gate_has_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().canonicalize().unwrap().join("api");
    std::fs::create_dir(&tree).unwrap();
    git(&tree, &["init", "--quiet"]);
    // As a workspace has it: in quotes.
    let remote = "[remote \"origin\"]\n\turl = \"https://proxy.example.com/acme/api.git\"\n";
    std::fs::write(tree.join(".git/config"), remote).unwrap();
    let name = |sites: Sites| sites.tree(&tree).unwrap().repository;
    assert_eq!(name(Sites::default()), "proxy.example.com/acme/api");
    let (sites, mut gates) = (Sites::default(), Gates::default());
    let called = Some("github.com".to_owned());
    gates.extend([Gate { prefix: "https://proxy.example.com/".to_owned(), called }]);
    sites.know(gates);
    assert_eq!(name(sites), "github.com/acme/api");
}
