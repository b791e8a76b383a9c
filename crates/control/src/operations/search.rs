//! Searching the log, for auditors.

use domain::{CallId, ProjectId, RequestId, SessionId, Time};
use store::{About, EntryPage, EntryQuery};

use super::who::{commit_digits, session_ids, spellings};
use super::{developer, project};
use crate::error::Error;
use crate::limits::WHO_ROWS_READ_MAX;
use crate::plane::{Asker, ControlPlane};

/// What to look for. All conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// About this human or their sessions, or done by them; by id or sign-in name.
    pub developer: Option<String>,
    /// About sessions for this project; by id or name.
    pub project: Option<String>,
    /// About this session.
    pub session: Option<SessionId>,
    /// Of types that start with this.
    pub kind: Option<String>,
    /// From this moment on.
    pub since: Option<Time>,
    /// Before this moment.
    pub until: Option<Time>,
    /// With this in one of the fields that are indexed; else as a whole value anywhere.
    pub text: Option<String>,
    /// From this position on.
    pub from: u64,
    /// How many at most.
    pub limit: u32,
}

/// Fewest digits by which a commit is searched.
const COMMIT_DIGITS_MIN: usize = 7;

/// Entries that fit, oldest first, and from where to go on.
///
/// # Errors
/// When the asker may not read the log, or the developer or project does not exist.
pub async fn search(plane: &ControlPlane, asker: Asker, search: Search) -> Result<EntryPage, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadLog).map(drop))?;
    let since = match search.since {
        Some(since) => plane.store.position_at(since).await?,
        None => 0,
    };
    let until = match search.until {
        Some(until) => Some(plane.store.position_at(until).await?),
        None => None,
    };
    let about = match &search.text {
        Some(text) => about(plane, text).await?,
        None => Vec::new(),
    };
    let developer = match &search.developer {
        Some(key) => Some(developer::find(plane, key).await?),
        None => None,
    };
    let query = EntryQuery {
        from: search.from.max(since),
        until,
        developer,
        project: search.project.as_deref().map(|key| project::find(plane, key)).transpose()?,
        session: search.session,
        kind: search.kind,
        // What names nothing known may still stand in an entry as it is.
        value: search.text.filter(|_| about.is_empty()),
        about,
        limit: search.limit as usize,
    };
    Ok(plane.store.search(&query).await?)
}

/// Everything that a text may name: ids, artifacts, people, projects, types of entries.
async fn about(plane: &ControlPlane, text: &str) -> Result<Vec<About>, Error> {
    let mut about: Vec<About> = session_ids(text).into_iter().map(About::Session).collect();
    let positions = named_entries(plane, text).await?;
    if !positions.is_empty() {
        about.push(About::Entries(positions));
    }
    about.extend(developer::known(plane, text).await?.map(About::Developer));
    about.extend(project_of(plane, text).map(About::Project));
    if is_type(text) {
        about.push(About::Kind(text.to_owned()));
    }
    Ok(about)
}

/// Entries of a call, of a request, and of artifacts by their names.
async fn named_entries(plane: &ControlPlane, text: &str) -> Result<Vec<u64>, Error> {
    let mut positions = Vec::new();
    let mut call = text.parse::<CallId>().ok();
    if let Ok(request) = text.parse::<RequestId>() {
        call = plane.store.call_of_request(request).await?.map(|row| row.id);
    }
    if let Some(call) = call
        && let Some(at) = plane.store.call_positions(call).await?
    {
        positions.push(at.reserved);
        positions.extend(at.settled);
    }
    let mut rows = Vec::new();
    for name in spellings(text) {
        rows.extend(plane.store.artifacts(&name, WHO_ROWS_READ_MAX).await?);
    }
    if let Some(digits) = commit_digits(text, COMMIT_DIGITS_MIN) {
        rows.extend(plane.store.artifacts_by_digits(&digits, WHO_ROWS_READ_MAX).await?);
    }
    positions.extend(rows.iter().map(|row| row.position));
    Ok(positions)
}

fn project_of(plane: &ControlPlane, text: &str) -> Option<ProjectId> {
    project::find(plane, text).ok()
}

/// `session.over` or `session.`: the types of entries have a dot.
fn is_type(text: &str) -> bool {
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.split_once('.').is_some_and(|(noun, verb)| !noun.is_empty() && is_word(noun) && is_word(verb))
}
