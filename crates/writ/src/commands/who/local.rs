//! What the repository of the current folder knows of a thing.

use std::path::Path;

use serde_json::{Value, json};

use super::answer::Outcome;
use crate::command_error::CommandError;
use crate::git::{Blame, Commit, Git, Place, Revision};

/// What a thing is here.
#[derive(Debug)]
pub(super) enum Local {
    /// This commit.
    Commit(Box<Commit>),
    /// The beginning of several commits' ids.
    Ambiguous(Vec<Commit>),
    /// A line that no commit has yet.
    NotCommitted,
    /// Nothing that is known here.
    Nothing,
}

/// Looks for a line of a file, and for what looks like a commit. Notes where it looked.
pub(super) async fn look_first(thing: &str, places: &mut Vec<Value>) -> Result<Local, CommandError> {
    if let Some(place) = Place::parse(thing) {
        if place.file.is_file() {
            return blamed(thing, &place, places).await;
        }
        places.push(noted(thing, format!("files here: there is no `{}`", place.file.display())));
    }
    let looks_like_commit = (4..=64).contains(&thing.len()) && thing.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_expression = thing == "@" || thing.starts_with("HEAD") || thing.contains(['~', '^']);
    if looks_like_commit || is_expression { revision(thing, places).await } else { Ok(Local::Nothing) }
}

/// Looks for a branch or a tag, when nobody else knows the name.
pub(super) async fn look_last(thing: &str, places: &mut Vec<Value>) -> Result<Local, CommandError> {
    if places.is_empty() { revision(thing, places).await } else { Ok(Local::Nothing) }
}

async fn blamed(thing: &str, place: &Place, places: &mut Vec<Value>) -> Result<Local, CommandError> {
    let (git, blame) = place.blame().await?;
    let Blame::Commit(id) = blame else {
        places.push(noted(thing, "git blame: the line is not committed yet".to_owned()));
        return Ok(Local::NotCommitted);
    };
    let commit = git.commit(&id).await?;
    let missing = || CommandError::failed(format!("git blames commit {id}, and cannot read it"));
    Ok(Local::Commit(Box::new(commit.ok_or_else(missing)?)))
}

async fn revision(thing: &str, places: &mut Vec<Value>) -> Result<Local, CommandError> {
    let git = Git::at(Path::new("."));
    if !git.is_repository().await {
        places.push(noted(thing, "no repository: the current folder is in none, or git is not installed".to_owned()));
        return Ok(Local::Nothing);
    }
    match git.revision(thing).await? {
        Revision::Commit(commit) => Ok(Local::Commit(commit)),
        Revision::Ambiguous(commits) => Ok(Local::Ambiguous(commits)),
        Revision::Unknown => {
            places.push(noted(thing, format!("the repository here ({})", git.folder().display())));
            Ok(Local::Nothing)
        }
    }
}

fn noted(thing: &str, place: String) -> Value {
    json!({"kinds": ["commit"], "names": [thing], "place": place})
}

/// Several commits start like this.
pub(super) fn ambiguous(thing: &str, commits: &[Commit]) -> Outcome {
    let candidate = |commit: &Commit| json!({"kind": "commit", "value": commit.id, "subject": commit.subject});
    let candidates: Vec<_> = commits.iter().map(candidate).collect();
    Outcome::Ambiguous(json!({"outcome": "ambiguous", "thing": thing, "candidates": candidates, "hidden": 0}))
}
