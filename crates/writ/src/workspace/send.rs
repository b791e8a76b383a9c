//! Bringing commits from a workspace into the developer's repository.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::holding::Holding;
use super::{Owner, Workspace, create, names, tips};
use crate::command_error::CommandError;

/// A branch on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    /// The reference in the workspace.
    from: String,
    /// Its name in the developer's repository, without `refs/heads/`.
    pub(super) name: String,
    /// Its commit.
    pub(super) commit: String,
    /// How many of its commits are new.
    pub(super) count: usize,
}

/// Settings so that what has arrived is on the disk.
const SETTINGS: [&str; 3] = ["core.fsync=all", "core.fsyncMethod=batch", "protocol.file.allow=always"];
const FETCH: [&str; 6] =
    ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc"];

/// The branches with commits that the repository did not have at the start.
pub(super) async fn branches(workspace: &Workspace, holding: &Holding) -> Result<Vec<Branch>, CommandError> {
    let (owner, git) = (&workspace.record.owner, workspace.git());
    let start = workspace.folder().join(create::REFERENCES);
    let mut branches: Vec<Branch> = Vec::new();
    for tip in holding.tips.iter().filter(|tip| tip.is_branch()) {
        let count = tips::count_new(&git, &tip.commit, None, &start).await?;
        if count > 0 {
            let name = free_name(owner, tip.branch_name(), &branches);
            branches.push(Branch { from: tip.name.clone(), name, commit: tip.commit.clone(), count });
        }
    }
    Ok(branches)
}

/// `s/ses_…/main` for itself, for `main` and for that of another session, unless another branch has that name already.
fn free_name(owner: &Owner, branch: &str, taken: &[Branch]) -> String {
    let name = format!("{}{}", names::namespace(&owner.session), names::branch_of(owner, branch));
    let is_free = |name: &String| taken.iter().all(|branch| branch.name != *name);
    let numbered = (2..=taken.len() + 1).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

/// Sends the commit for the keep-ref, and the branches as far as nothing of the developer's is in the way. Returns those
/// that arrived.
///
/// # Errors
/// The keep-ref did not arrive.
pub(super) async fn send(
    workspace: &Workspace,
    commit: &str,
    branches: &[Branch],
) -> Result<Vec<Branch>, CommandError> {
    let keep_ref = workspace.record.keep_ref();
    workspace.git().run(&["update-ref", &keep_ref, commit]).await?;
    let own = format!("+{keep_ref}:{keep_ref}");
    let all: Vec<String> = std::iter::once(own.clone()).chain(branches.iter().map(Branch::way)).collect();
    if fetch(workspace, &all).await.is_err() {
        // A branch that is in the way keeps the others from arriving: each by itself then.
        fetch(workspace, &[own]).await?;
        for branch in branches {
            // What is there afterwards is looked at.
            let _ = fetch(workspace, &[branch.way()]).await;
        }
    }
    let there = there(workspace, &keep_ref).await?;
    let is_at = |name: &str, commit: &str| there.get(name).is_some_and(|known| known == commit);
    if !is_at(&keep_ref, commit) {
        return Err(CommandError::failed(format!("{keep_ref} is not what was just kept"))
            .hinted("something else writes into the repository"));
    }
    let arrived = branches.iter().filter(|branch| is_at(&format!("refs/heads/{}", branch.name), &branch.commit));
    Ok(arrived.cloned().collect())
}

impl Branch {
    /// As git is told, without force.
    fn way(&self) -> String {
        format!("{}:refs/heads/{}", self.from, self.name)
    }
}

async fn fetch(workspace: &Workspace, what: &[String]) -> Result<(), CommandError> {
    let tree = workspace.tree();
    let mut arguments: Vec<&OsStr> = SETTINGS.iter().flat_map(|setting| ["-c", setting]).map(OsStr::new).collect();
    arguments.extend(FETCH.iter().map(OsStr::new));
    arguments.push(tree.as_os_str());
    arguments.extend(what.iter().map(OsStr::new));
    // The other side reads settings that an agent may have written.
    let git = workspace.home().with("GIT_ALLOW_PROTOCOL", "file").with("GIT_NO_LAZY_FETCH", "1");
    git.run(&arguments).await.map(drop)
}

/// What the developer's repository has of the session.
async fn there(workspace: &Workspace, keep_ref: &str) -> Result<BTreeMap<String, String>, CommandError> {
    let own = format!("refs/heads/{}", names::namespace(&workspace.record.owner.session));
    let arguments = ["for-each-ref", "--format=%(refname) %(objectname)", keep_ref, own.trim_end_matches('/')];
    let said = workspace.home().run(&arguments).await?.text();
    let pairs = said.lines().filter_map(|line| line.split_once(' '));
    Ok(pairs.map(|(name, commit)| (name.to_owned(), commit.to_owned())).collect())
}
