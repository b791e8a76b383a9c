//! `writ workspace gc`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use control::seam::Clock;
use domain::Span;

use super::list::size;
use crate::cli::WorkspaceGc;
use crate::command_error::{CommandError, Exit};
use crate::output::{clean, print};
use crate::workspace::{Bounds, Listed, Root, State, Verdict, Workspace, empty_trash, judge, remove};

/// Keeps and removes what the arguments say.
pub(super) async fn gc(root: &Root, arguments: &WorkspaceGc) -> Result<Exit, CommandError> {
    let (all, errors) = Listed::all(root)?;
    for error in &errors {
        eprintln!("writ: {error}");
    }
    let chosen = chosen(root, &all, arguments)?;
    let mut failed = errors.len();
    for (listed, verdict) in all.iter().zip(chosen) {
        match one(root, listed, verdict, arguments.dry_run).await {
            Ok(text) => print(&text)?,
            Err(error) => {
                eprintln!(
                    "writ: the workspace of session {} stays: {}",
                    listed.record.owner,
                    clean(&error.to_string())
                );
                failed += 1;
            }
        }
    }
    if !arguments.dry_run {
        failed += left_in_trash(root);
    }
    if failed == 0 { Ok(Exit::Done) } else { Ok(Exit::Failed) }
}

fn left_in_trash(root: &Root) -> usize {
    let left = empty_trash(root);
    if left > 0 {
        eprintln!("writ: {left} removed workspaces in {} cannot be deleted", clean(&root.path().to_string_lossy()));
    }
    left
}

fn chosen(root: &Root, all: &[Listed], arguments: &WorkspaceGc) -> Result<Vec<Verdict>, CommandError> {
    let mut named: BTreeSet<PathBuf> = BTreeSet::new();
    for name in &arguments.sessions {
        named.insert(Listed::find(root, name)?.folder);
    }
    if !named.is_empty() {
        let of = |listed: &Listed| match (named.contains(&listed.folder), listed.state) {
            (false, _) => Verdict::Stays,
            (true, State::Live) => Verdict::Live,
            (true, _) => Verdict::TooOld,
        };
        return Ok(all.iter().map(of).collect());
    }
    let bounds = match arguments.all {
        true => Bounds { age: Span::from_secs(0), bytes: 0 },
        false => Bounds { age: arguments.older_than, bytes: arguments.max_gigabytes.saturating_mul(1 << 30) },
    };
    let facts: Vec<_> = all.iter().map(Listed::facts).collect();
    Ok(judge(&facts, bounds, Clock::System.now()))
}

/// One line about one workspace; nothing about those that stay.
async fn one(root: &Root, listed: &Listed, verdict: Verdict, dry_run: bool) -> Result<String, CommandError> {
    let session = &listed.record.owner;
    if !verdict.removes() {
        return Ok(String::new());
    }
    let what = format!("workspace of session {session} ({})", size(listed.bytes()));
    if dry_run {
        return Ok(format!("would keep and remove the {what}\n"));
    }
    let Some(mut workspace) = Workspace::take(&listed.folder)? else {
        return Err(CommandError::failed("somebody works in it"));
    };
    let kept = remove(root, &mut workspace, Clock::System.now()).await?;
    let place = clean(&listed.record.repository.to_string_lossy());
    Ok(match kept.commit {
        Some(_) => format!("removed the {what}; its work is at {} in {place}\n", listed.record.keep_ref()),
        None => format!("removed the {what}; it had nothing that {place} does not have\n"),
    })
}
