//! Signatures: what stock git and our own verifier say.

use brokers::ssh::{CommitError, SignatureError, SshAuthority, verify_commit};

use super::Stage;
use crate::support::run;

/// The authority's key, out of the file for stock git.
fn authority(stage: &Stage) -> brokers::ssh::CaPublicKey {
    let line = std::fs::read_to_string(stage.path("signers")).unwrap();
    let (_, key) = line.split_once("namespaces=\"git\" ").unwrap();
    key.parse().unwrap()
}

fn raw(stage: &Stage) -> Vec<u8> {
    let output = stage.try_git(&["cat-file", "commit", "HEAD"]);
    assert!(output.status.success());
    output.stdout
}

#[test]
fn a_commit_is_signed_named_and_recorded_and_stock_git_verifies_it() {
    run(async {
        let stage = Stage::start().await;
        let (said, session) = stage.session("echo one >a; git add a; git commit -qm 'Add a'; env").await;
        stage.trust();
        let id = stage.log("%H");
        let shown = stage.git(&["log", "-1", "--show-signature"]);
        assert!(shown.contains("Good \"git\" signature for grace@127.0.0.1 with ED25519-CERT key SHA256:"), "{shown}");
        assert_eq!(stage.log("%G? %GS"), "G grace@127.0.0.1");
        assert!(stage.try_git(&["verify-commit", "HEAD"]).status.success());
        stage.assert_named(&session);
        assert_eq!(stage.recorded(&session, "commit").await, [id]);

        let proven = verify_commit(&raw(&stage), &authority(&stage)).unwrap();
        assert_eq!(proven.session.to_string(), session);
        let developer = stage.newest().await["developer"]["id"].as_str().unwrap().to_owned();
        assert_eq!(proven.key_id, format!("writ:session={session};dev={developer};project=checkout"));
        assert_eq!(proven.principals, ["grace@127.0.0.1".to_owned(), format!("{session}@127.0.0.1")]);
        let entries = stage.people.ada.get(&format!("/v1/sessions/{session}/entries")).await.json();
        let issued = entries["entries"].as_array().unwrap().iter().find(|line| line["type"] == "certificate.issued");
        let body = &issued.unwrap()["entry"]["body"];
        assert_eq!((&body["serial"], &body["key"]), (&proven.serial.into(), &proven.fingerprint.as_str().into()));

        // Nothing is left behind, and nothing of the repository's or the user's configuration was changed.
        let socket = said.lines().find_map(|line| line.strip_prefix("WRIT_SOCKET=")).unwrap();
        assert!(!std::path::Path::new(socket).parent().unwrap().exists(), "{socket}");
        let configuration = stage.git(&["config", "--list"]);
        assert!(!configuration.contains("hookspath") && !configuration.contains("signingkey"), "{configuration}");
    });
}

#[test]
fn amending_skipping_hooks_and_merging_name_the_session_once() {
    run(async {
        let stage = Stage::start().await;
        let script = "
            git commit -q --allow-empty -m Start
            git commit -q --amend --no-verify -m 'Start again' --allow-empty
            git commit -q --amend --no-edit --allow-empty
            git checkout -q -b side
            git commit -q --allow-empty --no-verify -m Side
            git checkout -q main
            git commit -q --allow-empty -F - <<END
Main

Signed-off-by: Grace <grace@example.com>
END
            git merge -q --no-edit side";
        let (_, session) = stage.session(script).await;
        stage.trust();
        let all = stage.git(&["log", "--format=%H %G? %(trailers:key=Agent-Session,valueonly,separator=%x2C)"]);
        assert_eq!(all.lines().count(), 4, "{all}");
        for line in all.lines() {
            assert!(line.ends_with(&format!(" G {session}")), "{all}");
        }
        let recorded = stage.recorded(&session, "commit").await;
        for line in all.lines() {
            let id = line.split(' ').next().unwrap().to_owned();
            assert_eq!(recorded.iter().filter(|known| **known == id).count(), 1, "{id} in {recorded:?}");
        }
        let distinct: std::collections::BTreeSet<&String> = recorded.iter().collect();
        assert_eq!(distinct.len(), recorded.len(), "{recorded:?}");
        assert!(recorded.len() > 4, "what was amended away is part of the story: {recorded:?}");
    });
}

#[test]
fn a_date_outside_the_certificate_is_not_trusted() {
    run(async {
        let stage = Stage::start().await;
        let script = "GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' git commit -q --allow-empty -m Old";
        stage.session(script).await;
        stage.trust();
        assert_eq!(stage.log("%G? %GS"), "U");
        let refused = verify_commit(&raw(&stage), &authority(&stage)).unwrap_err();
        assert!(matches!(refused, CommitError::OutsideValidity { committed_at: 1_577_836_800, .. }), "{refused:?}");
    });
}

#[test]
fn a_revoked_serial_another_key_and_another_authority_are_not_trusted() {
    run(async {
        let stage = Stage::start().await;
        stage.session("git commit -q --allow-empty -m One").await;
        stage.trust();
        let key = authority(&stage);
        let serial = verify_commit(&raw(&stage), &key).unwrap().serial;
        let keygen = |script: &str| {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-ec", script]).env_clear().env("PATH", std::env::var("PATH").unwrap());
            stage.place(&mut shell);
            assert!(shell.status().unwrap().success(), "{script}");
        };
        keygen(&format!("echo '{key}' >ca.pub; echo 'serial: {serial}' | ssh-keygen -q -k -f krl -s ca.pub -z 1 -"));
        let revoked = format!("gpg.ssh.revocationFile={}", stage.path("krl").display());
        assert_eq!(stage.git(&["-c", &revoked, "log", "-1", "--format=%G?"]).trim(), "B");

        let other = SshAuthority::from_seed(&[9; 32]).unwrap().public();
        assert_eq!(verify_commit(&raw(&stage), &other), Err(CommitError::OtherAuthority));

        // Outside a session, with a key of one's own and the session's trailer copied.
        keygen("ssh-keygen -q -t ed25519 -N '' -f own");
        let own = stage.path("own.pub");
        let sign = ["-c", "gpg.format=ssh", "-c", &format!("user.signingkey={}", own.display())];
        let message = format!("Forged\n\nAgent-Session: {}", stage.newest().await["id"].as_str().unwrap());
        stage.git(&[&sign[..], &["commit", "-q", "-S", "--allow-empty", "-m", &message]].concat());
        assert_eq!(stage.log("%G? %GS"), "U");
        let refused = verify_commit(&raw(&stage), &key);
        assert_eq!(refused, Err(CommitError::Signature(SignatureError::NoCertificate)));
    });
}

#[test]
fn the_agent_offers_the_certificate_and_gives_no_key_away() {
    run(async {
        let stage = Stage::start().await;
        let script = "folder=${WRIT_SOCKET%/*}; ls -A $folder; stat -c %a $folder
            SSH_AUTH_SOCK=$folder/agent.sock ssh-add -L
            grep -rl 'PRIVATE KEY' $folder || echo no private key
            echo $SSH_AUTH_SOCK";
        let mut launcher = stage.launcher(script);
        launcher.env("SSH_AUTH_SOCK", "/the/developer's/own");
        let (said, session) = stage.session_of(launcher).await;
        assert!(said.contains("ssh-ed25519-cert-v01@openssh.com "), "{said}");
        assert!(said.contains(&session), "the comment names the session: {said}");
        for expected in ["\n700\n", "\nno private key\n", "\n/the/developer's/own\n"] {
            assert!(said.contains(expected), "{expected:?} is not in {said}");
        }
    });
}

#[test]
fn a_session_that_is_over_signs_nothing_any_more() {
    run(async {
        let stage = Stage::start().await;
        let (said, _) = stage.session("env | grep ^GIT_CONFIG").await;
        let mut git = std::process::Command::new("git");
        git.env_clear().env("PATH", std::env::var("PATH").unwrap());
        stage.place(&mut git);
        for line in said.lines() {
            if let Some((name, value)) = line.split_once('=').filter(|(name, _)| name.starts_with("GIT_CONFIG")) {
                git.env(name, value);
            }
        }
        let output = git.args(["commit", "--allow-empty", "-m", "Too late"]).output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        assert!(!stage.try_git(&["log"]).status.success(), "there is no commit");
    });
}

#[test]
fn git_is_left_alone_when_asked_and_said_to_be_missing_when_it_is() {
    run(async {
        let stage = Stage::start().await;
        let mut launcher = stage.writ.command(&stage.people.grace, "home-run");
        launcher.args(["run", "--here", "--no-git", "--", "sh", "-c", "git commit -q --allow-empty -m One; env"]);
        stage.place(&mut launcher);
        let (said, _) = stage.session_of(launcher).await;
        assert!(!said.contains("GIT_CONFIG_COUNT"), "{said}");
        assert_eq!((stage.log("%G?"), stage.trailers("Agent-Session").len()), ("N".to_owned(), 0));

        let mut launcher = stage.launcher("echo done");
        let shell = std::path::Path::new("/bin/sh");
        let bin = stage.path("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(shell, bin.join("sh")).unwrap();
        launcher.env("PATH", &bin);
        let (said, _) = stage.session_of(launcher).await;
        assert_eq!(said.matches("git was not found").count(), 1, "{said}");

        let git = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|folder| folder.join("git"))
            .find(|path| path.is_file())
            .unwrap();
        for program in [git.as_path(), std::path::Path::new("/usr/bin/sed"), std::path::Path::new("/usr/bin/cut")] {
            std::os::unix::fs::symlink(program, bin.join(program.file_name().unwrap())).unwrap();
        }
        let mut launcher = stage.launcher("git commit -q --allow-empty -m Two");
        launcher.env("PATH", &bin);
        let (said, session) = stage.session_of(launcher).await;
        assert_eq!(said.matches("not signed: ssh-keygen was not found").count(), 1, "{said}");
        stage.assert_named(&session);
        assert_eq!(stage.log("%G?"), "N");
    });
}
