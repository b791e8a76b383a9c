//! The check at `git push`: a gate asks whether what a session pushes may go in. Rules say what each path needs; the law
//! decides, inside an append.

mod identity;
mod words;

use domain::lock::{Mode, Want};
use domain::push::{Check, Land, Paths, Push, Update, Why};
use domain::{Actor, Command, Digest, Event, ProjectId, Refusal, RequestId, Resource, SessionId};
use policy::Rules;
use store::WriteRow;

use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

pub use identity::Identity;
pub use words::{Words, words};

/// What a gate asks.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which session pushes, and how that is known.
    pub identity: Identity,
    /// Which gate asks: its audience; none when the session asks for itself.
    pub gate: Option<String>,
    /// Which session the push says it is: a claim.
    pub claimed: Option<SessionId>,
    /// The repository: host, owner and name.
    pub repository: String,
    /// The refs; whether they are protected is found out here.
    pub updates: Vec<Update>,
    /// Every path that is touched, relative to the top folder.
    pub paths: Vec<String>,
    /// Those of them with everything below.
    pub submodules: Vec<String>,
    /// The fencing tokens.
    pub tokens: Vec<u64>,
    /// New commits; of a large push the first ones.
    pub commits: Vec<Commit>,
    /// How many commits are new.
    pub commit_count: u64,
}

/// A new commit, as the gate read it.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The sessions that its trailers name: claims.
    pub sessions: Vec<String>,
    /// What its signature proves, or why it proves nothing.
    pub signature: Result<Signed, String>,
}

/// What a commit's signature proves.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Whose certificate signed.
    pub session: String,
    /// Fingerprint of the authority that made the certificate.
    pub authority: String,
}

/// What was decided; the entry that says so is durable.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Its position in the log.
    pub position: u64,
    /// Of which push.
    pub push: Push,
    /// Why it may not go in; none when it may.
    pub why: Option<Why>,
}

/// Decides about a push.
///
/// # Errors
/// Nothing proves the session, or it is over; the push is larger than the bounds; the store is away.
pub async fn check(plane: &ControlPlane, request: RequestId, asked: Asked) -> Result<Decided, Error> {
    let session = identity::session(plane, &asked.identity, asked.gate.as_deref()).await?;
    let now = plane.clock.now();
    let live = plane.view.read(|state| state.unexpired_session(session, now).map(|live| live.project));
    let project = live.map_err(|refusal| over(plane, refusal))?;
    let family = plane.view.read(|state| state.family(session).iter().map(ToString::to_string).collect::<Vec<_>>());
    let authority = plane.ssh_authority.public().fingerprint();
    let rules = rules_of(plane, project)?;
    // Ten thousand paths take milliseconds: others are not to wait for them.
    let mapped = tokio::task::spawn_blocking(move || command(session, &family, &authority, &rules, asked));
    let check = mapped.await.map_err(|_| Error::Unavailable("writ is stopping".to_owned()))??;
    let asker = Asker { by: Actor::Session(session), request };
    let receipt = plane.propose(asker, Command::CheckPush(Box::new(check))).await.map_err(|error| match error {
        Error::Refused(refusal) => over(plane, refusal),
        other => other,
    })?;
    let decided = receipt.events.into_iter().find_map(|event| match event {
        Event::PushAdmitted(admitted) => Some((admitted.push, None)),
        Event::PushRefused(refused) => Some((refused.push, Some(refused.why))),
        _ => None,
    });
    // INVARIANT: a check always says yes or no.
    let (push, why) = decided.ok_or_else(|| Error::Unavailable("the push was not decided about".to_owned()))?;
    Ok(Decided { position: receipt.position, push, why })
}

/// Notes that a push which a gate let in has arrived, or that its git server did not take it: what its session lets go
/// need not rest. Says whether anything was kept by it still.
///
/// # Errors
/// There is no such push of this gate, or the store is away.
pub async fn landed(plane: &ControlPlane, request: RequestId, gate: &str, push: u64) -> Result<bool, Error> {
    let unknown = || Error::not_found("admitted push", push);
    let entry = plane.store.entry(push).await?.and_then(|stored| ledger::decode(&stored.bytes).ok());
    let Some(Event::PushAdmitted(admitted)) = entry.map(|entry| entry.event) else { return Err(unknown()) };
    if admitted.push.gate.as_deref() != Some(gate) {
        return Err(unknown());
    }
    let land = Land { session: admitted.push.session, push, locks: admitted.locks };
    let asker = Asker { by: Actor::System, request };
    let receipt = plane.propose(asker, Command::LandPush(land)).await?;
    Ok(!receipt.events.is_empty())
}

/// The last change of what is frozen by another session, where the push was refused for that: what its session may see of it.
/// None when the store is away: the refusal stands without.
pub async fn changed_lately(plane: &ControlPlane, request: RequestId, decided: &Decided) -> Option<WriteRow> {
    let Some(Why::Frozen { resource }) = &decided.why else { return None };
    let session = decided.push.session;
    let rows = super::write::list(plane, Asker { by: Actor::Session(session), request }, resource).await.ok()?;
    rows.into_iter().find(|row| row.session != session)
}

/// Whoever pushes for a session that is over reads who ended it, and why.
fn over(plane: &ControlPlane, refusal: Refusal) -> Error {
    match &refusal {
        Refusal::SessionOver { session, ending } => Error::Conflict {
            code: refusal.code(),
            text: crate::text::session_ended(plane, *session, ending),
            next: "start a new one with `writ run`, and push from there".to_owned(),
        },
        _ => refusal.into(),
    }
}

/// The rules that hold for a project.
fn rules_of(plane: &ControlPlane, project: Option<ProjectId>) -> Result<Rules, Error> {
    let text = plane.view.read(|state| {
        let project = project.and_then(|id| state.projects.get(&id));
        project.and_then(|project| project.lock_rules.clone())
    });
    // They were checked when they were set; what an older version of writ took and this one does not keeps the gate shut.
    Rules::parse(&text.unwrap_or_default())
        .map_err(|error| Error::invalid(format!("the project's lock rules: {error}")))
}

/// What the law is asked. `family` are the sessions that are one piece of work, by id; `authority` certifies their keys.
fn command(
    session: SessionId,
    family: &[String],
    authority: &str,
    rules: &Rules,
    asked: Asked,
) -> Result<Check, Error> {
    let Asked { identity, gate, claimed, repository, updates, paths, submodules, tokens, commits, commit_count } =
        asked;
    let protect = |update: Update| {
        let branch = update.name.strip_prefix("refs/heads/");
        let protected = branch.is_some_and(|branch| rules.is_protected(&repository, branch));
        Update { protected, ..update }
    };
    let updates = updates.into_iter().map(protect).collect();
    let (touched, needs) = mapped(rules, &repository, &paths)?;
    let (whole, _) = mapped(rules, &repository, &submodules)?;
    let flaw = flaw(rules, &repository, family, authority, &commits, commit_count)?;
    let text: Vec<u8> = paths.iter().flat_map(|path| path.bytes().chain([0])).collect();
    let paths = Paths { count: paths.len() as u64, digest: Digest::of(&text) };
    let proof = identity.proof();
    Ok(Check {
        session,
        claimed,
        proof,
        gate,
        repository,
        updates,
        touched,
        whole,
        needs,
        paths,
        tokens,
        commits: commit_count,
        flaw,
    })
}

/// What some paths are as resources, and what the rules ask to be held for them; each in order and once.
fn mapped(rules: &Rules, repository: &str, paths: &[String]) -> Result<(Vec<Resource>, Vec<Want>), Error> {
    let nowhere = || Error::invalid(format!("`{}` is not the name of a repository", crate::text::one_line(repository)));
    let (mut touched, mut needs) = (Vec::with_capacity(paths.len()), Vec::new());
    for path in paths {
        let (file, wanted) = rules.for_file(repository, path).ok_or_else(nowhere)?;
        touched.push(file);
        if matches!(wanted.mode, Mode::X | Mode::S | Mode::SIX) {
            needs.push(wanted);
        }
    }
    touched.sort();
    touched.dedup();
    needs.sort();
    needs.dedup();
    Ok((touched, needs))
}

/// The first commit that lacks what the rules ask of each.
fn flaw(
    rules: &Rules,
    repository: &str,
    family: &[String],
    authority: &str,
    commits: &[Commit],
    count: u64,
) -> Result<Option<Why>, Error> {
    let Some(known) = rules.repository(repository) else { return Ok(None) };
    let (named, signed) = (known.requires_attribution(), known.requires_signature());
    if (named || signed) && (commits.len() as u64) < count {
        let text = format!("of {count} commits {} were looked at, and here each must name its session", commits.len());
        return Err(Error::Invalid(format!("{text}: push them in parts")));
    }
    let is_ours = |session: &String| family.contains(session);
    let flawed = |commit: &Commit| {
        if named && !commit.sessions.iter().any(is_ours) {
            return Some(Why::Unattributed { commit: commit.id.clone() });
        }
        let because = match &commit.signature {
            _ if !signed => return None,
            Ok(by) if by.authority == authority && is_ours(&by.session) => return None,
            Ok(by) if by.authority == authority => format!("it is signed by session {}", by.session),
            Ok(_) => "its certificate is not from this control plane".to_owned(),
            Err(why) => why.clone(),
        };
        Some(Why::Unsigned { commit: commit.id.clone(), because })
    };
    Ok(commits.iter().find_map(flawed))
}

#[cfg(test)]
mod tests;
