//! A real client's pushes: git sends what its hooks locked, and no model says it.

use serde_json::json;

use super::scene::{PROJECT, WORKSPACE, git, with_writ};
use super::wall::pushed;
use crate::support::WritOptions;

/// In a folder that is hot by the rules that writ brings.
const MIGRATION: &str = "migrations/0001.sql";
const BEFORE: &str = "create table payments (id bigint);\n";

/// As a model pushes that knows nothing of writ. The variable is what a web server in front would have found out.
const PUSH: &str = "git commit --quiet --all --message='Change it' && \
                    REMOTE_USER=$WRIT_SESSION_ID git push --quiet origin HEAD:refs/heads/s/$WRIT_SESSION_ID/work 2>&1";

#[test]
fn a_hot_path_is_pushed_under_the_lock_that_a_hook_took() {
    with_writ(WritOptions::default(), async |scene| {
        let origin = scene.walled(&[(MIGRATION, BEFORE), ("README.md", "Payments.\n")]);
        let tree = scene.clone_of(&origin, "ana");
        git(&tree, &["config", "writ.gate", origin.to_str().unwrap()]);
        let mut ana = scene.governed(&scene.developer("ana").await, "ana", &tree, WORKSPACE).await.find_root().await;
        ana.read(MIGRATION).await.done();
        ana.edit(MIGRATION, "bigint", "uuid").await.done();
        ana.bash(PUSH).await.done();
        let refs = pushed(&origin);
        assert_eq!(refs.len(), 1, "{refs:?}");
        assert!(git(&origin, &["show", &format!("{}:{MIGRATION}", refs[0])]).contains("uuid"));

        // What is pushed is given back, and its token is not sent any more: the next push is not refused for it.
        let ben = scene.developer("ben").await.open(json!({ "project": PROJECT })).await;
        let resource = format!("path:{}//migrations", super::wall::REPOSITORY);
        crate::support::until("ana's lock to be given back", || async {
            let wants = json!([{ "resource": resource, "mode": "X" }]);
            let got = ben.caller.post("/v1/locks", json!({ "wants": wants, "wait": false, "intent": "widen" })).await;
            got.status.is_success().then_some(())
        })
        .await;
        ana.read("README.md").await.done();
        ana.edit("README.md", "Payments.", "Payments and more.").await.done();
        ana.bash(PUSH).await.done();
        // A script, which no hook sees, changes what is ben's now.
        ana.bash("printf 'echo x >>migrations/0001.sql' >script && git add script && sh script").await.done();
        let told = ana.bash(PUSH).await.refused().whole();
        for part in ["push_path_locked", "migrations", "ben", "widen", "writ lock acquire"] {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
        ana.say("All done.").await.1.result();
    });
}
