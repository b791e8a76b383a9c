//! Keeping: what a session made goes into the developer's repository, which nothing else of theirs notices.
//!
//! The keep-ref holds one commit. It is the workspace's head where that is all there is. Else it is a commit of all files,
//! changed and untracked ones included, whose parents are the head, then what else would be lost: other branches, stashes,
//! an index of its own, and what an earlier keep held.

use domain::Time;

use super::changes::PrivateIndex;
use super::git::Git;
use super::record::KeptCommit;
use super::recover::{ALSO, SUBJECT, WITHOUT_HEAD};
use super::tips::{self, Tip};
use super::{Workspace, create, filters, large, names, nested};
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
    /// What did not work though everything is kept: a branch of that name is in the way, for example.
    pub(crate) notes: Vec<String>,
}

/// What a workspace holds.
struct Holding {
    head: Option<String>,
    tree: String,
    tips: Vec<Tip>,
    changed_files: usize,
}

/// Keeps everything that is in a workspace.
///
/// # Errors
/// The workspace or the repository is gone, the disk is full, or something in the workspace cannot be kept; the text says
/// what. Nothing is lost then: the workspace stays.
pub(crate) async fn keep(workspace: &mut Workspace, at: Time) -> Result<Kept, CommandError> {
    check_places(workspace)?;
    let git = workspace.git();
    let off = filters::without_new(&git, &workspace.record.filters).await?;
    nested::check(&workspace.tree(), &git).await?;
    let holding = look(workspace, &git, &off).await?;
    large::keep_lfs(&workspace.tree(), &workspace.home()).await?;
    let mut kept = Kept { changed_files: holding.changed_files, ..Kept::default() };
    let Some(commit) = commit(workspace, &git, &holding, at).await? else {
        return Ok(kept);
    };
    let keep_ref = workspace.record.keep_ref();
    git.run(&["update-ref", &keep_ref, &commit]).await?;
    fetch(workspace, &[format!("+{keep_ref}:{keep_ref}")]).await?;
    check_arrived(workspace, &keep_ref, &commit).await?;
    branches(workspace, &git, &holding, &mut kept).await?;
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

async fn look(workspace: &Workspace, git: &Git, off: &[String]) -> Result<Holding, CommandError> {
    let head = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).await?;
    let head = head.success.then(|| head.text());
    let index = PrivateIndex::of(&workspace.tree().join(".git"), workspace.folder(), "keep-index")?;
    let indexed = index.apply(git.clone());
    let staged = index.tree(&indexed).await?;
    let changed_files = large::check(&workspace.tree(), &indexed, off).await?;
    let tree = index.tree_of_all(&indexed, off).await?;
    nested::check_tree(&workspace.tree(), &indexed).await?;
    let mut tips = tips::look(git, &workspace.folder().join(create::REFERENCES)).await?;
    if let Some(tip) = index_tip(workspace, git, head.as_ref(), (&tree, staged)).await? {
        tips.push(tip);
    }
    Ok(Holding { head, tree, tips, changed_files })
}

/// An index that says something of its own: neither what the head says nor what the files say.
async fn index_tip(
    workspace: &Workspace,
    git: &Git,
    head: Option<&String>,
    (tree, staged): (&str, Option<String>),
) -> Result<Option<Tip>, CommandError> {
    let head_tree = match head {
        Some(head) => git.run(&["rev-parse", &format!("{head}^{{tree}}")]).await?.text(),
        None => String::new(),
    };
    let Some(staged) = staged.filter(|staged| staged != tree && *staged != head_tree) else { return Ok(None) };
    let parents: Vec<String> = head.into_iter().cloned().collect();
    // Dated as the workspace, so that the same index is the same commit each time.
    let commit = tips::commit(git, &staged, &parents, "The index\n", workspace.record.made_at).await?;
    Ok(Some(Tip { commit, name: "the index".to_owned() }))
}

/// The commit to keep; none when the repository has it all.
async fn commit(workspace: &Workspace, git: &Git, holding: &Holding, at: Time) -> Result<Option<String>, CommandError> {
    let record = &workspace.record;
    let extra =
        tips::unknown(git, holding.head.as_deref(), &holding.tips, &workspace.folder().join(create::REFERENCES))
            .await?;
    let is_untouched = holding.tree == record.start_tree && holding.head.as_deref() == Some(record.base.as_str());
    if is_untouched && extra.is_empty() && record.kept.is_none() {
        return Ok(None);
    }
    if let (Some(head), true) = (&holding.head, extra.is_empty()) {
        let head_tree = git.run(&["rev-parse", &format!("{head}^{{tree}}")]).await?.text();
        if head_tree == holding.tree && !holds_more(workspace, git, head).await? {
            return Ok(Some(head.clone()));
        }
    }
    let parents = parents(workspace, git, holding, &extra).await?;
    if let Some(same) = same_as_before(workspace, git, holding, &parents).await? {
        return Ok(Some(same));
    }
    let message = message(workspace, holding, &extra);
    tips::commit(git, &holding.tree, &parents, &message, at).await.map(Some)
}

/// Whether an earlier keep has something that this head does not lead to.
async fn holds_more(workspace: &Workspace, git: &Git, head: &str) -> Result<bool, CommandError> {
    let Some(before) = &workspace.record.kept else { return Ok(false) };
    Ok(!git.ask(&["merge-base", "--is-ancestor", &before.commit, head]).await?.success)
}

async fn parents(
    workspace: &Workspace,
    git: &Git,
    holding: &Holding,
    extra: &[Tip],
) -> Result<Vec<String>, CommandError> {
    let mut parents: Vec<String> = holding.head.iter().cloned().collect();
    parents.extend(extra.iter().map(|tip| tip.commit.clone()));
    if let (Some(before), Some(head)) = (&workspace.record.kept, &holding.head)
        && holds_more(workspace, git, head).await?
    {
        parents.push(before.commit.clone());
    }
    Ok(parents)
}

/// Kept twice, the same work is one commit.
async fn same_as_before(
    workspace: &Workspace,
    git: &Git,
    holding: &Holding,
    parents: &[String],
) -> Result<Option<String>, CommandError> {
    let Some(before) = &workspace.record.kept else { return Ok(None) };
    let said = git.ask(&["show", "--no-patch", "--format=%T %P", &before.commit]).await?;
    let without_it: Vec<&str> = parents.iter().map(String::as_str).filter(|parent| *parent != before.commit).collect();
    let expected = format!("{} {}", holding.tree, without_it.join(" "));
    Ok((said.success && said.text().trim() == expected.trim()).then(|| before.commit.clone()))
}

fn message(workspace: &Workspace, holding: &Holding, extra: &[Tip]) -> String {
    let session = workspace.record.session;
    let mut text = format!("{SUBJECT}{session}\n\nKept by writ: all files as they were, ignored ones apart.\n");
    if holding.head.is_none() {
        text.push_str(&format!("{WITHOUT_HEAD}\n"));
    }
    for tip in extra {
        text.push_str(&format!("{ALSO}{} {}\n", tip.commit, tip.name));
    }
    text.push_str(&format!("\nAgent-Session: {session}\n"));
    text
}

/// Commits into branches of the developer's: as far as nothing of theirs is in the way.
async fn branches(workspace: &Workspace, git: &Git, holding: &Holding, kept: &mut Kept) -> Result<(), CommandError> {
    let namespace = names::namespace(&workspace.record.session);
    let mut taken = Vec::new();
    for tip in holding.tips.iter().filter(|tip| tip.is_branch()) {
        let count = tips::count_new(git, &tip.commit, &workspace.folder().join(create::REFERENCES)).await?;
        if count == 0 {
            continue;
        }
        let name = free_name(&namespace, tip.branch_name(), &taken);
        match fetch(workspace, &[format!("{}:refs/heads/{name}", tip.name)]).await {
            Ok(()) => kept.branches.push((name.clone(), count)),
            Err(error) => {
                kept.notes.push(format!("branch {name} stays as it is ({error}): the commits are at the keep-ref"))
            }
        }
        taken.push(name);
    }
    Ok(())
}

/// `s/ses_…/main` for itself and for `main`, unless another branch has that name already.
fn free_name(namespace: &str, branch: &str, taken: &[String]) -> String {
    let rest = branch.strip_prefix(namespace).unwrap_or(branch);
    let name = format!("{namespace}{}", names::slug(rest));
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name)
}

/// Fetches from the workspace, so that it is on the disk when it is there.
async fn fetch(workspace: &Workspace, what: &[String]) -> Result<(), CommandError> {
    let tree = workspace.tree();
    let settings =
        ["core.fsync=all", "core.fsyncMethod=batch", "protocol.file.allow=always", "fetch.fsckObjects=false"];
    let mut arguments: Vec<&std::ffi::OsStr> =
        settings.iter().flat_map(|setting| ["-c", setting]).map(AsRef::as_ref).collect();
    let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc"];
    arguments.extend(fetch.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    arguments.push(tree.as_os_str());
    arguments.extend(what.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    workspace.home().run(&arguments).await.map(drop)
}

/// Believes nothing: the reference is read back.
async fn check_arrived(workspace: &Workspace, keep_ref: &str, commit: &str) -> Result<(), CommandError> {
    let said = workspace.home().run(&["rev-parse", "--verify", &format!("{keep_ref}^{{commit}}")]).await?;
    if said.text() == commit {
        return Ok(());
    }
    Err(CommandError::failed(format!("{keep_ref} is not what was just kept"))
        .hinted("something else writes into the repository"))
}
