//! `file:line`: the commit that a line comes from, by `git blame --porcelain` (git-blame(1)).

use std::path::{Path, PathBuf};

use super::Git;
use crate::command_error::CommandError;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: u64,
}

/// Where a line comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blame {
    /// From this commit.
    Commit(String),
    /// From nowhere yet: it was changed since the last commit.
    NotCommitted,
}

// === impl Place ===

impl Place {
    /// Reads `file:line`, or `file:line:column` as compilers write it. None when it has not that form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (rest, last) = text.rsplit_once(':')?;
        let last = number(last)?;
        let (file, line) = match rest.rsplit_once(':').map(|(file, line)| (file, number(line))) {
            Some((file, Some(line))) => (file, line),
            _ => (rest, last),
        };
        (!file.is_empty() && !file.contains("://")).then(|| Self { file: file.into(), line })
    }

    /// The commit the line comes from, as the file is in the working folder now.
    ///
    /// # Errors
    /// There is no such line, or git knows nothing of the file.
    pub(crate) async fn blame(&self) -> Result<(Git, Blame), CommandError> {
        let shown = format!("`{}`", self.file.display());
        let name = self.file.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| CommandError::usage(format!("{shown} is not the name of a file")))?;
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let git = Git::at(folder.unwrap_or_else(|| Path::new(".")));
        let lines = format!("{0},{0}", self.line);
        let said = git.run(&["blame", "--porcelain", "--no-textconv", "-L", &lines, "--", name]).await?;
        if !said.success {
            return Err(CommandError::failed(format!("git cannot tell where {shown} comes from: {}", said.reason())));
        }
        let text = said.text();
        let commit = text.split(' ').next().unwrap_or_default();
        // Lines that are in no commit have the id that is all zeros.
        let is_committed = commit.bytes().any(|digit| digit != b'0');
        Ok((git, if is_committed { Blame::Commit(commit.to_owned()) } else { Blame::NotCommitted }))
    }
}

fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && *number > 0)
}
