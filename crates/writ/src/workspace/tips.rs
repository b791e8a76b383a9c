//! What a workspace has besides its head: branches, tags, notes and stashes that changed since it was made.

use std::collections::BTreeSet;
use std::path::Path;

use domain::Time;

use super::git::Git;
use crate::command_error::CommandError;
use crate::limits::KEPT_TIPS_MAX;

use super::record::KEPT;

/// A commit that something other than the head leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tip {
    /// Its id.
    pub(super) commit: String,
    /// What leads to it: a reference, or a few words.
    pub(super) name: String,
}

const BRANCHES: &str = "refs/heads/";
const HEAD: &str = "HEAD";
const STASH: &str = "refs/stash";

// === impl Tip ===

impl Tip {
    /// A head that is on no branch.
    pub(super) fn detached(commit: &str) -> Self {
        Self { commit: commit.to_owned(), name: HEAD.to_owned() }
    }

    /// Whether it is a branch, or a head that is on none.
    pub(super) fn is_branch(&self) -> bool {
        self.name == HEAD || self.name.starts_with(BRANCHES)
    }

    /// The branch's name; `HEAD` for a head that is on none.
    pub(super) fn branch_name(&self) -> &str {
        self.name.strip_prefix(BRANCHES).unwrap_or(&self.name)
    }
}

/// References that are not as they were, and all stashes; also what is kept here of workspaces that were made of this one,
/// whose own keep-ref is `own`.
pub(super) async fn look(git: &Git, start: &Path, own: &str) -> Result<Vec<Tip>, CommandError> {
    let before = read(start)?;
    let before: BTreeSet<&str> = before.lines().collect();
    let format = "--format=%(objecttype) %(objectname) %(refname)";
    let said = git.run(&["for-each-ref", format, "refs/heads", "refs/tags", "refs/notes", KEPT, STASH]).await?.text();
    let mut tips = Vec::new();
    for line in said.lines() {
        let Some((kind, rest)) = line.split_once(' ').filter(|(_, rest)| !before.contains(rest)) else { continue };
        let Some((object, name)) = rest.split_once(' ') else { continue };
        // It says where earlier work is, not that there is some.
        if name == own {
            continue;
        }
        if name == STASH {
            tips.extend(stashes(git).await?);
        }
        if let Some(commit) = commit_of(git, kind, object).await? {
            tips.push(Tip { commit, name: name.to_owned() });
        }
        if tips.len() > KEPT_TIPS_MAX {
            return Err(CommandError::failed(format!(
                "the workspace has more than {KEPT_TIPS_MAX} new branches, tags and stashes"
            ))
            .hinted("push or delete some, then keep it with `writ workspace gc`"));
        }
    }
    Ok(tips)
}

/// A tag leads to the commit that it is on; a tag of a tree or a file leads to none.
async fn commit_of(git: &Git, kind: &str, object: &str) -> Result<Option<String>, CommandError> {
    if kind == "commit" {
        return Ok(Some(object.to_owned()));
    }
    let said = git.ask(&["rev-parse", "--verify", "--quiet", &format!("{object}^{{commit}}")]).await?;
    Ok(said.success.then(|| said.text()))
}

/// All but the newest are in the reference's history only.
async fn stashes(git: &Git) -> Result<Vec<Tip>, CommandError> {
    let said = git.run(&["log", "--walk-reflogs", "--format=%H", STASH, "--"]).await?;
    let text = said.text();
    let tips = text.lines().take(KEPT_TIPS_MAX).enumerate();
    Ok(tips.map(|(index, commit)| Tip { commit: commit.to_owned(), name: format!("stash@{{{index}}}") }).collect())
}

/// Those that neither the head nor any reference of the start leads to; of several in a row the last.
pub(super) async fn unknown(
    git: &Git,
    head: Option<&str>,
    tips: &[Tip],
    start: &Path,
) -> Result<Vec<Tip>, CommandError> {
    let mut fresh: Vec<Tip> = Vec::new();
    for tip in tips {
        let is_there = fresh.iter().any(|known| known.commit == tip.commit) || head == Some(tip.commit.as_str());
        if !is_there && count_new(git, &tip.commit, head, start).await? > 0 {
            fresh.push(tip.clone());
        }
    }
    Ok(fresh)
}

/// How many commits of a tip no reference of the start leads to, nor `without`.
pub(super) async fn count_new(
    git: &Git,
    tip: &str,
    without: Option<&str>,
    start: &Path,
) -> Result<usize, CommandError> {
    let before = read(start)?;
    let known = before.lines().filter_map(|line| line.split_once(' ')).map(|(commit, _)| commit).chain(without);
    let known: BTreeSet<_> = known.collect();
    let mut input = format!("{tip}\n");
    for commit in known {
        input.push_str(&format!("^{commit}\n"));
    }
    // A reference of the start may be to an object that is gone meanwhile, or to no commit.
    let said = git.run_with(&["rev-list", "--count", "--ignore-missing", "--stdin"], input.as_bytes()).await?;
    said.text().parse().map_err(|_| CommandError::failed("git counts in a way that is not understood"))
}

fn read(start: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(start)
        .map_err(|error| CommandError::failed("the workspace's references at its start cannot be read").because(&error))
}

/// A commit of writ's own: nobody's name is on it, and no hook or signature is asked for. The same at the same time is the
/// same commit.
pub(super) async fn commit(
    git: &Git,
    tree: &str,
    parents: &[String],
    message: &str,
    at: Time,
) -> Result<String, CommandError> {
    let date = format!("@{} +0000", at.unix_millis() / 1000);
    let values = [
        ("GIT_AUTHOR_NAME", "writ"),
        ("GIT_AUTHOR_EMAIL", "writ@localhost"),
        ("GIT_AUTHOR_DATE", &date),
        ("GIT_COMMITTER_NAME", "writ"),
        ("GIT_COMMITTER_EMAIL", "writ@localhost"),
        ("GIT_COMMITTER_DATE", &date),
    ];
    let git = values.into_iter().fold(git.clone(), |git, (name, value)| git.with(name, value));
    let mut arguments = vec!["commit-tree", "--no-gpg-sign", tree];
    arguments.extend(parents.iter().flat_map(|parent| ["-p", parent]));
    git.run_with(&arguments, message.as_bytes()).await.map(|said| said.text())
}
