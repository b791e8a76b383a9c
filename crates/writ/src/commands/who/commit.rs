//! Whose a commit is. Its signature is proof, if the control plane's authority certified the key; that a session recorded
//! it, and the trailers in its message, are claims. What contradicts what is said.

use brokers::ssh::{CommitSignature, SshPublicKey};
use domain::SessionId;
use serde_json::{Value, json};

use super::answer::{Found, Outcome};
use super::unknown;
use crate::client::Client;
use crate::command_error::CommandError;
use crate::git::Commit;

/// Where the authorities' public keys are.
const AUTHORITIES: &str = "/v1/git/allowed_signers";

/// What a commit's signature comes to.
enum Signature {
    /// This session made it.
    Proof(CommitSignature),
    /// Nothing is proven; why.
    Nothing(String),
}

/// Asks whose a commit is that is in a repository here.
pub(super) async fn ask(client: &Client, thing: &str, commit: &Commit) -> Result<Outcome, CommandError> {
    let signature = signature(client, commit).await?;
    let recorded = super::ask(client, &commit.id, Some("commit")).await?;
    let mut contradictions = Vec::new();
    let outcome = match &signature {
        Signature::Proof(proof) => Outcome::Found(signed(client, commit, proof, recorded, &mut contradictions).await?),
        Signature::Nothing(_) => claimed(client, commit, recorded, &mut contradictions).await?,
    };
    let Outcome::Found(mut found) = outcome else { return Ok(outcome) };
    compare_trailers(commit, &signature, &mut found, &mut contradictions);
    found.asked_as(thing);
    found.insert("commit", told(commit, &signature));
    found.insert("contradictions", json!(contradictions));
    Ok(Outcome::Found(found))
}

async fn signature(client: &Client, commit: &Commit) -> Result<Signature, CommandError> {
    if !commit.is_signed() {
        return Ok(Signature::Nothing("none".to_owned()));
    }
    let authorities = match client.get_text(AUTHORITIES).await {
        Ok(text) => authorities(&text),
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if authorities.is_empty() {
        return Ok(Signature::Nothing("not checked: the control plane certifies no session's key".to_owned()));
    }
    Ok(match commit.verify(&authorities) {
        Ok(proof) => Signature::Proof(proof),
        Err(error) => Signature::Nothing(format!("proves nothing: {error}")),
    })
}

/// The authorities in a file of allowed signers (ssh-keygen(1)); other lines are of no interest here.
fn authorities(text: &str) -> Vec<SshPublicKey> {
    let key = |line: &str| {
        let (options, key) = line.split_once(" ssh-ed25519 ")?;
        let blob = key.split_whitespace().next()?;
        options.contains("cert-authority").then(|| format!("ssh-ed25519 {blob}").parse().ok()).flatten()
    };
    text.lines().filter_map(key).collect()
}

/// The session that the signature proves, by the entry that issued its certificate.
async fn signed(
    client: &Client,
    commit: &Commit,
    proof: &CommitSignature,
    recorded: Outcome,
    contradictions: &mut Vec<String>,
) -> Result<Found, CommandError> {
    let session = proof.session.to_string();
    let serial = proof.serial.to_string();
    let by_serial = super::ask(client, &serial, Some("certificate_serial")).await?;
    let mut found = match by_serial {
        Outcome::Found(found) if found.session() == Some(&session) => found,
        _ => {
            contradictions.push(format!(
                "the signature's certificate {serial} is from this control plane, and its log did not issue it to {session}"
            ));
            match super::ask(client, &session, Some("session")).await? {
                Outcome::Found(found) => found,
                _ => {
                    return Err(CommandError::failed(format!(
                        "the commit is signed for {session}, which the log does not know"
                    ))
                    .hinted("the authority's key may have been used outside the control plane: tell an auditor"));
                }
            }
        }
    };
    let says = format!("it is signed with the session's certificate {serial}");
    found.push_link(link("commit_signature", commit, "proof", &says), true);
    match recorded {
        Outcome::Found(recorded) if recorded.session() == Some(&session) => {
            recorded.links().into_iter().for_each(|link| found.push_link(link, false));
        }
        Outcome::Found(recorded) => {
            let other = recorded.session().unwrap_or("another session");
            contradictions.push(format!("{other} recorded this commit as its own; the signature proves {session}"));
        }
        Outcome::Ambiguous(_) => contradictions.push("several sessions recorded this commit as their own".to_owned()),
        Outcome::Unknown(_) => {}
    }
    Ok(found)
}

/// The session that recorded the commit, else the one that its trailers name.
async fn claimed(
    client: &Client,
    commit: &Commit,
    recorded: Outcome,
    contradictions: &mut Vec<String>,
) -> Result<Outcome, CommandError> {
    let named = named_session(commit);
    match recorded {
        Outcome::Found(found) => {
            let session = found.session().unwrap_or_default().to_owned();
            if !commit.sessions.is_empty() && !commit.sessions.contains(&session) {
                let named = commit.sessions.join(", ");
                contradictions.push(format!("the trailer names {named}; it was {session} that recorded this commit"));
            }
            Ok(Outcome::Found(found))
        }
        Outcome::Ambiguous(value) => Ok(Outcome::Ambiguous(value)),
        Outcome::Unknown(value) => {
            let Some(session) = named else { return Ok(unknown_commit(commit, value)) };
            match super::ask(client, &session.to_string(), Some("session")).await? {
                Outcome::Found(mut found) => {
                    let says = "its message has the session's id in a trailer, and nothing else says so";
                    found.push_link(link("commit_trailer", commit, "claim", says), true);
                    Ok(Outcome::Found(found))
                }
                _ => Ok(unknown_commit(commit, value)),
            }
        }
    }
}

/// The last one named: it is the session that committed, where several worked on the message.
fn named_session(commit: &Commit) -> Option<SessionId> {
    commit.sessions.iter().rev().find_map(|session| session.parse().ok())
}

fn compare_trailers(commit: &Commit, signature: &Signature, found: &mut Found, contradictions: &mut Vec<String>) {
    if let Signature::Proof(proof) = signature {
        let proven = proof.session.to_string();
        if commit.sessions.contains(&proven) {
            found.push_link(link("commit_trailer", commit, "claim", "its message names the session too"), false);
        } else if !commit.sessions.is_empty() {
            let named = commit.sessions.join(", ");
            contradictions.push(format!("the trailer names {named}; the signature proves {proven}"));
        }
    }
    let human = found.human();
    // A commit keeps the name it was made under; once that is erased nobody can tell whether it was the right one.
    if let [developer] = &commit.developers[..]
        && !human.contains(&Some(developer))
        && !found.is_erased()
    {
        let human = human.into_iter().flatten().last().unwrap_or("somebody else");
        contradictions.push(format!("the trailer names the developer {developer}; the session is {human}'s"));
    }
}

fn link(kind: &str, commit: &Commit, evidence: &str, says: &str) -> Value {
    json!({
        "kind": kind,
        "value": commit.id,
        "evidence": evidence,
        "says": says,
        "position": null,
        "time": null,
        "entry_type": null,
        "by": null,
    })
}

fn told(commit: &Commit, signature: &Signature) -> Value {
    let signature = match signature {
        Signature::Proof(proof) => format!("certificate {}, key {}", proof.serial, proof.fingerprint),
        Signature::Nothing(why) => why.clone(),
    };
    json!({
        "id": commit.id,
        "subject": commit.subject,
        "author": commit.author,
        "committed_at": commit.committed_at,
        "signature": signature,
        "trailers": {"Agent-Session": commit.sessions, "Agent-Developer": commit.developers},
    })
}

/// The commit is here, and nobody's.
fn unknown_commit(commit: &Commit, value: Value) -> Outcome {
    let mut searched = value.get("searched").and_then(Value::as_array).cloned().unwrap_or_default();
    let trailers = match commit.sessions.is_empty() {
        true => "no trailer of its message names a session".to_owned(),
        false => format!("its trailers name {}, which is no session here", commit.sessions.join(", ")),
    };
    let place = format!("the commit itself ({}, by {}): {trailers}", commit.subject, commit.author);
    searched.push(json!({"kinds": ["commit"], "names": [commit.id], "place": place}));
    unknown(&commit.id, searched)
}
