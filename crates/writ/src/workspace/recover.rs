//! Work that was kept, as a branch to go on from.

use super::git::Git;
use super::record::keep_ref;
use super::tips;
use super::{Owner, Source};
use crate::command_error::CommandError;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// The branch.
    pub(crate) branch: String,
    /// Its commit.
    pub(crate) commit: String,
    /// Whether its newest commit is writ's own, of files that were changed or untracked.
    pub(crate) has_changes: bool,
    /// What was kept besides: commit and what it was.
    pub(crate) others: Vec<(String, String)>,
}

/// The first line of what [`super::keep`] writes into a commit of its own.
pub(super) const SUBJECT: &str = "Work in progress of session ";
/// How it says what else is kept.
pub(super) const ALSO: &str = "Also kept: ";
/// How it says that the first parent is no head.
pub(super) const WITHOUT_HEAD: &str = "The branch had no commit.";

/// Makes a branch of what is at the keep-ref of a session. Nothing is checked out.
///
/// # Errors
/// Nothing is kept there, or the branch is there already with something else.
pub(crate) async fn recover(source: &Source, owner: &Owner, branch: Option<&str>) -> Result<Recovered, CommandError> {
    let git = source.git();
    let kept = git.ask(&["rev-parse", "--verify", "--quiet", &format!("{}^{{commit}}", keep_ref(owner))]).await?;
    if !kept.success {
        return Err(CommandError::failed(format!("nothing of session {owner} is kept in `{}`", source.top.display()))
            .hinted("`git for-each-ref refs/writ/keep` lists what is"));
    }
    let kept = kept.text();
    let message = git.run(&["show", "--no-patch", "--format=%B", &kept]).await?.text();
    let has_changes = message.starts_with(SUBJECT);
    let commit = if has_changes { straight(&git, &kept, &message).await? } else { kept };
    let branch = branch.map_or_else(|| format!("recovered/{}", owner.short().to_ascii_lowercase()), str::to_owned);
    put(&git, &branch, &commit).await?;
    let others = message.lines().filter_map(|line| line.strip_prefix(ALSO)?.split_once(' '));
    let others = others.map(|(commit, name)| (commit.to_owned(), name.to_owned())).collect();
    Ok(Recovered { branch, commit, has_changes, others })
}

/// The same files and message with one parent, as people know commits.
async fn straight(git: &Git, kept: &str, message: &str) -> Result<String, CommandError> {
    let said = git.run(&["show", "--no-patch", "--format=%T %ct %P", kept]).await?.text();
    let mut words = said.split(' ');
    let (Some(tree), Some(seconds)) = (words.next(), words.next()) else {
        return Err(CommandError::failed("git shows a commit in a way that is not understood"));
    };
    // The head comes first, where there was one.
    let has_head = !message.lines().any(|line| line == WITHOUT_HEAD);
    let parents = words.take(usize::from(has_head)).filter(|word| !word.is_empty()).map(str::to_owned);
    let parents: Vec<String> = parents.collect();
    let at = domain::Time::from_unix_millis(seconds.parse::<i64>().unwrap_or_default().saturating_mul(1000));
    tips::commit(git, tree, &parents, &format!("{}\n", message.trim_end()), at).await
}

async fn put(git: &Git, branch: &str, commit: &str) -> Result<(), CommandError> {
    let name = format!("refs/heads/{branch}");
    if !git.ask(&["check-ref-format", &name]).await?.success {
        return Err(CommandError::usage(format!("`{branch}` is no name of a branch")));
    }
    let there = git.ask(&["rev-parse", "--verify", "--quiet", &name]).await?;
    match there.success {
        true if there.text() == commit => Ok(()),
        true => {
            Err(CommandError::failed(format!("there is a branch {branch} already"))
                .hinted("name another with --branch"))
        }
        // No commit before: whoever made the branch meanwhile wins.
        false => git.run(&["update-ref", &name, commit, ""]).await.map(drop),
    }
}
