#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use brokers::ssh::{LoginAuthority, LoginClaims, SshKey};

use super::*;

const ALL: [ProvenBy; 3] = [ProvenBy::RemoteUser, ProvenBy::SshCertificate, ProvenBy::Token];
const SESSION: &str = "ses_01JD0000000000000000000000";

fn pusher(means: &[ProvenBy], variables: &[(&str, &str)], option: &[&str]) -> Pusher {
    let options = Options::read(option.iter().copied()).unwrap();
    of(means, &options, |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn the_web_server_s_user_is_a_session_or_a_human() {
    let who = pusher(&ALL, &[("REMOTE_USER", SESSION)], &[]);
    assert!(matches!(who, Pusher::Session(Identity::WebServer { session }) if session == SESSION));
    assert!(matches!(pusher(&ALL, &[("REMOTE_USER", "ana")], &[]), Pusher::Human(name) if name == "ana"));
    assert!(matches!(pusher(&ALL, &[("REMOTE_USER", "")], &[]), Pusher::Unknown));
    // A server that proves by other means does not believe the variable.
    assert!(matches!(pusher(&[ProvenBy::Token], &[("REMOTE_USER", SESSION)], &[]), Pusher::Unknown));
}

#[test]
fn a_claim_proves_nothing_and_a_token_is_asked_about() {
    let claim = format!("writ.session={SESSION}");
    assert!(matches!(pusher(&ALL, &[], &[&claim]), Pusher::Unknown));
    let who = pusher(&ALL, &[], &[&claim, "writ.proof=abc"]);
    assert!(matches!(who, Pusher::Session(Identity::Token { proof }) if proof.as_str() == "abc"));
    assert!(matches!(pusher(&[ProvenBy::RemoteUser], &[], &["writ.proof=abc"]), Pusher::Unknown));
}

#[test]
fn sshd_tells_the_certificate_that_logged_in() {
    let key = SshKey::from_seed(&[1; 32]).unwrap();
    let authority = LoginAuthority::new(SshKey::from_seed(&[2; 32]).unwrap());
    let claims = LoginClaims {
        key: key.public(),
        serial: 1,
        key_id: "writ".to_owned(),
        principals: BTreeSet::from(["git".to_owned()]),
        valid_after: 1,
        valid_before: 2,
        force_command: None,
        source_addresses: Vec::new(),
        permits: BTreeSet::new(),
        session: SESSION.parse().unwrap(),
        credential: "cred_01JD0000000000000000000000".parse().unwrap(),
    };
    let certificate = authority.certify(&claims, &[3; 32]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auth");
    let path = file.to_str().unwrap();
    std::fs::write(&file, format!("publickey {certificate}\n")).unwrap();
    let Pusher::Session(Identity::Certificate { session, authority: found }) =
        pusher(&ALL, &[("SSH_USER_AUTH", path)], &[])
    else {
        panic!("not a session");
    };
    assert_eq!((session.as_str(), found), (SESSION, authority.public().fingerprint()));
    std::fs::write(&file, format!("publickey {}\n", key.public())).unwrap();
    assert!(matches!(pusher(&ALL, &[("SSH_USER_AUTH", path)], &[]), Pusher::Human(_)));
    std::fs::write(&file, "password\n").unwrap();
    assert!(matches!(pusher(&ALL, &[("SSH_USER_AUTH", path)], &[]), Pusher::Unknown));
}
