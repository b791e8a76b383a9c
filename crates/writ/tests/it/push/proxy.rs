//! What only the proxy meets: fetches, large and odd requests, and who comes with which credential.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::scene::{Door, PUSHER, Scene, basic, broker_token, git, git_told, listening, own, proxy};
use crate::support::process::{WRIT, signed_in};
use crate::support::{Opened, run, send};

/// The setting by which git shows a session's own token.
fn shown(session: &Opened) -> (&'static str, String) {
    basic(session.caller.token.as_deref().unwrap())
}

#[test]
fn sessions_fetch_through_it_and_the_server_never_sees_their_token() {
    run(async {
        let scene = Scene::start(Door::Proxy).await;
        let session = scene.session().await;
        let (folder, ours) = (scene.writ.path(), shown(&session));
        for version in ["2", "0"] {
            let told = [ours.clone(), ("protocol.version", version.to_owned())];
            git_told(folder, &told, &["clone", "-q", &scene.url, version]).unwrap();
            assert!(folder.join(version).join("infra/prod/main.tf").exists());
        }
        // A shallow clone pushes too.
        scene.merge("src/a.rs", "2");
        let told = [ours];
        git_told(folder, &told, &["clone", "-q", "--depth", "1", &scene.url, "shallow"]).unwrap();
        let shallow = folder.join("shallow");
        std::fs::write(shallow.join("src/a.rs"), "3").unwrap();
        git(&shallow, &["commit", "-qam", "three"]).unwrap();
        git_told(&shallow, &told, &["push", "-q", "origin", &format!("HEAD:{}", own(&session, "fix"))]).unwrap();
        assert_ne!(scene.at(&own(&session, "fix")), "");
        let token = session.caller.token.as_deref().unwrap();
        let encoded = STANDARD.encode(format!("session:{token}"));
        let came = scene.behind().porter.posts();
        assert!(came.iter().any(|post| post.answered == Some(200)));
        for post in came {
            let shown = format!("{:?}", post.headers);
            assert!(!shown.contains(token) && !shown.contains(&encoded), "{shown}");
        }
    });
}

#[test]
fn nobody_else_comes_in() {
    run(async {
        let scene = Scene::start(Door::Proxy).await;
        let session = scene.session().await;
        let human = scene.people.grace.token.clone().unwrap();
        let bearer = |token: &str| format!("Bearer {token}");
        let ask = async |method: Method, path: &str, authorization: Option<&str>| {
            let headers: Vec<(&str, &str)> = authorization.map(|value| ("authorization", value)).into_iter().collect();
            let url = scene.url.replace("/payments.git", path);
            send(method, &url, &headers, "").await
        };
        for service in ["git-upload-pack", "git-receive-pack"] {
            let path = format!("/payments.git/info/refs?service={service}");
            for shown in [
                None,
                Some(bearer("made-up")),
                Some(bearer(&human)),
                Some(format!("Basic {}", STANDARD.encode(format!("x-access-token:{PUSHER}")))),
            ] {
                let answer = ask(Method::GET, &path, shown.as_deref()).await;
                assert_eq!(answer.status, 401, "{shown:?}: {}", answer.text());
                assert!(answer.header("www-authenticate").starts_with("Basic"));
                assert!(!answer.text().contains(PUSHER));
            }
            let mine = bearer(session.caller.token.as_deref().unwrap());
            assert_eq!(ask(Method::GET, &path, Some(&mine)).await.status, 200);
            assert_eq!(ask(Method::GET, &path.replace("payments", "billing"), Some(&mine)).await.status, 404);
        }
        let ended = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
        assert!(ended.status.is_success());
        let mine = bearer(session.caller.token.as_deref().unwrap());
        let answer = ask(Method::GET, "/payments.git/info/refs?service=git-receive-pack", Some(&mine)).await;
        assert_eq!(answer.status, 401, "{}", answer.text());
    });
}

#[test]
fn a_broker_s_token_pushes_and_one_for_reading_does_not() {
    run(async {
        let scene = Scene::start(Door::Proxy).await;
        scene.broker().await;
        let session = scene.session().await;
        let token = async |access: &[&str]| broker_token(&session, access).await;
        let (reading, writing) = (token(&["read"]).await, token(&["read", "write"]).await);
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        work.commit("two");
        let what = format!("HEAD:{}", own(&session, "fix"));
        let pushed = work.push_with(Some(&session.id), Some(&reading), &[], &[&what]);
        assert!(!pushed.went_in && pushed.said.contains("403"), "{}", pushed.said);
        work.push_with(Some(&session.id), Some(&writing), &[], &[&what]).admitted();
        work.push_with(None, Some(&writing), &[], &["HEAD:refs/heads/main"]).refused("push_ref_protected", &[]);
    });
}

/// Makes the credential that pushes, as a broker for a forge would.
const BROKER: &str = r#"#!/bin/sh
in=$(cat)
case $in in
*'"mint"'*)
    until=$(printf '%s' "$in" | sed -n 's/.*"expires_at":"\([^"]*\)".*/\1/p')
    printf '{"version":1,"expires_at":"%s","handle":"h","names":["pusher"],"secret":{"token":"PUSHER"}}' "$until" ;;
esac
"#;

/// The proxy runs in a session of its own, of a project that only its operators work on: no agent's session is granted what
/// that one is.
#[test]
fn the_credential_that_pushes_comes_from_a_broker() {
    run(async {
        let scene = Scene::start(Door::Proxy).await;
        let (ada, writ) = (&scene.people.ada, &scene.writ);
        let program = writ.path().join("broker");
        std::fs::write(&program, BROKER.replace("PUSHER", PUSHER)).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let settings = json!({ "command": [program], "env": ["PATH"], "targets": { "payments": {} } });
        let broker = json!({ "kind": "exec", "settings": settings });
        for (path, body) in [
            ("/v1/teams/gates/members/ada", None),
            ("/v1/brokers/pusher", Some(broker)),
            ("/v1/projects/gates/grants/pusher/payments", Some(json!({}))),
        ] {
            if path.ends_with("ada") {
                ada.post("/v1/teams", json!({ "name": "gates" })).await;
                ada.post("/v1/projects", json!({ "name": "gates", "teams": ["gates"] })).await;
            }
            let answer = ada.put(path, body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text());
        }
        let upstream = scene.behind().part.text("url").strip_suffix("/payments.git").unwrap();
        // Not over the wire that notes secrets: this one lies in files of the scene's, as its git server knows no other.
        let mut launcher = signed_in(ada, &writ.path().join("home-gate"));
        launcher.args(["run", "--project", "gates", "--here", "--", WRIT]).args(proxy(writ, upstream, "second"));
        let get = format!("'{WRIT}' credential get pusher/payments --format token");
        launcher.args(["--credential-command", &get]);
        let (mut running, url) = listening(writ, launcher, "second.log").await;

        let session = scene.session().await;
        let work = scene.work("work");
        work.write("src/a.rs", "2");
        let tip = work.commit("two");
        let mine = own(&session, "fix");
        let pushed = git_told(
            &work.folder,
            &[shown(&session)],
            &["push", &format!("{url}/payments.git"), &format!("HEAD:{mine}")],
        );
        kill(Pid::from_raw(i32::try_from(running.id()).unwrap()), Signal::SIGTERM).unwrap();
        tokio::task::spawn_blocking(move || running.wait().unwrap()).await.unwrap();
        pushed.unwrap_or_else(|said| {
            panic!("{said}\n{}", std::fs::read_to_string(writ.path().join("second.log")).unwrap())
        });
        assert_eq!(scene.at(&mine), tip);
        let ask = json!({ "broker": "pusher", "target": "payments" });
        let refused = session.caller.post(&format!("/v1/sessions/{}/credentials", session.id), ask).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
    });
}

#[test]
fn large_pushes_go_through_whole() {
    run(async {
        let scene = Scene::start(Door::Proxy).await;
        let session = scene.session().await;
        let work = scene.work("work");
        // More than git keeps in memory, so that it sends pieces, after a question whether it is let in.
        let noise: Vec<u8> =
            (0_u64..400_000).flat_map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n << 17)).to_le_bytes()).collect();
        std::fs::write(work.folder.join("noise"), &noise).unwrap();
        let tip = work.commit("noise");
        let mine = own(&session, "fix");
        work.push(&session, &[], &[&format!("HEAD:{mine}")]).admitted();
        assert_eq!(scene.at(&mine), tip);
        let size = git(&scene.server, &["cat-file", "-s", &format!("{tip}:noise")]).unwrap();
        assert_eq!(size.trim(), noise.len().to_string());
        // A second push is thin: it rests on the first.
        let mut more = noise.clone();
        more[1000] ^= 1;
        std::fs::write(work.folder.join("noise"), &more).unwrap();
        let tip = work.commit("more noise");
        work.push(&session, &[], &[&format!("HEAD:{mine}")]).admitted();
        assert_eq!(scene.at(&mine), tip);
        // A branch to what is there brings nothing.
        work.push(&session, &[], &[&format!("HEAD~1:{}", own(&session, "older"))]).admitted();
    });
}

#[test]
fn odd_requests_get_an_answer_and_change_nothing() {
    run(async {
        let scene = Scene::start(Door::Proxy).await;
        let session = scene.session().await;
        let bearer = format!("Bearer {}", session.caller.token.as_deref().unwrap());
        let url = format!("{}/git-receive-pack", scene.url);
        let post = async |body: Vec<u8>, more: &[(&str, &str)]| {
            let mut headers = vec![("authorization", bearer.as_str())];
            headers.extend(more);
            send(Method::POST, &url, &headers, body).await
        };
        let zipped = |body: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        };
        // What git sends to see whether it is let in.
        assert_eq!(post(b"0000".to_vec(), &[]).await.status, 200);
        assert_eq!(post(zipped(b"0000"), &[("content-encoding", "gzip")]).await.status, 200);
        let main = scene.at("refs/heads/main");
        let update = format!("{main} {} refs/heads/main\0report-status", "0".repeat(40));
        let deletion = format!("{:04x}{update}0000", update.len() + 4).into_bytes();
        for (body, more) in [(deletion.clone(), vec![]), (zipped(&deletion), vec![("content-encoding", "gzip")])] {
            let answer = post(body, &more).await;
            assert_eq!(answer.status, 200);
            assert!(answer.text().contains("ng refs/heads/main push_ref_protected"), "{}", answer.text());
        }
        for (body, more) in [
            (b"".to_vec(), vec![]),
            (b"PACK".to_vec(), vec![]),
            (b"zzzz".to_vec(), vec![]),
            (b"not gzip".to_vec(), vec![("content-encoding", "gzip")]),
            (deletion.clone(), vec![("content-encoding", "br")]),
        ] {
            let answer = post(body, &more).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
        // A pack that is none.
        let update = format!("{main} {} {}\0report-status", "1".repeat(40), own(&session, "x"));
        let broken =
            [format!("{:04x}{update}0000", update.len() + 4).as_bytes(), b"PACK\0\0\0\x02\0\0\0\x01junk"].concat();
        let answer = post(broken, &[]).await;
        assert!(answer.text().contains("push_unreadable"), "{}", answer.text());
        assert_eq!(scene.at("refs/heads/main"), main);
    });
}
