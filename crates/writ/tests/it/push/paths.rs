//! What a push touches, and whose lock keeps it out.

use super::scene::{REPOSITORY, acquire, at_both_doors, own, path};

#[test]
fn a_locked_path_stays_as_it_is_however_it_is_changed() {
    at_both_doors(async |scene| {
        let (holder, session) = (scene.session().await, scene.session().await);
        let (ticket, _) = scene.holding(&holder, &path("infra/prod"), "X").await;
        let work = scene.work("work");
        let mine = format!("+HEAD:{}", own(&session, "fix"));
        let words = [ticket.as_str(), &holder.id, "grace", "raise the pool size", "infra/prod"];

        work.write("infra/prod/main.tf", "2");
        work.commit("change");
        work.push(&session, &[], &[&mine]).refused("push_path_locked", &words);
        // In a commit that a later one takes back.
        work.git(&["revert", "--no-edit", "HEAD"]);
        work.push(&session, &[], &[&mine]).refused("push_path_locked", &words);
        // Its holder may.
        work.push(&holder, &[], &[&format!("+HEAD:{}", own(&holder, "fix"))]).admitted();
        let changes: [(&str, &[&[&str]]); 5] = [
            ("git rm", &[&["rm", "-q", "infra/prod/main.tf"]]),
            ("a rename away", &[&["mv", "infra/prod/main.tf", "src/main.tf"]]),
            ("a rename into it", &[&["mv", "src/a.rs", "infra/prod/a.rs"]]),
            ("a mode", &[&["update-index", "--chmod=+x", "infra/prod/main.tf"]]),
            (
                "a submodule",
                &[
                    &["rm", "-rq", "infra"],
                    &["update-index", "--add", "--cacheinfo", "160000,8a5cbf62656e130fc6c441a8347b64890a3dbde8,infra"],
                ],
            ),
        ];
        for (what, commands) in changes {
            work.fresh();
            commands.iter().for_each(|command| drop(work.git(command)));
            work.git(&["commit", "-q", "-m", what]);
            let pushed = work.push(&session, &[], &[&mine]);
            assert!(!pushed.went_in && pushed.said.contains("push_path_locked"), "{what}: {}", pushed.said);
        }
        // A symbolic link in the place of the folder.
        work.fresh();
        std::fs::remove_dir_all(work.folder.join("infra")).unwrap();
        std::os::unix::fs::symlink("elsewhere", work.folder.join("infra")).unwrap();
        work.commit("a link");
        work.push(&session, &[], &[&mine]).refused("push_path_locked", &words);
        // A merge that drops what is there.
        work.fresh();
        work.write("src/a.rs", "2");
        work.commit("two");
        scene.merge("infra/prod/main.tf", "merged by its holder");
        work.git(&["fetch", "-q", "origin"]);
        work.git(&["merge", "-q", "-s", "ours", "origin/main", "-m", "merge"]);
        work.push(&session, &[], &[&mine]).refused("push_path_locked", &words);
    });
}

#[test]
fn what_is_not_locked_goes_in() {
    at_both_doors(async |scene| {
        let (holder, session) = (scene.session().await, scene.session().await);
        scene.holding(&holder, &path("infra/prod"), "X").await;
        scene.holding(&holder, &path("src/a.rs"), "IX").await;
        let work = scene.work("work");
        let mine = format!("+HEAD:{}", own(&session, "fix"));
        // A longer name is another path, and files are changed together as git merges them.
        work.write("infra/prod2/main.tf", "2");
        work.write("infra/prod.tf", "2");
        work.write("src/a.rs", "2");
        work.commit("beside");
        work.push(&session, &[], &[&mine]).admitted();
        // A base older than what the holder merged meanwhile.
        scene.merge("infra/prod/main.tf", "merged by its holder");
        work.write("src/a.rs", "3");
        work.commit("more");
        work.push(&session, &[], &[&mine]).admitted();
        // And that merged into the branch by git.
        work.git(&["fetch", "-q", "origin"]);
        work.git(&["merge", "-q", "origin/main", "-m", "merge"]);
        work.push(&session, &[], &[&mine]).admitted();
        // Locks that are in nobody's way.
        acquire(&holder.caller, &format!("path:{REPOSITORY}2"), "X").await;
        work.write("src/a.rs", "4");
        work.commit("again");
        work.push(&session, &[], &[&mine]).admitted();
    });
}

#[test]
fn names_are_compared_as_the_repository_compares_them() {
    at_both_doors(async |scene| {
        let (holder, session) = (scene.session().await, scene.session().await);
        scene.holding(&holder, &path("caf\u{e9}"), "X").await;
        scene.holding(&holder, &path("docs/read.me"), "X").await;
        scene.holding(&holder, &path("odd"), "X").await;
        let work = scene.work("work");
        let mine = format!("+HEAD:{}", own(&session, "fix"));
        let count = std::cell::Cell::new(0);
        let locked = |name: &str| {
            work.fresh();
            // A commit that went in before is not judged again.
            count.set(count.get() + 1);
            work.write(name, &count.get().to_string());
            work.commit("odd");
            let pushed = work.push(&session, &[], &[&mine]);
            assert!(pushed.went_in || pushed.said.contains("push_path_locked"), "{name:?}: {}", pushed.said);
            !pushed.went_in
        };
        assert!(locked("cafe\u{301}") && locked("caf\u{e9}"), "both spellings are one path");
        assert!(
            locked("odd/new\nline") && locked("odd/quo\"te'") && locked("odd/\u{1}x"),
            "what no lock can name is its folder's"
        );
        assert!(
            !locked("new\nline")
                && !locked("quo\"te'")
                && !locked("tab\there")
                && !locked("sp ace")
                && !locked(":colon")
        );
        assert!(!locked("Docs/Read.me"), "another file where case counts");
        scene.rules(&format!("[[repository]]\nname = \"{REPOSITORY}\"\ncase = \"fold\"\n")).await;
        assert!(locked("Docs/Read.me"), "the same where it does not");
    });
}

/// Git makes no such names, and its plumbing does.
#[test]
fn a_path_with_dots_is_what_it_leads_to_or_its_folder_s() {
    at_both_doors(async |scene| {
        let (holder, session) = (scene.session().await, scene.session().await);
        scene.holding(&holder, &path("infra/prod"), "X").await;
        scene.holding(&holder, &path("odd"), "X").await;
        let work = scene.work("work");
        let mine = format!("+HEAD:{}", own(&session, "fix"));
        let locked = |names: &[&str]| {
            work.fresh();
            let mut script = "entry=\"100644 blob $(echo x | git hash-object -w --stdin)\"\n".to_owned();
            for name in names.iter().rev() {
                script.push_str(&format!(
                    "entry=\"040000 tree $(printf '%s\\t%s\\n' \"$entry\" '{name}' | git mktree)\"\n"
                ));
            }
            script
                .push_str("git reset -q --hard $(git commit-tree -p HEAD -m dots ${entry##* }) 2>/dev/null || true\n");
            script.push_str("git update-ref HEAD $(git commit-tree -p origin/main -m dots ${entry##* })");
            let mut shell = std::process::Command::new("sh");
            shell.args(["-ec", &script]).current_dir(&work.folder).env("GIT_CONFIG_GLOBAL", "/dev/null");
            for who in ["AUTHOR", "COMMITTER"] {
                shell.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@example.com");
            }
            let output = shell.output().unwrap();
            assert!(output.status.success(), "{names:?}: {output:?}");
            assert!(work.git(&["ls-tree", "-r", "--name-only", "HEAD"]).contains(&names.join("/")), "{names:?}");
            let pushed = work.push(&session, &[], &[&mine]);
            assert!(pushed.went_in || pushed.said.contains("push_"), "{names:?}: {}", pushed.said);
            !pushed.went_in
        };
        for names in [
            &["odd", "..", "x"][..],
            &["odd", ".", "x"],
            &["src", "..", "odd", "x"],
            &["src", "..", "infra", "prod", "main.tf"],
            &["..", "odd", "x"],
            &["..", "..", "x"],
        ] {
            assert!(locked(names), "{names:?}");
        }
    });
}

#[test]
fn ten_thousand_files_in_one_push() {
    at_both_doors(async |scene| {
        let (holder, session) = (scene.session().await, scene.session().await);
        let work = scene.work("work");
        for number in 0..10_000 {
            work.write(&format!("many/{}/{number}", number % 100), "x");
        }
        work.commit("many");
        let mine = format!("HEAD:{}", own(&session, "fix"));
        let (ticket, token) = scene.holding(&holder, &path("many/77/4277"), "X").await;
        work.push(&session, &[], &[&mine]).refused("push_path_locked", &["many/77/4277", &ticket]);
        super::scene::release(&holder.caller, &ticket, token).await;
        work.push(&session, &[], &[&mine]).admitted();
    });
}

#[test]
fn what_is_frozen_stays_as_it_is() {
    at_both_doors(async |scene| {
        let (session, other) = (scene.session().await, scene.session().await);
        let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
        let change = serde_json::json!({
            "resource": path("src/a.rs"), "before": digest("1"), "after": digest("2"), "diff": "@ line 1\n-1\n+80\n"
        });
        let told = serde_json::json!({ "writes": [change], "intent": "raise the pool size" });
        let told = other.caller.post("/v1/writes", told).await;
        assert!(told.status.is_success(), "{}", told.text());
        let body = serde_json::json!({ "resource": path("src/a.rs"), "reason": "two agents undo each other here" });
        let answer = scene.people.ada.post("/v1/freezes", body).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let pushed = work.push(&session, &[], &[&format!("HEAD:{}", own(&session, "fix"))]);
        let who = format!("session {} of grace changed it at ", other.id);
        let words = [
            "src/a.rs",
            "two agents undo each other here, at 20",
            &who,
            " UTC for: raise the pool size",
            "writ:   +80",
        ];
        pushed.refused("push_frozen", &words);
        pushed.refused("push_frozen", &["writ lock thaw path:"]);
    });
}
