//! What only a hook meets: who proves the session, and a hook that is not what it should be.

use std::path::Path;
use std::process::Command;

use super::scene::{AUDIENCE, Door, Scene, broker_token, git, git_told, own, path};
use crate::brokers::real::Part;
use crate::support::process::WRIT;
use crate::support::run;

#[test]
fn naming_a_session_proves_nothing() {
    run(async {
        let scene = Scene::start(Door::Hook).await;
        let (session, other) = (scene.session().await, scene.session().await);
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let mine = own(&session, "fix");
        let what = format!("HEAD:{mine}");
        work.push_with(Some(&session.id), None, &[], &[&what]).refused("push_unproven", &["nothing shows who pushes"]);
        work.push_with(None, None, &[], &[&what]).refused("push_unproven", &[]);
        work.push_with(Some(&session.id), Some("made-up"), &[], &[&what]).refused("push_unproven", &[]);
        // Another session's token under this one's name.
        let bearer = other.caller.token.as_deref();
        work.push_with(Some(&session.id), bearer, &[], &[&what]).refused("push_session_foreign", &[&other.id]);
        // A human's.
        let human = scene.people.grace.token.as_deref();
        work.push_with(None, human, &[], &[&what]).refused("push_unproven", &[]);
        assert_eq!(scene.at(&mine), "");
        // A session that is over.
        let reason = serde_json::json!({ "reason": "a test" });
        let revoked = scene.people.ada.post(&format!("/v1/sessions/{}/revoke", session.id), reason).await;
        assert!(revoked.status.is_success(), "{}", revoked.text());
        work.push(&session, &[], &[&what]).refused("session_over", &["was revoked by ada (a test)"]);
        assert_eq!(scene.at(&mine), "");
    });
}

#[test]
fn the_web_server_s_user_is_believed_where_the_operator_says_so() {
    run(async {
        let scene = Scene::start(Door::Hook).await;
        scene.install(&["--proven-by", "remote-user"]);
        let session = scene.session().await;
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let push = |user: &str, options: &[&str], what: &str| {
            let mut command = Command::new("git");
            command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("REMOTE_USER", user);
            command.env("GIT_CONFIG_GLOBAL", "/dev/null").current_dir(&work.folder).arg("push");
            for option in options {
                command.args(["-o", option]);
            }
            let output = command.arg(&scene.url).arg(what).output().unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let mine = format!("HEAD:{}", own(&session, "fix"));
        assert!(push(&session.id, &[], &mine).0);
        let (went_in, said) = push(&session.id, &[], "HEAD:refs/heads/main");
        assert!(!went_in && said.contains("push_ref_protected"), "{said}");
        // A human is no session: the host says what they may.
        let (went_in, said) = push("ana", &[], "HEAD:refs/heads/topic");
        assert!(went_in, "{said}");
        // An agent with a human's credential says itself that it is one.
        let claim = format!("writ.session={}", session.id);
        let (went_in, said) = push("ana", &[&claim], "HEAD:refs/heads/topic2");
        assert!(!went_in && said.contains("push_unproven") && said.contains("credential of ana"), "{said}");
    });
}

#[test]
fn a_hook_that_is_not_whole_lets_nothing_in() {
    run(async {
        let scene = Scene::start(Door::Hook).await;
        let session = scene.session().await;
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let mine = format!("HEAD:{}", own(&session, "fix"));
        let hook = scene.server.join("hooks/pre-receive");
        let whole = std::fs::read_to_string(&hook).unwrap();
        // The program is gone.
        std::fs::write(&hook, whole.replace(WRIT, "/nonexistent/writ")).unwrap();
        assert!(!work.push(&session, &[], &[&mine]).went_in);
        // It crashes.
        std::fs::write(&hook, "#!/bin/sh\nkill -SEGV $$\n").unwrap();
        assert!(!work.push(&session, &[], &[&mine]).went_in);
        std::fs::write(&hook, &whole).unwrap();
        // Its settings are gone, or say something else.
        let settings = scene.server.join("writ.toml");
        let told = std::fs::read_to_string(&settings).unwrap();
        for broken in ["", "server = 1\n", &told.replace("proven_by", "provenby")] {
            std::fs::write(&settings, broken).unwrap();
            let pushed = work.push(&session, &[], &[&mine]);
            assert!(!pushed.went_in && pushed.said.contains("writ.toml"), "{}", pushed.said);
        }
        std::fs::write(&settings, &told).unwrap();
        // Options that nobody knows.
        let bearer = session.caller.token.as_deref();
        let pushed = work.push_with(None, bearer, &["writ.force=1".to_owned()], &[&mine]);
        pushed.refused("push_unreadable", &["writ.force"]);
        assert_eq!(scene.at(&own(&session, "fix")), "");
        work.push(&session, &[], &[&mine]).admitted();
    });
}

/// The whole way of a server of one's own: nginx asks writ about each request, and tells git who it is.
#[test]
fn a_real_git_server_over_http_tells_the_hook_who_pushes() {
    run(async {
        let scene = Scene::start(Door::Hook).await;
        scene.broker().await;
        let (session, other) = (scene.session().await, scene.session().await);
        let verifier = format!("{}/v1/verify?audience={AUDIENCE}", scene.writ.url);
        let server = tokio::task::spawn_blocking(move || Part::start("git-http", &[&verifier])).await.unwrap();
        // The web server's user runs the hook, and reads nothing of ours.
        let folder = Path::new(server.text("log")).parent().unwrap().to_owned();
        let (program, secret) = (folder.join("writ"), folder.join("gate.secret"));
        std::fs::copy(WRIT, &program).unwrap();
        std::fs::copy(scene.writ.path().join("gate.secret"), &secret).unwrap();
        let repository = Path::new(server.text("repository"));
        scene.install_in(repository, &secret, &["--proven-by", "remote-user", "--writ", program.to_str().unwrap()]);
        let work = scene.work("work");
        let token = broker_token(&session, &["read", "write"]).await;
        let claim = format!("writ.session={}", session.id);
        let told = [("http.extraHeader", format!("Authorization: Bearer {token}")), ("push.pushOption", claim)];
        let push = |what: &str| git_told(&work.folder, &told, &["push", server.text("url"), what]);
        work.write("src/a.rs", "2");
        work.commit("two");
        push(&format!("HEAD:{}", own(&session, "fix"))).unwrap();
        let said = push("HEAD:refs/heads/main").unwrap_err();
        assert!(said.contains("push_ref_protected"), "{said}");
        let (ticket, _) = scene.holding(&other, &path("infra/prod"), "X").await;
        work.write("infra/prod/main.tf", "2");
        work.commit("three");
        let said = push(&format!("HEAD:{}", own(&session, "fix"))).unwrap_err();
        assert!(said.contains("push_path_locked") && said.contains(&ticket), "{said}");
        let entries = scene.entries(&session).await;
        assert_eq!(entries.iter().filter(|(kind, _)| kind == "push.admitted").count(), 1, "{entries:?}");
    });
}

#[test]
fn another_hook_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "--bare", "server.git"]).unwrap();
    let hook = folder.path().join("server.git/hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nexit 0\n").unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "x".repeat(32)).unwrap();
    let output = Command::new(WRIT)
        .args(["git-receive", "install"])
        .arg(folder.path().join("server.git"))
        .args(["--server", "http://127.0.0.1:9", "--name", "h/r", "--proven-by", "token", "--secret-file"])
        .arg(&secret)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_to_string(&hook).unwrap(), "#!/bin/sh\nexit 0\n");
    assert!(!folder.path().join("server.git/writ.toml").exists());
}
