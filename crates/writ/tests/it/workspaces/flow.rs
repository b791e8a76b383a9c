//! One session from beginning to end.

use super::Stage;
use crate::support::process::WRIT;
use crate::support::run;

#[test]
fn a_session_works_beside_the_repository_and_its_signed_commits_come_back() {
    run(async {
        let stage = Stage::start().await;
        std::fs::write(stage.repository().join("README.md"), "mine\n").unwrap();
        let index = std::fs::read(stage.repository().join(".git/index")).unwrap();
        let script =
            "pwd; env; echo 2 >two; git add two; git commit -qm 'Add two'; echo 3 >three; echo changed >README.md";
        let said = stage.run(&[], script);
        let session = stage.newest().await;
        let branch = format!("s/{session}/main");
        let lines: Vec<&str> = said.stdout.lines().collect();
        let tree = lines[0].to_owned();
        assert!(tree.starts_with(stage.workspaces().to_str().unwrap()) && tree.ends_with("/checkout"), "{tree}");
        assert!(lines.contains(&format!("WRIT_WORKSPACE={tree}").as_str()), "{}", said.stdout);
        let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap();
        let base: u16 = value("WRIT_PORT_BASE").parse().unwrap();
        assert!((30_000..32_560).contains(&base) && value("WRIT_PORT_COUNT") == "20");
        let short = session[session.len() - 8..].to_lowercase();
        assert_eq!(value("WRIT_DATABASE"), format!("checkout_{short}"));
        assert_eq!(value("COMPOSE_PROJECT_NAME"), format!("checkout-{short}"));
        assert!(said.stderr.contains(&format!(", ports {base}-{}\n", base + 19)), "{}", said.stderr);
        assert!(said.stderr.contains(&format!("writ: workspace {tree}, branch {branch}")), "{}", said.stderr);
        assert!(said.stderr.contains("writ: 1 changed or untracked file of yours stay behind"), "{}", said.stderr);
        assert!(
            said.stderr.contains(&format!("writ: branch   {branch} in your repository, 1 commit\n")),
            "{}",
            said.stderr
        );
        assert!(
            said.stderr.contains(&format!("writ: kept     2 changed files at refs/writ/keep/{session}")),
            "{}",
            said.stderr
        );

        // The developer's folder is as it was.
        assert_eq!(std::fs::read(stage.repository().join(".git/index")).unwrap(), index);
        assert_eq!(std::fs::read_to_string(stage.repository().join("README.md")).unwrap(), "mine\n");
        assert_eq!(stage.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
        assert_eq!(stage.git(&["log", "--format=%s", "main"]), "Start");

        // What came back is named and signed as anywhere else.
        let signers = stage.say(&["git", "allowed-signers"]).stdout;
        let file = stage.folder.path().join("signers");
        std::fs::write(&file, signers).unwrap();
        stage.git(&["config", "gpg.ssh.allowedSignersFile", file.to_str().unwrap()]);
        let told = stage.git(&["log", "-1", "--format=%s %G? %an %(trailers:key=Agent-Session,valueonly)", &branch]);
        assert_eq!(told.trim(), format!("Add two G Grace {session}"));
        let kept = format!("refs/writ/keep/{session}");
        assert_eq!(stage.git(&["show", &format!("{kept}:three")]), "3");
        assert_eq!(stage.git(&["show", &format!("{kept}:README.md")]), "changed");
        assert_eq!(stage.git(&["rev-parse", &format!("{kept}^")]), stage.git(&["rev-parse", &branch]));
        let entries = stage.people.ada.get(&format!("/v1/sessions/{session}/entries")).await.json();
        let recorded = entries["entries"].as_array().unwrap().iter().map(|line| &line["entry"]);
        let recorded: Vec<_> = recorded.filter(|entry| entry["type"] == "artifact.recorded").collect();
        assert_eq!(recorded.len(), 1, "{recorded:#?}");
        assert_eq!(recorded[0]["body"]["value"], stage.git(&["rev-parse", &branch]));
    });
}

#[test]
fn a_session_in_which_nothing_happens_leaves_nothing() {
    run(async {
        let stage = Stage::start().await;
        let mut command = stage.command(&["run", "--", "sh", "-c", "pwd; cat lib.rs; echo $PWD"]);
        let said = super::said(
            &command
                .current_dir(stage.repository().join("src"))
                .env("GIT_DIR", "../.git")
                .env("GIT_WORK_TREE", "..")
                .output()
                .unwrap(),
        );
        let lines: Vec<&str> = said.stdout.lines().collect();
        assert!(lines[0].ends_with("/checkout/src"), "{said:#?}");
        assert_eq!(lines[1..], ["fn a() {}", lines[0]]);
        assert!(said.stderr.contains("writ: work     nothing changed\n"), "{said:#?}");
        assert_eq!(super::names(&stage.workspaces()), [".trash"]);
        assert_eq!(stage.git(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
    });
}

#[test]
fn in_place_where_it_is_asked_for_or_cannot_be_otherwise() {
    run(async {
        let stage = Stage::start().await;
        let here = stage.repository().display().to_string();
        let said = stage.run(&["--here"], "pwd");
        assert_eq!(said.stdout.trim(), here);
        assert!(said.stderr.contains("writ: working in place: other sessions may change the same files"), "{said:#?}");
        stage.git(&["config", "writ.workspace", "off"]);
        let said = stage.run(&[], "pwd");
        assert_eq!(said.stdout.trim(), here);
        assert!(said.stderr.contains("`git config writ.workspace` says so"), "{said:#?}");
        assert_ne!(stage.run(&["--workspace"], "pwd").stdout.trim(), here);
        stage.git(&["config", "writ.workspace", "perhaps"]);
        let said = stage.say(&["run", "--", "true"]);
        assert_eq!(said.code, Some(125), "{said:#?}");
        assert!(said.stderr.contains("`perhaps`, which is neither true nor false"), "{said:#?}");
        let live = stage.people.ada.get("/v1/sessions?live=true").await.json();
        assert_eq!(live["sessions"].as_array().unwrap().len(), 0, "no session was opened for it");

        let mut elsewhere = stage.command(&["run", "--workspace", "--", "pwd"]);
        let said = super::said(&elsewhere.current_dir(stage.folder.path()).output().unwrap());
        assert_eq!(said.code, Some(125), "{said:#?}");
        assert!(
            said.stderr.contains("error: cannot make a workspace: this is not in a git repository\nhint: "),
            "{said:#?}"
        );
    });
}

#[test]
fn changes_come_along_when_asked_for_and_programs_are_found_where_they_were_named() {
    run(async {
        let stage = Stage::start().await;
        std::fs::write(stage.repository().join("agent.sh"), "cat draft README.md; echo more >>draft\n").unwrap();
        std::fs::write(stage.repository().join("draft"), "a draft\n").unwrap();
        let said = stage.run(&["--with-changes"], "sh agent.sh");
        assert_eq!(said.stdout, "a draft\none\n");
        assert!(!said.stderr.contains("stay behind"), "{said:#?}");
        let session = stage.newest().await;
        assert_eq!(stage.git(&["show", &format!("refs/writ/keep/{session}:draft")]), "a draft\nmore");
        assert_eq!(std::fs::read_to_string(stage.repository().join("draft")).unwrap(), "a draft\n");

        // An untracked program that was named by its path is the developer's.
        let program = stage.repository().join("tool");
        std::fs::write(&program, "#!/bin/sh\necho ran in $PWD\n").unwrap();
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let said = stage.say(&["run", "--", "./tool"]);
        assert!(said.stdout.starts_with(&format!("ran in {}", stage.workspaces().display())), "{said:#?}");
    });
}

#[test]
fn a_run_inside_a_session_works_where_the_session_works_or_has_its_own() {
    run(async {
        let stage = Stage::start().await;
        let inner = "pwd; echo $WRIT_WORKSPACE; git commit -q --allow-empty -m Inner";
        let script = format!("pwd; {WRIT} run -- sh -ec '{inner}'; {WRIT} run --workspace -- sh -ec '{inner}'");
        let said = stage.run(&[], &script);
        let lines: Vec<&str> = said.stdout.lines().collect();
        let [outer, first, first_told, second, second_told] = lines[..] else { panic!("{said:#?}") };
        assert_eq!((first, first_told), (outer, outer));
        assert_ne!(second, outer);
        assert_eq!(second, second_told);
        assert_eq!(std::path::Path::new(second).ancestors().nth(2), std::path::Path::new(outer).ancestors().nth(2));
        // The child's branch went to its parent's workspace, and with that into the repository.
        let branches = stage.git(&["for-each-ref", "--format=%(refname:short) %(subject)", "refs/heads/s"]);
        assert_eq!(branches.lines().filter(|line| line.ends_with(" Inner")).count(), 2, "{branches}");
    });
}

#[test]
fn a_workspace_that_cannot_be_made_ends_the_session_and_says_why() {
    run(async {
        let stage = Stage::start().await;
        std::fs::create_dir_all(stage.workspaces().parent().unwrap()).unwrap();
        std::fs::write(stage.workspaces(), "in the way").unwrap();
        let said = stage.say(&["run", "--", "true"]);
        assert_eq!(said.code, Some(125), "{said:#?}");
        assert!(
            said.stderr.contains("cannot make the workspace folder") && said.stderr.contains("hint: `--here`"),
            "{said:#?}"
        );
        let session = stage.newest().await;
        assert_eq!(stage.people.ada.session(&session).await["status"], "ended");
    });
}

#[test]
fn a_workspace_that_the_agent_removed_is_said_and_changes_no_exit_code() {
    run(async {
        let stage = Stage::start().await;
        let said = stage.say(&["run", "--", "sh", "-c", "cd /; rm -rf \"$WRIT_WORKSPACE\"; exit 4"]);
        assert_eq!(said.code, Some(4), "{said:#?}");
        assert!(
            said.stderr.contains("writ: the work is not kept: ") && said.stderr.contains("was removed by hand"),
            "{said:#?}"
        );
        assert_eq!(stage.list()[0]["state"], "missing");
        assert_eq!(stage.say(&["workspace", "gc"]).code, Some(0));
        assert_eq!(stage.list().len(), 0);
    });
}
