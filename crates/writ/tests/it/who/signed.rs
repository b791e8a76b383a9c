//! What a signature proves, what contradicts it, and what becomes of a control plane that lies. Commits are signed by
//! stock git with a certificate of the control plane's authority.

use std::process::Command;

use brokers::ssh::CertificateClaims;
use domain::SessionId;
use serde_json::{Value, json};

use super::mock::{NOW, Plane, SERIAL, forger, proof_path};
use super::repository::Repository;
use super::{Came, ask};

/// A repository with one signed commit.
struct Signed {
    repository: Repository,
    commit: String,
}

/// Commits `message`, signed with a key that the plane's authority certified for its first session. None, with a line
/// that says so, on a machine without ssh-keygen.
fn sign(plane: &Plane, message: &str) -> Option<Signed> {
    let repository = Repository::new();
    let key = repository.path().join(".git/session");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if made.is_err() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must have ssh-keygen");
        println!("there is no ssh-keygen: not tested");
        return None;
    }
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let seconds = u64::try_from(NOW.unix_seconds()).unwrap();
    let words: Vec<_> = public.split(' ').take(2).collect();
    let claims = CertificateClaims {
        key: words.join(" ").parse().unwrap(),
        serial: SERIAL,
        key_id: "writ:test".to_owned(),
        principals: vec!["grace@writ.test".to_owned()],
        valid_after: seconds - 60,
        valid_before: seconds + 3600,
        session: plane.session,
    };
    let certificate = plane.authority.certify(&claims, &[3; 32]).unwrap();
    let path = repository.path().join(".git/session-cert.pub");
    std::fs::write(&path, format!("{certificate}\n")).unwrap();
    let signing = format!("user.signingkey={}", path.display());
    repository.write("pay.rs", "one\n");
    repository.git(&["add", "--all"]);
    let tree = repository.git(&["write-tree"]);
    // The committer's date must be within the certificate's validity, which is the test's, not the machine's.
    let mut commit = Command::new("git");
    commit.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", repository.path());
    for role in ["AUTHOR", "COMMITTER"] {
        commit.env(format!("GIT_{role}_NAME"), "Grace").env(format!("GIT_{role}_EMAIL"), "g@example.test");
        commit.env(format!("GIT_{role}_DATE"), format!("{seconds} +0000"));
    }
    commit.args(["-c", "gpg.format=ssh", "-c", &signing, "commit-tree", "-S", "-m", message, &tree]);
    let output = commit.current_dir(repository.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let commit = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    repository.git(&["update-ref", "HEAD", &commit]);
    Some(Signed { repository, commit })
}

fn message(session: SessionId) -> String {
    format!("Pay in time\n\nAgent-Session: {session}\nAgent-Developer: grace")
}

/// The control plane knows the certificate, and nothing of the commit.
fn knowing(signed: &Signed, mut plane: Plane) -> Plane {
    plane.tell_nothing(&signed.commit, "commit");
    let by_serial = plane.found(plane.session, "certificate_serial", &SERIAL.to_string(), 2);
    plane.tell(&SERIAL.to_string(), "certificate_serial", by_serial);
    plane
}

fn asked(signed: &Signed, plane: Plane) -> (Came, Value) {
    let served = plane.serve();
    ask(|| served.command(), signed.repository.path(), &["pay.rs:1"])
}

fn kinds(answer: &Value) -> Vec<(&str, &str)> {
    let links = answer["links"].as_array().unwrap().iter();
    links.map(|link| (link["kind"].as_str().unwrap(), link["evidence"].as_str().unwrap())).collect()
}

#[test]
fn a_signature_is_proof_and_the_log_is_checked() {
    let plane = Plane::new();
    let Some(signed) = sign(&plane, &message(plane.session)) else { return };
    let session = plane.session;
    let (text, json) = asked(&signed, knowing(&signed, plane));
    assert_eq!(text.code, Some(0), "{}{}", text.out, text.err);
    let expected = [("commit_signature", "proof"), ("certificate_serial", "proof"), ("commit_trailer", "claim")];
    assert_eq!(kinds(&json), expected);
    assert_eq!((&json["session"]["id"], &json["contradictions"]), (&json!(session.to_string()), &json!([])));
    let proofs: Vec<_> = json["proofs"].as_array().unwrap().iter().map(|proof| &proof["outcome"]).collect();
    assert_eq!(proofs, ["proven", "proven"], "{json:#}");
    for expected in [
        &format!(
            "link       proof: commit_signature {}: it is signed with the session's certificate {SERIAL}",
            signed.commit
        ),
        "log        entry 2 (certificate.issued) is in the log writ.example.test/log of 4 entries",
        "log        entry 0 (session.opened) is in the log writ.example.test/log of 4 entries",
        "human      grace (Grace Hopper)",
        "project    checkout, team payments",
    ] {
        assert!(text.out.contains(expected), "{expected} is not in\n{}", text.out);
    }
}

#[test]
fn a_trailer_that_contradicts_the_signature_is_a_contradiction() {
    let plane = Plane::new();
    let Some(signed) = sign(&plane, &message(plane.other)) else { return };
    let (session, other) = (plane.session, plane.other);
    let (text, json) = asked(&signed, knowing(&signed, plane));
    assert_eq!((text.code, &json["session"]["id"]), (Some(0), &json!(session.to_string())));
    assert!(
        text.out.contains(&format!("CONFLICT   the trailer names {other}; the signature proves {session}")),
        "{}",
        text.out
    );
    assert!(kinds(&json).iter().all(|(kind, _)| *kind != "commit_trailer"));
}

#[test]
fn a_record_that_contradicts_the_signature_is_a_contradiction() {
    let plane = Plane::new();
    let Some(signed) = sign(&plane, "no trailer") else { return };
    let (session, other) = (plane.session, plane.other);
    let recorded = plane.found(other, "commit", &signed.commit, 3);
    let mut plane = knowing(&signed, plane);
    plane.tell(&signed.commit, "commit", recorded);
    let (text, json) = asked(&signed, plane);
    assert_eq!((text.code, &json["session"]["id"]), (Some(0), &json!(session.to_string())));
    let expected = format!("CONFLICT   {other} recorded this commit as its own; the signature proves {session}");
    assert!(text.out.contains(&expected), "{}", text.out);
}

#[test]
fn a_certificate_that_the_log_did_not_issue_is_a_contradiction() {
    let plane = Plane::new();
    let Some(signed) = sign(&plane, &message(plane.session)) else { return };
    let mut plane = knowing(&signed, plane);
    let by_id = plane.found(plane.session, "session", &plane.session.to_string(), 0);
    plane.tell(&plane.session.to_string(), "session", by_id);
    plane.tell_nothing(&SERIAL.to_string(), "certificate_serial");
    let (text, json) = asked(&signed, plane);
    assert_eq!(text.code, Some(0), "{}", text.err);
    assert!(json["contradictions"][0].as_str().unwrap().contains("its log did not issue it"), "{json:#}");
}

#[test]
fn a_changed_commit_proves_nothing() {
    let plane = Plane::new();
    let Some(mut signed) = sign(&plane, &message(plane.session)) else { return };
    let raw = signed.repository.git(&["cat-file", "commit", &signed.commit]);
    let changed = format!("{}\n", raw.replace("Pay in time", "Pay to me"));
    signed.commit = signed.repository.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], &changed);
    signed.repository.git(&["update-ref", "HEAD", &signed.commit]);
    let mut plane = knowing(&signed, plane);
    let by_id = plane.found(plane.session, "session", &plane.session.to_string(), 0);
    plane.tell(&plane.session.to_string(), "session", by_id);
    let (text, json) = asked(&signed, plane);
    assert_eq!(text.code, Some(0), "{}", text.err);
    assert_eq!(kinds(&json)[0], ("commit_trailer", "claim"));
    assert!(text.out.contains("signature  proves nothing: the commit does not match its signature"), "{}", text.out);
}

/// Each lie about the log ends the command with 1, and names what does not hold.
#[test]
fn a_control_plane_that_lies_is_found_out() {
    let Some(signed) = sign(&Plane::new(), "no trailer") else { return };
    type Lie = fn(&mut Plane);
    let lies: [(Lie, &str); 5] = [
        (
            |plane| {
                let mut answer = plane.proof(2, &super::mock::signer());
                answer["entry"] = json!(answer["entry"].as_str().unwrap().replace("SHA256:key", "SHA256:kex"));
                plane.answers.insert(proof_path(2), answer);
            },
            "entry 2: the proof does not lead to the root",
        ),
        (|plane| drop(plane.answers.insert(proof_path(2), plane.proof(2, &forger()))), "not signed by a known key"),
        (
            |plane| drop(plane.answers.insert(proof_path(2), plane.proof(3, &super::mock::signer()))),
            "the proof is of entry 3, not of 2",
        ),
        (
            |plane| {
                let found = plane.found(plane.session, "certificate_serial", &SERIAL.to_string(), 3);
                plane.tell(&SERIAL.to_string(), "certificate_serial", found);
            },
            "entry 3 is not about ses_",
        ),
        (
            |plane| {
                let mut found = plane.found(plane.session, "certificate_serial", &SERIAL.to_string(), 2);
                found["human"]["id"] = json!("dev_00000000000000000000000000");
                plane.tell(&SERIAL.to_string(), "certificate_serial", found);
            },
            "entry 0 says something else",
        ),
    ];
    for (lie, expected) in lies {
        let mut plane = knowing(&signed, Plane::new());
        lie(&mut plane);
        let (text, json) = asked(&signed, plane);
        assert_eq!(text.code, Some(1), "{}", text.out);
        assert!(text.err.contains(expected), "{expected} is not in {}", text.err);
        assert!(text.out.contains("NOT PROVEN"), "{}", text.out);
        assert!(json["proofs"].as_array().unwrap().iter().any(|proof| proof["outcome"] == "failed"));
    }
}

/// The log was rewritten and signed again with its own key: this machine saw the one before.
#[test]
fn a_log_that_was_rewritten_is_found_out_by_who_saw_it_before() {
    let Some(signed) = sign(&Plane::new(), "no trailer") else { return };
    let served = knowing(&signed, Plane::new()).serve();
    let (text, _) = ask(|| served.command(), signed.repository.path(), &["HEAD"]);
    assert_eq!(text.code, Some(0), "{}", text.err);
    let mut rewritten = knowing(&signed, Plane::new());
    rewritten.rewrite();
    served.become_another(rewritten);
    let (text, json) = ask(|| served.command(), signed.repository.path(), &["HEAD"]);
    assert_eq!(text.code, Some(1), "{}", text.out);
    assert_eq!(json["proofs"][0]["outcome"], "failed", "{json:#}");
    assert!(text.out.contains("NOT PROVEN") && text.err.contains("error: "), "{}{}", text.out, text.err);
}

#[test]
fn a_control_plane_without_proofs_leaves_them_unchecked() {
    let Some(signed) = sign(&Plane::new(), "no trailer") else { return };
    let mut plane = knowing(&signed, Plane::new());
    plane.answers.remove("/v1/log/checkpoint");
    let (text, _) = asked(&signed, plane);
    assert_eq!(text.code, Some(0));
    assert!(
        text.out.contains("log        entry 2 was not checked: the control plane publishes no checkpoint"),
        "{}",
        text.out
    );
    // Without the authority's key the signature proves nothing either.
    let mut plane = knowing(&signed, Plane::new());
    plane.answers.remove("/v1/git/allowed_signers");
    let served = plane.serve();
    let (text, _) = ask(|| served.command(), signed.repository.path(), &["HEAD"]);
    assert_eq!(text.code, Some(7), "{}", text.out);
}
