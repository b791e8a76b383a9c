//! Keeping: what a session made goes into the developer's repository, which nothing else of theirs notices.
//!
//! The keep-ref holds one commit. It is the workspace's head where that is all there is. Else it is a commit of all files,
//! changed and untracked ones included, whose parents are the head, then what else would be lost: other branches, stashes,
//! an index of its own, and what an earlier keep held.

use domain::Time;

use super::git::Git;
use super::holding::{self, Holding};
use super::record::KeptCommit;
use super::recover::{ALSO, SUBJECT, WITHOUT_HEAD};
use super::tips::{self, Tip};
use super::{Workspace, create, large, send};
use crate::command_error::CommandError;

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Kept {
    /// The commit at the keep-ref; none when there is nothing that the repository does not have.
    pub(crate) commit: Option<String>,
    /// Branches that came into the repository, with the number of their new commits.
    pub(crate) branches: Vec<(String, usize)>,
    /// How many files were changed or untracked.
    pub(crate) changed_files: usize,
    /// Whether the keep-ref has more than the branches: such files, stashes, what was kept of workspaces made of this one.
    pub(crate) has_more: bool,
    /// What did not work though everything is kept: a branch of that name is in the way, for example.
    pub(crate) notes: Vec<String>,
}

/// Keeps everything that is in a workspace.
///
/// # Errors
/// The workspace or the repository is gone, the disk is full, or something in the workspace cannot be kept; the text says
/// what. Nothing is lost then: the workspace stays.
pub(crate) async fn keep(workspace: &mut Workspace, at: Time) -> Result<Kept, CommandError> {
    check_places(workspace)?;
    let git = workspace.git();
    let holding = holding::look(workspace, &git).await?;
    large::keep_lfs(&workspace.tree(), &workspace.home()).await?;
    let mut kept = Kept { changed_files: holding.changed_files, ..Kept::default() };
    let Some(commit) = commit(workspace, &git, &holding, at).await? else {
        return Ok(kept);
    };
    kept.has_more = holding.head.as_ref() != Some(&commit);
    let branches = send::branches(workspace, &holding).await?;
    let arrived = send::send(workspace, &commit, &branches).await?;
    for branch in branches {
        match arrived.contains(&branch) {
            true => kept.branches.push((branch.name, branch.count)),
            false => kept.notes.push(format!(
                "branch {} in your repository stays as it is: the new commits are at {} only",
                branch.name,
                workspace.record.keep_ref()
            )),
        }
    }
    workspace.record.kept = Some(KeptCommit { commit: commit.clone(), at });
    workspace.record.write(workspace.folder())?;
    kept.commit = Some(commit);
    Ok(kept)
}

fn check_places(workspace: &Workspace) -> Result<(), CommandError> {
    let (tree, record) = (workspace.tree(), &workspace.record);
    if !tree.join(".git").exists() {
        return Err(CommandError::failed(format!("the workspace `{}` was removed by hand", tree.display())).hinted(
            format!("what was kept of it before is at {} in `{}`", record.keep_ref(), record.repository.display()),
        ));
    }
    if !record.git_dir.exists() {
        return Err(CommandError::failed(format!("the repository `{}` is gone", record.repository.display()))
            .hinted(format!("the work is still in `{}`; its older objects were borrowed from there", tree.display())));
    }
    Ok(())
}

/// The commit to keep; none when the repository has it all.
async fn commit(workspace: &Workspace, git: &Git, holding: &Holding, at: Time) -> Result<Option<String>, CommandError> {
    let record = &workspace.record;
    let start = workspace.folder().join(create::REFERENCES);
    let extra = tips::unknown(git, holding.head.as_deref(), &holding.tips, &start).await?;
    let is_untouched = holding.tree == record.start_tree && holding.head.as_deref() == Some(record.base.as_str());
    if is_untouched && extra.is_empty() && record.kept.is_none() {
        return Ok(None);
    }
    let before = before(workspace, git, holding).await?;
    let is_clean = holding.head_tree.as_ref() == Some(&holding.tree);
    if is_clean && extra.is_empty() && before.is_none() {
        return Ok(holding.head.clone());
    }
    let mut parents: Vec<String> = holding.head.iter().cloned().collect();
    parents.extend(extra.iter().map(|tip| tip.commit.clone()));
    if let Some(before) = before {
        if is_same(git, &before, holding, &parents).await? {
            return Ok(Some(before));
        }
        parents.push(before);
    }
    tips::commit(git, &holding.tree, &parents, &message(workspace, holding, &extra), at).await.map(Some)
}

/// What an earlier keep holds and the head does not lead to.
async fn before(workspace: &Workspace, git: &Git, holding: &Holding) -> Result<Option<String>, CommandError> {
    let Some(before) = &workspace.record.kept else { return Ok(None) };
    let head = holding.head.as_deref().unwrap_or_default();
    let is_known = git.ask(&["merge-base", "--is-ancestor", &before.commit, head]).await?.success;
    Ok((!is_known).then(|| before.commit.clone()))
}

/// Whether an earlier keep holds this already: kept twice, the same work is one commit.
async fn is_same(git: &Git, before: &str, holding: &Holding, parents: &[String]) -> Result<bool, CommandError> {
    let said = git.ask(&["show", "--no-patch", "--format=%T %P", before]).await?;
    let text = said.text();
    let mut words = text.split_ascii_whitespace();
    let is_tree = words.next() == Some(holding.tree.as_str());
    let there: Vec<&str> = words.collect();
    Ok(said.success && is_tree && parents.iter().all(|parent| there.contains(&parent.as_str())))
}

fn message(workspace: &Workspace, holding: &Holding, extra: &[Tip]) -> String {
    let owner = &workspace.record.owner;
    let mut text = format!("{SUBJECT}{owner}\n\nKept by writ: all files as they were, ignored ones apart.\n");
    if holding.head.is_none() {
        text.push_str(&format!("{WITHOUT_HEAD}\n"));
    }
    for tip in extra {
        text.push_str(&format!("{ALSO}{} {}\n", tip.commit, tip.name));
    }
    text.push_str(&format!("\nAgent-Session: {}\n", owner.session));
    text
}
