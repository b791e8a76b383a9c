//! Pushes from inside `writ run`: git sends the session and its tokens by itself, however it is called.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::scene::{Door, REPOSITORY, Scene, Work, at_both_doors, path};
use crate::support::process::WRIT;
use crate::support::{in_time, until};

/// A session with a dozen pushes, on a busy machine.
const RUN_MAX: Duration = Duration::from_secs(120);

/// What every script begins with.
const FIRST: &str = r#"
export REMOTE_USER=$WRIT_SESSION_ID PATH="$(dirname "$1"):$PATH"
mine=refs/heads/s/$WRIT_SESSION_ID
# Changes a hot path, in a commit that no server has yet.
change() { date +%N >>infra/prod/main.tf; git commit -qam "change $1"; }
refused() { if "$@" >said 2>&1; then cat said; echo "it went in: $*"; exit 1; fi; }
says() { grep -qF -e "$1" said || { cat said; echo "no \`$1\`"; exit 1; }; }
hold() { writ lock acquire "$1" --json | grep -o 'tkt_[0-9A-Za-z]*' | head -n 1; }
# Does what the refusal says, as it says it; what that prints is in the file `done`.
follow() { sh -c "$(sed -n "s/.*\($1.*[^ ]\) *$/\1/p" said | head -n 1)" >done; }
options() { git config --get-all push.pushOption; }
"#;

/// A clone whose remote is the door, and which git knows as a gate's: by the setting, or by the session's credential for it.
async fn clone(scene: &Scene) -> Work {
    scene.rules("[[path]]\nunder = [\"infra/prod\"]\nmode = \"X\"\n").await;
    let work = scene.work("work");
    work.git(&["remote", "set-url", "origin", &scene.url]);
    match scene.door {
        Door::Hook => {
            scene.install(&["--proven-by", "remote-user"]);
            work.git(&["config", "writ.gate", &scene.url]);
        }
        Door::Proxy => {
            let host = scene.url.strip_prefix("http://").unwrap().split('/').next().unwrap();
            let gate = REPOSITORY.split('/').next().unwrap();
            scene.broker_for(json!({ "protocol": "http", "host": host, "gate": gate })).await;
        }
    }
    work
}

/// A script inside a session of grace's, in the clone itself.
fn command(scene: &Scene, work: &Work, script: &str) -> Command {
    let mut command = scene.writ.command(&scene.people.grace, "home-inside");
    command.args(["run", "--project", "checkout", "--here", "--", "sh", "-ec", &format!("{FIRST}{script}")]);
    command.current_dir(&work.folder).env("LC_ALL", "C").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Grace").env(format!("GIT_{who}_EMAIL"), "grace@example.com");
    }
    // The launcher keeps `WRIT_…` to itself.
    command.arg("script").arg(WRIT);
    command
}

async fn inside(scene: &Scene, work: &Work, script: &str) {
    let mut command = command(scene, work, script);
    let ran =
        in_time(RUN_MAX, "the session", tokio::task::spawn_blocking(move || command.output())).await.unwrap().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(ran.status.success(), "{}\n{}", said(&ran.stdout), said(&ran.stderr));
}

#[test]
fn git_names_the_session_and_what_it_holds_however_it_is_called() {
    at_both_doors(async |scene| {
        let work = clone(scene).await;
        let hot = path("infra/prod");
        let script = format!(
            r#"
            change 1
            refused git push origin HEAD:$mine/a; says push_lock_missing; follow 'writ lock acquire'
            ticket=$(grep -o 'tkt_[0-9A-Za-z]*' done | head -n 1)
            git push -q origin HEAD:$mine/a
            change 2; (cd / && git -C "$OLDPWD" push -q origin HEAD:$mine/b)
            change 3; git config alias.ship 'push -q origin'; git ship HEAD:$mine/c
            change 4; git --git-dir=.git --work-tree=. push -q origin HEAD:$mine/d
            change 5; git -c push.default=nothing push -q origin HEAD:$mine/e
            change 6; env -u PATH "$(command -v git)" push -q origin HEAD:$mine/f
            change 7; git config remote.origin.push HEAD:$mine/g; git push -q
            change 8; git push -q --atomic origin HEAD:$mine/h HEAD:$mine/i
            git push -q origin :$mine/h

            # Options on the command line stand in the place of all others.
            change 9
            refused git push -o something.else=1 origin HEAD:$mine/j; says push_token_stale; says 'git push -o writ.token='
            token=$(sed -n 's/.*git push -o \(writ.token=[0-9]*\).*/\1/p' said)
            git push -q -o "$token" origin HEAD:$mine/j

            # What was let go is not named any more.
            writ lock release "$ticket"
            ! options | grep writ.token
            change 10
            refused git push origin HEAD:$mine/k; says push_lock_missing
            again=$(hold {hot})
            git push -q origin HEAD:$mine/k
            writ lock release "$again"
            writ with-lock {hot} -- sh -ec 'date +%N >>infra/prod/main.tf; git commit -qam with; git push -q origin HEAD:'$mine/l
            git reset -q --hard origin/main; date >>src/a.rs; git commit -qam cold; git push -q origin HEAD:$mine/m
            "#
        );
        inside(scene, &work, &script).await;
        let pushed =
            super::scene::git(&scene.server, &["for-each-ref", "--format=%(refname)", "refs/heads/s"]).unwrap();
        let names: String = pushed.lines().filter_map(|name| name.chars().last()).collect();
        assert_eq!(names, "abcdefgijklm");
    });
}

#[test]
fn main_moves_with_the_token_of_its_queue() {
    at_both_doors(async |scene| {
        let work = clone(scene).await;
        let script = r#"
            date >>src/a.rs; git commit -qam two
            refused git push origin HEAD:main; says push_ref_protected; follow 'writ lock acquire'
            git push -q origin HEAD:main
            "#;
        inside(scene, &work, script).await;
        assert_eq!(scene.at("refs/heads/main"), work.git(&["rev-parse", "HEAD"]));
    });
}

/// Git refuses options to a server that takes none, so it sends none where nobody said that the server is a gate.
#[test]
fn other_servers_are_told_nothing() {
    at_both_doors(async |scene| {
        let work = clone(scene).await;
        let bare = |name: &str| {
            let folder = scene.writ.path().join(name);
            super::scene::git(scene.writ.path(), &["init", "-q", "--bare", name]).unwrap();
            folder.to_str().unwrap().to_owned()
        };
        let (plain, taking) = (bare("plain.git"), bare("taking.git"));
        super::scene::git(Path::new(&taking), &["config", "receive.advertisePushOptions", "true"]).unwrap();
        std::fs::write(
            Path::new(&taking).join("hooks/pre-receive"),
            "#!/bin/sh\necho \"options: $GIT_PUSH_OPTION_COUNT\"\n",
        )
        .unwrap();
        let script = format!(
            r#"
            chmod +x {taking}/hooks/pre-receive
            hold {}
            git clone -q {plain} elsewhere; cd elsewhere; git commit -q --allow-empty -m one
            git push -q origin HEAD:topic
            git remote set-url origin {taking}
            git push origin HEAD:topic 2>said; says 'options: 0'
            # Beside a gate's, such a server is pushed to without them.
            cd ..
            refused git push {plain} HEAD:other; says 'does not support push options'
            git -c push.pushOption= push -q {plain} HEAD:other
            "#,
            path("infra/prod")
        );
        inside(scene, &work, &script).await;
    });
}

/// The session is not told; it hears of it by the stream of what happens to locks.
#[test]
fn a_lock_that_a_human_took_away_is_not_named_any_more() {
    at_both_doors(async |scene| {
        let work = clone(scene).await;
        let (held, go) = (work.folder.join("held"), work.folder.join("go"));
        assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
        let script = format!(
            r#"
            change 1; hold {} >.held; mv .held held
            read -r _ <go
            # Bounded by the test.
            while options | grep -q writ.token; do sleep 0.05; done
            refused git push origin HEAD:$mine/a; says push_lock_missing
            git reset -q --hard origin/main; date >>src/a.rs; git commit -qam cold; git push -q origin HEAD:$mine/b
            "#,
            path("infra/prod")
        );
        let mut command = command(scene, &work, &script);
        let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let ticket = until("the lock", || async { std::fs::read_to_string(&held).ok() }).await;
        let body = json!({ "reason": "gone home" });
        let broken = scene.people.ada.post(&format!("/v1/locks/{}/break", ticket.trim()), body).await;
        assert_eq!(broken.status, 204, "{}", broken.text());
        let waiting = tokio::task::spawn_blocking(move || {
            std::fs::write(go, "on\n").unwrap();
            running.wait_with_output()
        });
        let ran = in_time(RUN_MAX, "the session", waiting).await.unwrap().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()));
    });
}
