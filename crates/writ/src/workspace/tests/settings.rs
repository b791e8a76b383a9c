//! A workspace is like the developer's repository, and does not run what an agent put into it.

use super::*;

#[tokio::test]
async fn remotes_branches_and_names_are_the_same_there() {
    let stage = Stage::new();
    git(stage.folder.path(), &["clone", "--quiet", "--bare", "checkout", "origin.git"]);
    stage.git(&["remote", "add", "origin", "../origin.git"]);
    stage.git(&["remote", "add", "fork", "git@example.com:grace/checkout.git"]);
    stage.git(&["fetch", "--quiet", "origin"]);
    stage.git(&["remote", "set-head", "origin", "main"]);
    stage.git(&["branch", "--quiet", "--set-upstream-to=origin/main"]);
    stage.git(&["tag", "v1"]);
    stage.git(&["branch", "s"]);
    stage.write("README.md", "stashed\n");
    stage.git(&["stash", "--quiet"]);
    stage.write("include.cfg", "[user]\n\tsigningKey = included\n");
    stage.git(&["config", "include.path", "../include.cfg"]);
    stage.git(&["config", "user.nickname", "say \"hi\" \\ # ;"]);
    let workspace = stage.workspace(1).await;
    let told = |arguments: &[&str]| git(&workspace.tree(), arguments);
    assert_eq!(told(&["remote"]), "fork\norigin");
    assert_eq!(told(&["remote", "get-url", "fork"]), "git@example.com:grace/checkout.git");
    assert_eq!(
        told(&["rev-parse", "origin/HEAD", "v1", "main"]),
        [stage.git(&["rev-parse", "HEAD"]).as_str(); 3].join("\n")
    );
    assert_eq!(told(&["rev-parse", "--abbrev-ref", "@{upstream}"]), "origin/main");
    assert_eq!(told(&["config", "user.nickname"]), "say \"hi\" \\ # ;");
    assert_eq!(told(&["config", "user.signingKey"]), "included");
    assert_eq!(told(&["stash", "list"]), "", "a stash is the developer's own");
    assert_eq!(told(&["symbolic-ref", "HEAD"]), format!("refs/heads/s/{}/main", session(1)));
    // What the agent fetches and pushes goes where the developer's does.
    told(&["fetch", "--quiet", "origin"]);
    commit_in(&workspace, "a", "x");
    told(&["push", "--quiet"]);
    let pushed = git(&stage.folder.path().join("origin.git"), &["for-each-ref", "--format=%(refname)", "refs/heads/s"]);
    assert_eq!(pushed, format!("refs/heads/s/{}/main", session(1)));
}

#[tokio::test]
async fn hooks_excludes_and_personal_files_come_along_as_copies() {
    let stage = Stage::new();
    stage.write(".git/hooks/pre-commit", "#!/bin/sh\necho ran >>hooked\n");
    let hook = stage.repository.join(".git/hooks/pre-commit");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    stage.write(".git/hooks/post-checkout", "#!/bin/sh\necho ran >>checked-out\n");
    std::fs::set_permissions(stage.repository.join(".git/hooks/post-checkout"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    stage.write(".git/info/exclude", "excluded\n");
    stage.write(".worktreeinclude", "*.secret\n!not.secret\n");
    stage.commit("Say what a working tree needs");
    stage.write("key.secret", "k");
    stage.write("deep/key.secret", "k");
    stage.write("not.secret", "k");
    stage.write("CLAUDE.local.md", "mine");
    stage.write(".claude/settings.local.json", "{}");
    std::fs::remove_file(stage.repository.join("hooked")).ok();
    let workspace = stage.workspace(1).await;
    let tree = workspace.tree();
    for (name, is_there) in [
        ("key.secret", true),
        ("deep/key.secret", true),
        ("not.secret", false),
        ("CLAUDE.local.md", true),
        (".claude/settings.local.json", true),
        ("checked-out", false),
    ] {
        assert_eq!(tree.join(name).exists(), is_there, "{name}");
    }
    write(&tree.join("excluded"), "x");
    assert!(!git(&tree, &["status", "--porcelain", "--untracked-files=all"]).contains("excluded"));
    commit_in(&workspace, "a", "x");
    assert!(tree.join("hooked").exists(), "the hook runs in the workspace");
    write(&tree.join(".git/hooks/pre-commit"), "#!/bin/sh\nexit 1\n");
    assert!(std::fs::read_to_string(hook).unwrap().contains("hooked"));
}

#[tokio::test]
async fn programs_that_an_agent_put_into_its_settings_do_not_run_and_the_developer_s_do() {
    let stage = Stage::new();
    stage.git(&["config", "filter.upper.clean", "tr a-z A-Z"]);
    stage.git(&["config", "filter.upper.smudge", "tr A-Z a-z"]);
    stage.write(".gitattributes", "*.up filter=upper\n*.evil filter=evil\n");
    stage.commit("Filter");
    let mut workspace = stage.workspace(1).await;
    let tree = workspace.tree();
    let told = |arguments: &[&str]| git(&tree, arguments);
    let trap = |name: &str| format!("touch {}/{name}; cat", stage.folder.path().join("trap").display());
    std::fs::create_dir(stage.folder.path().join("trap")).unwrap();
    told(&["config", "filter.evil.clean", &trap("clean")]);
    told(&["config", "filter.evil.process", &trap("process")]);
    told(&["config", "filter.evil.required", "true"]);
    told(&["config", "core.fsmonitor", &trap("fsmonitor")]);
    told(&["config", "core.hooksPath", tree.join("hooks").to_str().unwrap()]);
    for hook in ["reference-transaction", "post-index-change", "pre-auto-gc"] {
        let path = tree.join("hooks").join(hook);
        write(&path, &format!("#!/bin/sh\n{} </dev/null\n", trap(hook)));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    write(&tree.join("a.up"), "quiet\n");
    write(&tree.join("b.evil"), "as it is\n");
    keep(&mut workspace, now()).await.unwrap();
    let kept = workspace.record.keep_ref();
    assert_eq!(stage.git(&["cat-file", "blob", &format!("{kept}:a.up")]), "QUIET");
    assert_eq!(stage.git(&["cat-file", "blob", &format!("{kept}:b.evil")]), "as it is");
    drop(workspace);
    Listed::find(&stage.root, &session(1).to_string()).unwrap().changed_files().await.unwrap();
    let sprung: Vec<_> = std::fs::read_dir(stage.folder.path().join("trap")).unwrap().flatten().collect();
    assert!(sprung.is_empty(), "{sprung:?}");
}
