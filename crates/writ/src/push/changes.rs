//! Which paths a push touches, and which commits it brings.
//!
//! Each commit that the server does not have yet is compared with its parent, and a merge with what git itself would have
//! merged: so what others did, and was merged into a branch, is not laid at the door of whoever pushes, and what a merge
//! dropped or changed on the way is. Where a ref moves that is not a session's own, its old and its new tree are compared
//! as well: that is what changes for those who follow it, whoever pushed the commits before.
//!
//! Renames are not detected: both sides are touched. Rescued work (`refs/writ/`) is looked at when it comes to a branch.

mod listing;

use std::collections::BTreeMap;

use brokers::ssh::{CommitError, claimed_authority, verify_commit};

use super::limits::{
    CHANGES_BYTES_MAX, COMMIT_OBJECTS_BYTES_MAX, COMMITS_MAX, COMMITS_TOLD_MAX, OCTOPUSES_MAX, PATHS_MAX,
};
use super::repository::{GitError, Repository, failed};
use super::update::{ObjectId, Update};

pub(crate) use listing::Touched;

/// Everything that a push changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// How each ref moves, in the order of the push.
    pub(crate) kinds: Vec<Kind>,
    /// What is touched, by path.
    pub(crate) paths: BTreeMap<Vec<u8>, Touched>,
    /// The commits that are new here, newest first; those after [`COMMITS_TOLD_MAX`] are counted only.
    pub(crate) commits: Vec<Commit>,
    /// How many there are.
    pub(crate) commit_count: usize,
}

/// How a ref moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// It is new.
    Create,
    /// It goes forward.
    Update,
    /// It goes away.
    Delete,
    /// It goes elsewhere: what it was is not part of what it is.
    Force,
}

/// A commit that is new here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its id.
    pub(crate) id: ObjectId,
    /// Its trailers `Agent-Session`: claims.
    pub(crate) sessions: Vec<String>,
    /// What its signature proves.
    pub(crate) signature: Signature,
}

/// What a commit's signature proves: the signature is the certificate's, the certificate is the authority's. Whether that
/// is the control plane's own authority, the control plane knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signature {
    /// Nothing: there is none, or it is no good; why.
    None(String),
    /// It is this session's.
    Session {
        /// Whose certificate signed.
        session: String,
        /// Fingerprint of the authority that made the certificate.
        authority: String,
    },
}

/// Refs under which sessions rescue work.
const KEPT: &str = "refs/writ/";
/// Where sessions have their own refs.
const OWN: [&str; 2] = ["refs/heads/s/", "refs/tags/s/"];

/// Git lists what it finds with these, whatever the repository's settings say.
const DIFF: [&str; 7] =
    ["-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none"];

/// Finds out what a push changes.
///
/// # Errors
/// Git fails, or it is more than the bounds of [`super::limits`] allow: the push is refused then.
pub(crate) async fn of(repository: &Repository, updates: &[Update]) -> Result<Changes, GitError> {
    let mut changes = Changes::default();
    let tips: Vec<&ObjectId> =
        updates.iter().filter(|update| !update.new.is_zero() && !is_kept(update)).map(|update| &update.new).collect();
    check_tips(repository, updates).await?;
    if !tips.is_empty() {
        history(repository, &tips, &mut changes).await?;
    }
    for update in updates {
        let kind = kind(repository, update).await?;
        changes.kinds.push(kind);
        if matches!(kind, Kind::Update | Kind::Force) && !is_own(update) {
            let between = ["diff-tree", "-r"].iter().chain(&DIFF).copied();
            let between: Vec<&str> = between.chain([update.old.as_str(), update.new.as_str(), "--"]).collect();
            let listed = repository.ask(&between, b"", CHANGES_BYTES_MAX).await?;
            listing::touched(&listed, &mut changes.paths)?;
        }
    }
    if changes.paths.len() > PATHS_MAX {
        return Err(GitError(format!(
            "this push touches {} paths, the limit is {PATHS_MAX}; push it in parts",
            changes.paths.len()
        )));
    }
    look_at_signatures(repository, &mut changes.commits).await?;
    Ok(changes)
}

fn is_kept(update: &Update) -> bool {
    update.name.starts_with(KEPT)
}

fn is_own(update: &Update) -> bool {
    is_kept(update) || OWN.iter().any(|prefix| update.name.starts_with(prefix))
}

/// A branch is a commit, git itself sees to that. Anything else must lead to one: of a tree, or of an object that is not
/// there, nothing could be said.
async fn check_tips(repository: &Repository, updates: &[Update]) -> Result<(), GitError> {
    let is_unsure = |update: &&Update| !update.new.is_zero() && !update.name.starts_with("refs/heads/");
    let unsure: Vec<&Update> = updates.iter().filter(is_unsure).collect();
    if unsure.is_empty() {
        return Ok(());
    }
    let questions: String = unsure.iter().map(|update| format!("{}^{{commit}}\n", update.new)).collect();
    let answers = repository.ask(&["cat-file", "--batch-check=%(objecttype)"], questions.as_bytes(), 1 << 20).await?;
    let answers = String::from_utf8_lossy(&answers);
    let mut lines = answers.lines();
    match unsure.iter().find(|_| lines.next() != Some("commit")) {
        None => Ok(()),
        Some(update) => {
            Err(GitError(format!("`{}` would be no commit, and of others nothing can be said", update.name)))
        }
    }
}

async fn history(repository: &Repository, tips: &[&ObjectId], changes: &mut Changes) -> Result<(), GitError> {
    let format = format!("--format={}", listing::FORMAT);
    let listing = ["log", "--no-show-signature", "--no-color", "--root", &format];
    let new = tips.iter().map(|tip| tip.as_str()).chain(["--not", "--exclude=refs/writ/*", "--all", "--"]);
    let listed = |more: &[&'static str]| {
        let arguments: Vec<&str> = listing.iter().chain(more).copied().chain(new.clone()).collect();
        async move { repository.ask(&arguments, b"", CHANGES_BYTES_MAX).await }
    };
    let with_changes: Vec<&str> = ["--max-parents=2", "--remerge-diff"].into_iter().chain(DIFF).collect();
    // Of a merge of three and more branches git says what it would have merged in words only.
    let (usual, octopuses) = tokio::try_join!(listed(&with_changes), listed(&["-z", "-s", "--min-parents=3"]))?;
    let mut read = listing::history(&usual, &mut changes.paths)?;
    read.append(listing::history(&octopuses, &mut changes.paths)?);
    changes.commit_count = read.count;
    if read.count > COMMITS_MAX {
        return Err(GitError(format!(
            "this push brings {} commits, the limit is {COMMITS_MAX}; push it in parts",
            read.count
        )));
    }
    if read.octopuses.len() > OCTOPUSES_MAX {
        return Err(GitError(format!("this push brings more than {OCTOPUSES_MAX} merges of three and more branches")));
    }
    for octopus in &read.octopuses {
        // Git makes no such merge by itself: what differs from any of the parents counts.
        let with_each = ["diff-tree", "-r", "-m", "--no-commit-id"].iter().chain(&DIFF).copied();
        let with_each: Vec<&str> = with_each.chain([octopus.as_str(), "--"]).collect();
        let listed = repository.ask(&with_each, b"", CHANGES_BYTES_MAX).await?;
        listing::touched(&listed, &mut changes.paths)?;
    }
    changes.commits = read.commits;
    Ok(())
}

async fn kind(repository: &Repository, update: &Update) -> Result<Kind, GitError> {
    match (update.old.is_zero(), update.new.is_zero()) {
        (_, true) => return Ok(Kind::Delete),
        (true, false) => return Ok(Kind::Create),
        (false, false) => {}
    }
    let arguments = ["merge-base", "--is-ancestor", update.old.as_str(), update.new.as_str()];
    let ended = repository.run(&arguments, b"", 1 << 10).await?;
    match ended.code {
        Some(0) => Ok(Kind::Update),
        Some(1) => Ok(Kind::Force),
        _ => Err(failed(&ended, &arguments)),
    }
}

/// Reads the commits themselves; those that there are too many of stay unproven.
async fn look_at_signatures(repository: &Repository, commits: &mut [Commit]) -> Result<(), GitError> {
    if commits.is_empty() {
        return Ok(());
    }
    let ids: String = commits.iter().map(|commit| format!("{}\n", commit.id)).collect();
    let objects = repository.ask(&["cat-file", "--batch"], ids.as_bytes(), COMMIT_OBJECTS_BYTES_MAX).await?;
    let mut rest = objects.as_slice();
    for commit in commits {
        let (raw, after) = listing::object(rest, &commit.id)?;
        commit.signature = signature(raw);
        rest = after;
    }
    Ok(())
}

fn signature(raw: &[u8]) -> Signature {
    let proven = claimed_authority(raw).and_then(|authority| Ok((verify_commit(raw, &authority)?, authority)));
    match proven {
        Ok((signed, authority)) => {
            Signature::Session { session: signed.session.to_string(), authority: authority.fingerprint() }
        }
        Err(error) => Signature::None(said(&error)),
    }
}

fn said(error: &CommitError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
