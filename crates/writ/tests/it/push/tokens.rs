//! Fencing tokens: what is locked by the rules is pushed by who holds it now.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::scene::{Door, Scene, at_both_doors, own, path, release};
use crate::support::{run, until};

#[test]
fn a_hot_path_is_pushed_under_its_lock_with_its_token() {
    at_both_doors(async |scene| {
        let (session, next) = (scene.session().await, scene.session().await);
        scene.rules("[[path]]\nunder = [\"infra/prod\"]\nmode = \"X\"\n").await;
        let work = scene.work("work");
        work.write("infra/prod/main.tf", "2");
        work.commit("two");
        let mine = format!("+HEAD:{}", own(&session, "fix"));
        work.push(&session, &[], &[&mine]).refused("push_lock_missing", &["infra/prod", "writ lock acquire"]);
        let (ticket, token) = scene.holding(&session, &path("infra/prod"), "X").await;
        work.push(&session, &[], &[&mine]).refused("push_token_stale", &[&format!("writ.token={token}")]);

        // Held again by the same session, the late push of the first time does not come through.
        release(&session.caller, &ticket, token).await;
        let (ticket, newer) = scene.holding(&session, &path("infra/prod"), "X").await;
        work.write("infra/prod/main.tf", "3");
        work.commit("three");
        work.push(&session, &[token], &[&mine]).refused("push_token_stale", &[&token.to_string()]);
        // The lock passed on: the session comes back from a long sleep and pushes.
        release(&session.caller, &ticket, newer).await;
        let (ticket, theirs) = scene.holding(&next, &path("infra/prod"), "X").await;
        work.push(&session, &[newer], &[&mine]).refused("push_path_locked", &[&ticket, &next.id]);
        // Another's token is not one's own.
        work.push(&session, &[theirs], &[&mine]).refused("push_path_locked", &[&ticket]);
        // A human took it away.
        let body = json!({ "reason": "gone home" });
        let broken = scene.people.ada.post(&format!("/v1/locks/{ticket}/break"), body).await;
        assert_eq!(broken.status, 204, "{}", broken.text());
        let late = format!("+HEAD:{}", own(&next, "fix"));
        work.push(&next, &[theirs], &[&late]).refused("push_token_stale", &["released, broken, or passed on"]);
        work.push(&next, &[], &[&late]).refused("push_lock_missing", &["infra/prod"]);

        // Held once more, it goes in. The gate says when it has arrived: what is let go then is the next one's at once, and
        // not only after the minute for which it could be on its way.
        let (ticket, last) = scene.holding(&session, &path("infra/prod"), "X").await;
        work.push(&session, &[last], &[&mine]).admitted();
        release(&session.caller, &ticket, last).await;
        let wants = json!({ "wants": [{ "resource": path("infra/prod"), "mode": "X" }] });
        let passed = until("the push to have arrived", async || {
            let asked = next.caller.post("/v1/locks", wants.clone()).await;
            (asked.status == 200).then(|| asked.json())
        })
        .await;
        release(&next.caller, passed["ticket"].as_str().unwrap(), passed["token"].as_u64().unwrap()).await;
        let landed = scene.people.ada.get("/v1/audit/search?kind=push.landed").await.json();
        assert_eq!(landed["entries"][0]["body"]["locks"], json!([ticket]), "{landed}");
        work.write("infra/prod/main.tf", "4");
        work.commit("four");
        work.push(&session, &[last], &[&mine]).refused("push_token_stale", &["released, broken, or passed on"]);
        work.fresh();
        work.write("src/a.rs", "2");
        work.commit("elsewhere");
        work.push(&next, &[theirs], &[&late]).refused("push_token_stale", &["released, broken, or passed on"]);
        work.push(&next, &[], &[&late]).admitted();
    });
}

#[test]
fn tokens_outlive_a_restart_and_a_gate_without_a_control_plane_is_shut() {
    run(async {
        for door in [Door::Hook, Door::Proxy] {
            let mut scene = Scene::start(door).await;
            scene.rules("[[path]]\nunder = [\"infra/prod\"]\nmode = \"X\"\n").await;
            let session = scene.session().await;
            let (ticket, token) = scene.holding(&session, &path("infra/prod"), "X").await;
            let work = scene.work("work");
            work.write("infra/prod/main.tf", "2");
            work.commit("two");
            let mine = format!("+HEAD:{}", own(&session, "fix"));
            scene.writ.kill();
            let pushed = work.push(&session, &[token], &[&mine]);
            assert!(!pushed.went_in, "{}", pushed.said);
            assert_eq!(scene.at(&own(&session, "fix")), "");
            scene.writ.restart().await;
            work.push(&session, &[token], &[&mine]).admitted();
            release(&session.caller, &ticket, token).await;
            scene.writ.kill();
            scene.writ.restart().await;
            work.write("infra/prod/main.tf", "3");
            work.commit("three");
            work.push(&session, &[token], &[&mine]).refused("push_token_stale", &["released, broken, or passed on"]);
        }
    });
}

#[test]
fn a_control_plane_that_hangs_lets_nothing_in() {
    at_both_doors(async |scene| {
        let session = scene.session().await;
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let (mine, writ) = (own(&session, "fix"), Pid::from_raw(i32::try_from(scene.writ.pid()).unwrap()));
        kill(writ, Signal::SIGSTOP).unwrap();
        let pushed = work.push(&session, &[], &[&format!("HEAD:{mine}")]);
        kill(writ, Signal::SIGCONT).unwrap();
        assert!(!pushed.went_in, "{}", pushed.said);
        let expected = if scene.door == Door::Hook { "push_unanswered" } else { "503" };
        assert!(pushed.said.contains(expected), "{}", pushed.said);
        assert_eq!(scene.at(&mine), "");
        work.push(&session, &[], &[&format!("HEAD:{mine}")]).admitted();
    });
}
