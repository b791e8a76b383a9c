//! Which refs a session moves.

use super::scene::{REPOSITORY, acquire, at_both_doors, own};

#[test]
fn a_session_pushes_to_its_own_branches_and_to_no_others() {
    at_both_doors(async |scene| {
        let (session, other) = (scene.session().await, scene.session().await);
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        let tip = work.commit("two");
        let mine = own(&session, "fix");
        work.push(&session, &[], &[&format!("HEAD:{mine}")]).admitted();
        assert_eq!(scene.at(&mine), tip);
        // Another's, a human's, main: by name, by force, by deletion.
        let theirs = own(&other, "fix");
        let main = scene.at("refs/heads/main");
        for what in [format!("HEAD:{theirs}"), "HEAD:refs/heads/topic".to_owned(), "HEAD:refs/tags/v1".to_owned()] {
            let pushed = work.push(&session, &[], &[&what]);
            pushed.refused(
                "push_ref_foreign",
                &["push to a branch of its own", &format!("HEAD:refs/heads/s/{}/", session.id)],
            );
        }
        for what in ["HEAD:refs/heads/main", ":refs/heads/main"] {
            let pushed = work.push(&session, &[], &[what]);
            assert!(!pushed.went_in, "{what}: {}", pushed.said);
            assert!(pushed.said.contains("push_ref_protected"), "{what}: {}", pushed.said);
        }
        assert_eq!((scene.at("refs/heads/main"), scene.at(&theirs)), (main, String::new()));
        // Its own it may rewrite and delete.
        work.write("src/a.rs", "3");
        work.git(&["commit", "-qa", "--amend", "-m", "again"]);
        work.push(&session, &[], &[&format!("+HEAD:{mine}")]).admitted();
        work.push(&session, &[], &[&format!(":{mine}")]).admitted();
        assert_eq!(scene.at(&mine), "");
        let entries = scene.entries(&session).await;
        assert_eq!(entries[0], ("push.admitted".to_owned(), String::new()));
        assert_eq!(entries[1], ("push.refused".to_owned(), "ref_foreign".to_owned()));
        assert_eq!(entries.len(), 8, "{entries:?}");
    });
}

#[test]
fn another_s_branch_is_neither_rewritten_nor_deleted() {
    at_both_doors(async |scene| {
        let (session, other) = (scene.session().await, scene.session().await);
        let work = scene.work("work");
        work.write("src/a.rs", "theirs");
        let tip = work.commit("theirs");
        let theirs = own(&other, "fix");
        work.push(&other, &[], &[&format!("HEAD:{theirs}")]).admitted();
        work.fresh();
        work.write("src/a.rs", "mine");
        work.commit("mine");
        for what in [format!("+HEAD:{theirs}"), format!(":{theirs}"), format!("HEAD:refs/writ/keep/{}", other.id)] {
            work.push(&session, &[], &[&what]).refused("push_ref_foreign", &["push to a branch of its own"]);
        }
        work.push(&session, &[], &["HEAD:refs/writ/x"]).refused("push_ref_foreign", &[]);
        assert_eq!(scene.at(&theirs), tip);
        // Neither is one that the name of the session's own only begins like.
        let beside = format!("HEAD:refs/heads/s/{}x/fix", session.id);
        work.push(&session, &[], &[&beside]).refused("push_ref_foreign", &[]);
    });
}

#[test]
fn of_two_refs_one_that_is_refused_keeps_the_other_out() {
    at_both_doors(async |scene| {
        let (session, other) = (scene.session().await, scene.session().await);
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let (good, bad) = (own(&session, "fix"), own(&other, "fix"));
        let refs = [format!("HEAD:{good}"), format!("HEAD:{bad}")];
        let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
        work.push(&session, &[], &refs).refused("push_ref_foreign", &[&bad]);
        let atomic: Vec<&str> = ["--atomic"].into_iter().chain(refs).collect();
        work.push(&session, &[], &atomic).refused("push_ref_foreign", &[&bad]);
        assert_eq!((scene.at(&good), scene.at(&bad)), (String::new(), String::new()));
        let two = [format!("HEAD:{good}"), format!("HEAD:{}", own(&session, "other"))];
        let two: Vec<&str> = ["--atomic"].into_iter().chain(two.iter().map(String::as_str)).collect();
        work.push(&session, &[], &two).admitted();
    });
}

#[test]
fn main_moves_through_its_queue() {
    at_both_doors(async |scene| {
        let session = scene.session().await;
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        let tip = work.commit("two");
        let queue = format!("ref:{REPOSITORY}/heads/main");
        let (_, token) = acquire(&session.caller, &queue, "X").await;
        work.push(&session, &[], &["HEAD:refs/heads/main"])
            .refused("push_token_stale", &[&format!("writ.token={token}")]);
        work.push(&session, &[token], &["HEAD:refs/heads/main"]).admitted();
        assert_eq!(scene.at("refs/heads/main"), tip);
        // It goes forward only, whoever holds it.
        work.push(&session, &[token], &["+HEAD~1:refs/heads/main"]).refused("push_ref_protected", &["goes forward"]);
        work.push(&session, &[token], &[":refs/heads/main"]).refused("push_ref_protected", &["goes forward"]);
        assert_eq!(scene.at("refs/heads/main"), tip);
    });
}

#[test]
fn commits_name_their_session_where_the_rules_ask() {
    at_both_doors(async |scene| {
        let session = scene.session().await;
        let asks = |what: &str| format!("[[repository]]\nname = \"{REPOSITORY}\"\n{what} = \"required\"\n");
        scene.rules(&asks("attribution")).await;
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let mine = format!("HEAD:{}", own(&session, "fix"));
        work.push(&session, &[], &[&mine]).refused("push_unattributed", &["does not name session", "--amend"]);
        work.git(&["commit", "-q", "--amend", "-m", &format!("two\n\nAgent-Session: {}", session.id)]);
        work.push(&session, &[], &[&mine]).admitted();
        scene.rules(&asks("signature")).await;
        work.write("src/a.rs", "3");
        work.commit("three");
        work.push(&session, &[], &[&mine]).refused("push_unsigned", &["the commit is not signed"]);
    });
}
