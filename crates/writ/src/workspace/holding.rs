//! What a workspace holds at the moment.

use super::changes::PrivateIndex;
use super::git::Git;
use super::tips::{self, Tip};
use super::{Workspace, create, filters, large, nested};
use crate::command_error::CommandError;

/// All of it.
#[derive(Debug)]
pub(super) struct Holding {
    /// The commit that is checked out; none on a branch without one.
    pub(super) head: Option<String>,
    /// That commit's tree.
    pub(super) head_tree: Option<String>,
    /// The tree of all files, changed and untracked ones included.
    pub(super) tree: String,
    /// What leads to other commits than the head.
    pub(super) tips: Vec<Tip>,
    /// How many files are changed or untracked.
    pub(super) changed_files: usize,
}

/// Looks into a workspace, without touching its index.
///
/// # Errors
/// Something in it cannot be kept.
pub(super) async fn look(workspace: &Workspace, git: &Git) -> Result<Holding, CommandError> {
    let now = filters::now(git, &workspace.record.filters).await?;
    let index = PrivateIndex::of(&workspace.tree().join(".git"), workspace.folder(), "keep-index")?;
    let indexed = index.apply(git.clone());
    let changed = large::changed(&workspace.tree(), &indexed, &now).await?;
    nested::check(&workspace.tree(), &changed).await?;
    let staged = index.tree(&indexed, &now).await?;
    let tree = match &staged {
        Some(staged) if changed.is_empty() => staged.clone(),
        _ => index.tree_of_all(&indexed, &now).await?,
    };
    nested::check_tree(&workspace.tree(), &indexed).await?;
    let (head, head_tree, branch) = head(git).await?;
    let mut tips = tips::look(git, &workspace.folder().join(create::REFERENCES), &workspace.record.keep_ref()).await?;
    if let (Some(head), None) = (&head, branch) {
        tips.push(Tip::detached(head));
    }
    let mut holding = Holding { head, head_tree, tree, tips, changed_files: changed.len() };
    let own = holding.index_tip(workspace, git, staged).await?;
    holding.tips.extend(own);
    Ok(holding)
}

/// The commit, its tree and the branch that are checked out.
async fn head(git: &Git) -> Result<(Option<String>, Option<String>, Option<String>), CommandError> {
    let said = git.ask(&["rev-parse", "HEAD^{commit}", "HEAD^{tree}", "--symbolic-full-name", "HEAD"]).await?;
    if !said.success {
        // A branch without a commit; what is damaged fails further on.
        return Ok((None, None, None));
    }
    let text = said.text();
    let mut lines = text.lines().map(str::to_owned);
    let (head, tree) = (lines.next(), lines.next());
    Ok((head, tree, lines.next().filter(|name| name != "HEAD")))
}

// === impl Holding ===

impl Holding {
    /// An index that says something of its own: neither what the head says nor what the files say.
    async fn index_tip(
        &self,
        workspace: &Workspace,
        git: &Git,
        staged: Option<String>,
    ) -> Result<Option<Tip>, CommandError> {
        let is_own = |staged: &String| *staged != self.tree && Some(staged) != self.head_tree.as_ref();
        let Some(staged) = staged.filter(is_own) else { return Ok(None) };
        let parents: Vec<String> = self.head.iter().cloned().collect();
        // Dated as the workspace, so that the same index is the same commit each time.
        let commit = tips::commit(git, &staged, &parents, "The index\n", workspace.record.made_at).await?;
        Ok(Some(Tip { commit, name: "the index".to_owned() }))
    }
}
