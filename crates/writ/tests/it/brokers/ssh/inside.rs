//! Inside `writ run`: stock clients find the session's key in its agent.

use std::process::Command;

use brokers::ssh::LoginCertificate;
use serde_json::Value;

use super::stage::Stage;
use crate::support::{run, until};

/// Runs a script inside a session; what it printed, and the session's id.
async fn session(stage: &Stage, script: &str, change: impl FnOnce(&mut Command)) -> (String, String) {
    let mut writ = stage.writ.command(&stage.people.grace, "home-run");
    let known = format!("-o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={}", known_hosts(stage));
    writ.args(["run", "--project", "checkout", "--", "sh", "-ec", script]);
    writ.env("O", known).env("PORT", stage.port().to_string()).env("THERE", format!("{}@127.0.0.1", stage.user()));
    writ.env("W", crate::support::process::WRIT).env("GIT_CONFIG_NOSYSTEM", "1").current_dir(stage.folder.path());
    change(&mut writ);
    let output = writ.output().unwrap();
    crate::support::leaks::complaint(&output.stderr);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}\n{}", text(&output.stdout), text(&output.stderr), stage.log());
    let newest: Value = stage.people.ada.get("/v1/sessions?limit=1").await.json();
    (text(&output.stdout) + &text(&output.stderr), newest["sessions"][0]["id"].as_str().unwrap().to_owned())
}

fn known_hosts(stage: &Stage) -> String {
    stage.path("known_hosts").display().to_string()
}

#[test]
fn ssh_scp_and_git_log_in_with_the_session_s_own_key() {
    run(async {
        let stage = Stage::start().await;
        let script = "
            ssh-add -l
            ssh-add -L | grep hosts/own
            ssh $O 127.0.0.1 'echo I am $(id -un)'                 # the account and the port are told by the broker
            /usr/bin/ssh $O -p $PORT $THERE 'cat $SSH_USER_AUTH'   # the agent alone is enough
            echo carried >there
            /usr/bin/scp -O -q $O -P $PORT there $THERE:there      # -O: the server knows no sftp
            scp -O -q $O 127.0.0.1:there back && cat back
            ssh $O 127.0.0.1 'git init -q --bare r.git'
            git init -q work && cd work
            git -c user.name=Grace -c user.email=grace@example.com commit -q --allow-empty -m One
            GIT_SSH_COMMAND=\"/usr/bin/ssh $O\" git push -q ssh://$THERE:$PORT/~/r.git HEAD:main
            echo pushed $(ssh $O 127.0.0.1 git -C r.git log -1 --format=%s main)
            git log -1 --show-signature
            folder=${WRIT_SOCKET%/*}
            grep -rl 'PRIVATE KEY' $folder $HOME || echo no private key
            ssh-add -L | grep hosts/own >login.pub
            echo text | ssh-keygen -q -Y sign -n git -f login.pub || echo signs nothing else";
        let (said, id) = session(&stage, script, |_| {}).await;
        for expected in [
            format!("I am {}", stage.user()),
            "publickey ssh-ed25519-cert-v01@openssh.com ".to_owned(),
            "\ncarried\n".to_owned(),
            "\npushed One\n".to_owned(),
            "Good \"git\" signature for grace@".to_owned(),
            "\nno private key\n".to_owned(),
            "\nsigns nothing else\n".to_owned(),
            "agent refused operation".to_owned(),
        ] {
            assert!(said.contains(&expected), "{expected:?} is not in {said}");
        }
        let named = format!("Accepted certificate ID \"session={id} developer=grace project=checkout\"");
        assert!(stage.log().contains(&named), "{}", stage.log());
        assert!(!stage.log().contains("Failed publickey"), "nothing else was offered: {}", stage.log());

        // One certificate served them all, and the end of the session ended it.
        let vended = stage.people.ada.get(&format!("/v1/credentials?session={id}")).await.json();
        let own = vended["credentials"].as_array().unwrap().iter().filter(|one| one["target"] == "own");
        assert_eq!(own.count(), 1, "{vended}");
        let line = said.lines().find(|line| line.ends_with(" hosts/own")).unwrap();
        let certificate: LoginCertificate = line.parse().unwrap();
        until("the list to name the certificate", async || stage.list().await.revokes(&certificate).then_some(()))
            .await;
    });
}

#[test]
fn a_key_of_one_s_own_is_certified_for_the_command_that_was_chosen() {
    run(async {
        let stage = Stage::start().await;
        let script = "
            ssh-keygen -q -t ed25519 -N '' -f k
            $W credential get hosts/narrow --public-key k.pub --scope 'force_command=echo or that' >told
            sed 's/.*\"certificate\":\"\\([^\"]*\\)\".*/\\1/' told >k-cert.pub
            /usr/bin/ssh $O -o IdentitiesOnly=yes -i k -p $PORT $THERE id
            $W credential get hosts/narrow || echo not without a key
            $W credential get hosts/narrow --public-key k || echo not the private one";
        let (said, _) = session(&stage, script, |_| {}).await;
        for expected in ["or that\n", "send `public_key`", "not without a key\n", "not the private one\n"] {
            assert!(said.contains(expected), "{expected:?} is not in {said}");
        }
        assert!(!said.contains("BEGIN OPENSSH"), "{said}");
    });
}

#[test]
fn the_developer_s_own_agent_is_passed_on_only_when_asked_for() {
    run(async {
        let stage = Stage::start().await;
        let theirs = |writ: &mut Command| {
            writ.env("SSH_AUTH_SOCK", "/the/developer's/own");
        };
        let script = "echo one $SSH_AUTH_SOCK; echo two $WRIT_SSH_AUTH_SOCK";
        let (said, _) = session(&stage, script, theirs).await;
        assert!(said.contains("leads to this session's own keys") && !said.contains("one /the/developer"), "{said}");

        let mut writ = stage.writ.command(&stage.people.grace, "home-run");
        writ.args(["run", "--project", "checkout", "--keep-env", "SSH_AUTH_SOCK", "--", "sh", "-ec", script]);
        theirs(&mut writ);
        let said = String::from_utf8(writ.output().unwrap().stdout).unwrap();
        assert!(said.contains("one /the/developer's/own\n") && said.contains("/login.sock\n"), "{said}");

        // Without a grant of hosts nothing changes.
        for target in ["own", "stranger", "far", "narrow"] {
            let path = format!("/v1/projects/checkout/grants/hosts/{target}");
            assert!(stage.people.ada.delete(&path).await.status.is_success());
        }
        let (said, _) = session(&stage, script, theirs).await;
        assert!(said.contains("one /the/developer's/own\n"), "{said}");
    });
}

#[test]
fn keys_are_of_their_session_only_and_end_with_it() {
    run(async {
        let stage = Stage::start().await;
        // From outside nobody is answered, though it is the same user.
        let script = "echo $SSH_AUTH_SOCK >socket; until [ -e looked ]; do sleep 0.1; done";
        let socket = stage.path("socket");
        let outside = async {
            let path = until("the session to say where its agent is", async || {
                std::fs::read_to_string(&socket).ok().filter(|text| text.ends_with('\n'))
            })
            .await;
            let list = || Command::new("ssh-add").arg("-l").env("SSH_AUTH_SOCK", path.trim()).output().unwrap();
            let refused = list();
            std::fs::write(stage.path("looked"), "").unwrap();
            assert!(
                !refused.status.success() && !String::from_utf8_lossy(&refused.stdout).contains("hosts/"),
                "{refused:?}"
            );
            path
        };
        let mut writ = stage.writ.command(&stage.people.grace, "home-run");
        writ.args(["run", "--project", "checkout", "--", "sh", "-ec", script]).current_dir(stage.folder.path());
        let mut running = writ.spawn().unwrap();
        let path = outside.await;
        assert!(running.wait().unwrap().success());
        assert!(!std::path::Path::new(path.trim()).exists(), "{path}");
    });
}
