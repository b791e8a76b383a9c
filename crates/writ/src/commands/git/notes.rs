//! `writ git notes`: who wrote which lines, as notes that other tools read.

mod agent_trace;
mod changed;
mod git_ai;
mod repository;

use brokers::ssh::{CaPublicKey, verify_commit};

use super::{allowed_signers, client};
use crate::cli::NotesExport;
use crate::command_error::{CommandError, Exit};
use crate::output::{print, print_json_lines};
use changed::File;
use repository::{Commit, Repository};

/// Where the notes go: of our own, and git-ai's.
const REF: &str = "writ";
const GIT_AI_REF: &str = "ai";

/// A commit that a session made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    commit: Commit,
    /// The session's id.
    session: String,
    /// The human.
    developer: String,
    /// The certificate's serial number, when the signature proves it; a trailer only claims it.
    serial: Option<u64>,
    /// Page of the session.
    url: String,
    /// The lines it added.
    files: Vec<File>,
}

/// Writes or prints the notes.
pub(super) async fn export(arguments: NotesExport) -> Result<Exit, CommandError> {
    let client = client(arguments.server.as_deref())?;
    let authority = authority(&allowed_signers(&client).await?)?;
    let repository = Repository::here();
    let mut count = 0_usize;
    for commit in repository.commits(&arguments.range, arguments.max)? {
        let Some((session, developer, serial)) = maker(&repository, &commit, &authority)? else { continue };
        let url = client.address().join(&format!("/sessions/{session}"));
        let files = changed::files(&repository.patch(&commit.id)?);
        let made = Made { commit, session, developer, serial, url, files };
        count += 1;
        if arguments.print {
            print_json_lines([&agent_trace::record(&made)])?;
        } else if arguments.git_ai {
            repository.note(GIT_AI_REF, &made.commit.id, &git_ai::log(&made))?;
        } else {
            repository.note(REF, &made.commit.id, &format!("{}\n", agent_trace::record(&made)))?;
        }
    }
    if !arguments.print {
        let name = if arguments.git_ai { GIT_AI_REF } else { REF };
        print(&format!("noted {count} commits in refs/notes/{name}\n"))?;
    }
    Ok(Exit::Done)
}

/// Session, human and certificate of a commit: by its signature, else by its newest trailers; none for other commits.
fn maker(
    repository: &Repository,
    commit: &Commit,
    authority: &CaPublicKey,
) -> Result<Option<(String, String, Option<u64>)>, CommandError> {
    if let Ok(proven) = verify_commit(&repository.raw(&commit.id)?, authority) {
        let human = proven.principals.first().cloned().unwrap_or_default();
        return Ok(Some((proven.session.to_string(), human, Some(proven.serial))));
    }
    let is_id = commit.session.parse::<domain::SessionId>().is_ok();
    Ok(is_id.then(|| (commit.session.clone(), commit.developer.clone(), None)))
}

fn authority(allowed_signers: &str) -> Result<CaPublicKey, CommandError> {
    let key = allowed_signers.split_once("ssh-ed25519 ").map(|(_, rest)| format!("ssh-ed25519 {rest}"));
    let key = key.and_then(|key| key.parse().ok());
    key.ok_or_else(|| CommandError::failed("the control plane's signers are not what this version understands"))
}

#[cfg(test)]
mod tests;
