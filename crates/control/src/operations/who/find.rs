//! Finding what a name may mean. Every place that is looked in is noted, so that "unknown" can say where.

mod locks;

use domain::{ArtifactKind, CallId, DeveloperId, RequestId, Resource, SessionId, TicketId};
use store::ArtifactRow;

use super::evidence::Kind;
use crate::error::Error;
use crate::limits::WHO_ROWS_READ_MAX;
use crate::operations::developer;
use crate::plane::ControlPlane;

/// Hexadecimal digits of a short commit id: fewer fit too many commits of a large log.
const COMMIT_DIGITS_MIN: usize = 7;
/// The same when a commit was asked for by name: as few as git itself takes.
const COMMIT_DIGITS_ASKED_MIN: usize = 4;
/// Hexadecimal digits of a whole commit id, SHA-256 at most.
const COMMIT_DIGITS_MAX: usize = 64;
/// Characters after `ses_`.
const ULID_CHARS: usize = 26;

/// One thing that a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Its full name.
    pub value: String,
    /// The session it leads to.
    pub session: Option<SessionId>,
    /// The human it is, if it is one.
    pub developer: Option<DeveloperId>,
    /// The entry that says so.
    pub position: Option<u64>,
}

/// A place that was looked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// What was looked for.
    pub kinds: Vec<Kind>,
    /// Under which names.
    pub names: Vec<String>,
    /// How.
    pub how: &'static str,
}

/// What was found, and where it was looked for.
#[derive(Debug, Default)]
pub(super) struct Finds {
    pub(super) found: Vec<Found>,
    pub(super) searched: Vec<Searched>,
}

/// Looks everywhere, or only for one kind.
pub(super) async fn find(plane: &ControlPlane, thing: &str, only: Option<Kind>) -> Result<Finds, Error> {
    let mut finds = Finds::default();
    let wants = |kind: Kind| only.is_none_or(|only| only == kind);
    if thing.parse::<SessionId>().is_ok() {
        by_session_id(plane, thing, Kind::Session, &mut finds).await?;
        return Ok(finds);
    }
    if let Ok(call) = thing.parse::<CallId>() {
        by_call_id(plane, call, &mut finds).await?;
        return Ok(finds);
    }
    if let Ok(ticket) = thing.parse::<TicketId>() {
        locks::by_ticket(plane, ticket, &mut finds).await?;
        return Ok(finds);
    }
    let token = thing.strip_prefix("lock:").and_then(|digits| digits.parse().ok());
    if let Some(token) = token.filter(|_| wants(Kind::Artifact(ArtifactKind::LockToken))) {
        locks::by_token(plane, token, &mut finds).await?;
        return Ok(finds);
    }
    by_artifact(plane, thing, &wants, &mut finds).await?;
    if wants(Kind::Resource)
        && finds.found.is_empty()
        && let Ok(resource) = thing.parse::<Resource>()
    {
        locks::by_resource(plane, &resource, &mut finds).await?;
    }
    if wants(Kind::Artifact(ArtifactKind::Request))
        && let Ok(request) = thing.parse::<RequestId>()
    {
        by_request_of_call(plane, request, &mut finds).await?;
    }
    if wants(Kind::Developer) {
        by_login(plane, thing, &mut finds).await?;
    }
    // A name that a broker recorded needs no reading of what is in it.
    if wants(Kind::NameWithId) && finds.found.is_empty() {
        by_session_id(plane, thing, Kind::NameWithId, &mut finds).await?;
    }
    Ok(finds)
}

/// A session's id, or every one inside a longer name.
async fn by_session_id(plane: &ControlPlane, thing: &str, kind: Kind, finds: &mut Finds) -> Result<(), Error> {
    let ids = session_ids(thing);
    if kind == Kind::Session || !ids.is_empty() {
        let names = ids.iter().map(ToString::to_string).collect();
        finds.note([kind], names, "all sessions that ever were, by id");
    }
    for id in ids {
        if plane.store.session(id).await?.is_some() {
            let position = plane.store.opening_position(id).await?;
            let value = if kind == Kind::Session { id.to_string() } else { thing.to_owned() };
            finds.found.push(Found { kind, value, session: Some(id), developer: None, position });
        }
    }
    Ok(())
}

async fn by_call_id(plane: &ControlPlane, call: CallId, finds: &mut Finds) -> Result<(), Error> {
    finds.note([Kind::Call], vec![call.to_string()], "all model calls, by id");
    let row = plane.store.call(call).await?;
    let positions = plane.store.call_positions(call).await?;
    finds.found.extend(row.zip(positions).map(|(row, at)| Found {
        kind: Kind::Call,
        value: call.to_string(),
        session: Some(row.session),
        developer: None,
        position: Some(at.reserved),
    }));
    Ok(())
}

async fn by_artifact(
    plane: &ControlPlane,
    thing: &str,
    wants: &impl Fn(Kind) -> bool,
    finds: &mut Finds,
) -> Result<(), Error> {
    let names = spellings(thing);
    let kinds = ArtifactKind::ALL.map(Kind::Artifact).into_iter().filter(|kind| wants(*kind));
    finds.note(kinds, names.clone(), "everything that sessions left in other systems, by its whole name");
    let mut rows = Vec::new();
    for name in &names {
        rows.extend(plane.store.artifacts(name, WHO_ROWS_READ_MAX).await?);
    }
    let asked_for_commit = wants(Kind::Artifact(ArtifactKind::Commit)) && !wants(Kind::Session);
    let least = if asked_for_commit { COMMIT_DIGITS_ASKED_MIN } else { COMMIT_DIGITS_MIN };
    if wants(Kind::Artifact(ArtifactKind::Commit))
        && let Some(digits) = commit_digits(thing, least)
    {
        let how = "all recorded commits, by the digits their ids start with";
        finds.note([Kind::Artifact(ArtifactKind::Commit)], vec![digits.clone()], how);
        let longer = plane.store.artifacts_by_digits(&digits, WHO_ROWS_READ_MAX).await?;
        rows.extend(longer.into_iter().filter(|row| row.kind == ArtifactKind::Commit));
    }
    for row in rows.into_iter().filter(|row| wants(Kind::Artifact(row.kind))) {
        let found = Found::from(row);
        if !finds.found.contains(&found) {
            finds.found.push(found);
        }
    }
    Ok(())
}

/// Requests of model calls have no index; their calls were made soon after them.
async fn by_request_of_call(plane: &ControlPlane, request: RequestId, finds: &mut Finds) -> Result<(), Error> {
    let kind = Kind::Artifact(ArtifactKind::Request);
    finds.note([kind], vec![request.to_string()], "model calls made within three minutes of the request");
    let Some(call) = plane.store.call_of_request(request).await? else { return Ok(()) };
    let position = plane.store.call_positions(call.id).await?.map(|at| at.reserved);
    let (value, session) = (request.to_string(), Some(call.session));
    // The client's first call also makes the entry of its alias: the call is what the request was for.
    finds.found.retain(|found| found.kind != kind || found.session != session);
    finds.found.push(Found { kind, value, session, developer: None, position });
    Ok(())
}

async fn by_login(plane: &ControlPlane, thing: &str, finds: &mut Finds) -> Result<(), Error> {
    let kind = Kind::Developer;
    finds.note([kind], vec![thing.to_owned()], "developers, by id or sign-in name");
    let found = developer::known(plane, thing).await?;
    finds.found.extend(found.map(|id| Found {
        kind,
        value: id.to_string(),
        session: None,
        developer: Some(id),
        position: None,
    }));
    Ok(())
}

impl Finds {
    fn note(&mut self, kinds: impl IntoIterator<Item = Kind>, names: Vec<String>, how: &'static str) {
        let kinds: Vec<_> = kinds.into_iter().collect();
        if !kinds.is_empty() {
            self.searched.push(Searched { kinds, names, how });
        }
    }
}

impl From<ArtifactRow> for Found {
    fn from(row: ArtifactRow) -> Self {
        Self {
            kind: Kind::Artifact(row.kind),
            value: row.value,
            session: Some(row.session),
            developer: None,
            position: Some(row.position),
        }
    }
}

/// A text as a commit's id or the beginning of one, in lower case.
pub(crate) fn commit_digits(text: &str, least: usize) -> Option<String> {
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hexadecimal && (least..=COMMIT_DIGITS_MAX).contains(&text.len())).then(|| text.to_ascii_lowercase())
}

/// The names under which a thing may have been recorded, as it was given first.
pub(crate) fn spellings(thing: &str) -> Vec<String> {
    let lower = thing.to_ascii_lowercase();
    let mut names = vec![thing.to_owned()];
    let others = [pull_request_in(thing), pull_request_url(thing), Some(lower)];
    for name in others.into_iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// `https://host/owner/repository/pull/12/files` as `owner/repository#12`. The forges spell the word differently.
fn pull_request_in(url: &str) -> Option<String> {
    const WORDS: [&str; 4] = ["pull", "pulls", "merge_requests", "pull-requests"];
    let path = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?.split_once('/')?.1;
    let path = path.split(['?', '#']).next()?;
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != "-").collect();
    let word = parts.iter().position(|part| WORDS.contains(part)).filter(|at| *at >= 2)?;
    let number = parts.get(word + 1).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(format!("{}#{number}", parts[..word].join("/")))
}

/// `owner/repository#12` as the address it has on the largest forge.
fn pull_request_url(name: &str) -> Option<String> {
    let (repository, number) = name.split_once('#')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_repository = repository.split('/').filter(|part| !part.is_empty()).count() == 2;
    (is_number && is_repository && !repository.contains(':'))
        .then(|| format!("https://github.com/{repository}/pull/{number}"))
}

/// Every session id in a text, each once. Systems that fold case may have written it in lower case.
pub(crate) fn session_ids(text: &str) -> Vec<SessionId> {
    let upper = text.to_ascii_uppercase();
    let mut ids = Vec::new();
    for (at, _) in upper.match_indices("SES_") {
        let id = upper.get(at + 4..at + 4 + ULID_CHARS).and_then(|ulid| format!("ses_{ulid}").parse().ok());
        ids.extend(id.filter(|id| !ids.contains(id)));
    }
    ids
}

#[cfg(test)]
mod tests;
