//! Hooks and settings of the user's own: they run and count as before.

use super::{Stage, write_hook};
use crate::support::run;

/// Writes its name and arguments into a file beside the repository's other files.
const TELL: &str = "echo \"$(basename \"$0\") $#\" >>told";

#[test]
fn the_repository_s_own_hooks_run_with_arguments_input_and_verdict() {
    run(async {
        let stage = Stage::start().await;
        for name in ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "reference-transaction"] {
            write_hook(&stage.path(&format!(".git/hooks/{name}")), TELL);
        }
        write_hook(&stage.path(".git/hooks/post-rewrite"), "echo \"post-rewrite $1 $(wc -l)\" | tr -s ' ' >>told");
        stage.session("git commit -q --allow-empty -m One; git commit -q --amend --allow-empty -m Two").await;
        let told = std::fs::read_to_string(stage.path("told")).unwrap();
        let count = |line: &str| told.lines().filter(|known| *known == line).count();
        let counts = ["pre-commit 0", "prepare-commit-msg 2", "commit-msg 1", "post-commit 0"].map(count);
        assert_eq!(counts, [2, 2, 2, 2], "{told}");
        assert_eq!(count("post-rewrite amend 1"), 1, "{told}");
        assert!(count("reference-transaction 1") >= 4, "{told}");

        write_hook(&stage.path(".git/hooks/pre-commit"), "echo refused by the team >&2; exit 3");
        let output = stage.launcher("git commit -q --allow-empty -m Three").output().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("refused by the team"), "{output:?}");
        assert_eq!(stage.log("%s"), "Two");
    });
}

#[test]
fn a_hooks_folder_of_the_user_s_own_counts_wherever_it_was_set() {
    run(async {
        let stage = Stage::start().await;
        write_hook(&stage.path(".git/hooks/pre-commit"), "echo default >>told");
        write_hook(&stage.path("team/pre-commit"), "echo team >>told");
        write_hook(&stage.path("mine/pre-commit"), "echo mine >>told");
        stage.session("git commit -q --allow-empty -m One").await;
        stage.git(&["config", "core.hooksPath", "team"]);
        stage.session("git commit -q --allow-empty -m Two").await;
        let mut launcher = stage.launcher("git commit -q --allow-empty -m Three; git config user.nickname");
        launcher.env("GIT_CONFIG_COUNT", "2");
        launcher.env("GIT_CONFIG_KEY_0", "core.hooksPath").env("GIT_CONFIG_VALUE_0", "mine");
        launcher.env("GIT_CONFIG_KEY_1", "user.nickname").env("GIT_CONFIG_VALUE_1", "amazing");
        let (said, session) = stage.session_of(launcher).await;
        assert!(said.contains("amazing\n"), "{said}");
        stage.assert_named(&session);
        // Set in the middle of a session, as `husky` and its like do.
        stage.session("git config core.hooksPath team; git commit -q --allow-empty -m Four").await;
        assert_eq!(std::fs::read_to_string(stage.path("told")).unwrap(), "default\nteam\nmine\nteam\n");
    });
}

#[test]
fn a_message_that_a_hook_writes_is_named_too_and_an_empty_one_still_ends_the_commit() {
    run(async {
        let stage = Stage::start().await;
        write_hook(
            &stage.path(".git/hooks/prepare-commit-msg"),
            "[ \"$2\" = message ] && echo 'Ticket: 7' >>\"$1\"; :",
        );
        let script = "git commit -q --allow-empty -m One
            GIT_EDITOR=true git commit --allow-empty && exit 9
            GIT_EDITOR=true git commit --allow-empty -s && exit 9
            GIT_EDITOR='sh -c \"echo Typed >\\$1\" sh' git commit -q --allow-empty";
        let (_, session) = stage.session(script).await;
        assert_eq!(stage.log("%s"), "Typed");
        stage.assert_named(&session);
        assert_eq!(stage.git(&["rev-list", "--count", "HEAD"]).trim(), "2");
        assert!(stage.git(&["log", "-1", "--format=%B", "HEAD~1"]).contains("Ticket: 7\n"));
    });
}

#[test]
fn other_people_s_commits_are_not_recorded_and_a_picked_one_names_both_sessions() {
    run(async {
        let stage = Stage::start().await;
        let (_, first) = stage.session("git commit -q --allow-empty -m Start; git checkout -q -b side").await;
        let (_, second) = stage.session("echo 1 >f; git add f; git commit -qm Side; git checkout -q main").await;
        let fast_forward =
            "git merge -q --ff-only side; git reset -q --hard HEAD~1; git commit -q --allow-empty -m Main
            git cherry-pick side >/dev/null";
        let (_, third) = stage.session(fast_forward).await;
        assert_eq!(stage.trailers("Agent-Session"), [second.clone(), third.clone()]);
        assert_eq!(stage.trailers("Agent-Developer"), ["grace"]);
        let counts = [stage.recorded(&first, "commit").await.len(), stage.recorded(&second, "commit").await.len()];
        assert_eq!(counts, [1, 1]);
        let recorded = stage.recorded(&third, "commit").await;
        assert_eq!(recorded.len(), 2, "the merge was a fast-forward: {recorded:?}");
        assert!(recorded.contains(&stage.log("%H")));
    });
}

#[test]
fn a_rebase_records_what_it_made() {
    run(async {
        let stage = Stage::start().await;
        let script = "git commit -q --allow-empty -m Start
            git checkout -q -b side
            for n in 1 2 3; do echo $n >f$n; git add f$n; git commit -qm $n; done
            git checkout -q main; git commit -q --allow-empty -m Main; git rebase -q main side";
        let (_, session) = stage.session(script).await;
        let recorded = stage.recorded(&session, "commit").await;
        let all = stage.git(&["rev-list", "side"]);
        assert_eq!(all.lines().count(), 5, "{all}");
        for id in all.lines() {
            assert_eq!(recorded.iter().filter(|known| *known == id).count(), 1, "{id} in {recorded:?}");
        }
        stage.trust();
        let signed = stage.git(&["log", "--format=%G?%(trailers:key=Agent-Session,valueonly,separator=%x2C)", "side"]);
        assert!(signed.lines().all(|line| line == format!("G{session}")), "{signed}");
    });
}

#[test]
fn a_session_records_a_pull_request_and_nothing_that_is_not_its_own_to_say() {
    run(async {
        let stage = Stage::start().await;
        let script = "$WRIT record pull_request acme/checkout#17
            $WRIT record database_role root && exit 9
            $WRIT record commit abc && exit 9
            :";
        let mut launcher = stage.launcher(&script.replace("$WRIT", crate::support::process::WRIT));
        launcher.stderr(std::process::Stdio::piped());
        let (said, session) = stage.session_of(launcher).await;
        assert_eq!(stage.recorded(&session, "pull_request").await, ["acme/checkout#17"]);
        assert!(
            said.contains("a session records `commit` and `pull_request` of its own, not `database_role`"),
            "{said}"
        );
        assert!(said.contains("a commit is named by its full id"), "{said}");
        let outside = std::process::Command::new(crate::support::process::WRIT)
            .args(["record", "commit", "x"])
            .env_remove("WRIT_SOCKET")
            .output()
            .unwrap();
        assert_eq!(outside.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&outside.stderr).contains("not inside a session"), "{outside:?}");
    });
}

#[test]
fn a_run_inside_a_run_is_a_child_and_its_commits_name_the_child() {
    run(async {
        let stage = Stage::start().await;
        let inner = "git commit -q --allow-empty -m Inner";
        let script = format!(
            "git commit -q --allow-empty -m Outer; {} run -- sh -c '{inner}; echo trace $TRACEPARENT'",
            crate::support::process::WRIT
        );
        let (said, child) = stage.session(&script).await;
        let shown = stage.newest().await;
        let parent = shown["parent"].as_str().unwrap_or_else(|| panic!("{shown:#} {said}")).to_owned();
        assert_eq!((&shown["project"]["name"], &shown["developer"]["login"]), (&"checkout".into(), &"grace".into()));
        assert_eq!(shown["status"], "ended");
        stage.assert_named(&child);
        let outer = stage.git(&["log", "-1", "--format=%(trailers:key=Agent-Session,valueonly)", "HEAD~1"]);
        assert_eq!(outer.trim(), parent);
        assert_eq!(stage.recorded(&parent, "commit").await.len(), 1);
        assert_eq!(stage.recorded(&child, "commit").await, [stage.log("%H")]);
    });
}
