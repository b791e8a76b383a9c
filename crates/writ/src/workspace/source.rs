//! The developer's repository, from which a workspace is made and to which its work comes back.

use std::path::{Path, PathBuf};

use super::git::{Git, Said, Trust};
use crate::command_error::CommandError;

/// A repository with a working tree and at least one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its `.git` folder; of a linked working tree: that working tree's own part.
    pub(crate) git_dir: PathBuf,
    /// The part that all its working trees share.
    pub(crate) common_dir: PathBuf,
    /// Where its objects lie.
    pub(crate) objects: PathBuf,
    /// The top of the working tree.
    pub(crate) top: PathBuf,
    /// Where below the top the developer stands.
    pub(crate) prefix: PathBuf,
    /// The commit that is checked out.
    pub(crate) head: String,
    /// The branch that is checked out; none when a commit is.
    pub(crate) branch: Option<String>,
    /// `sha1` or `sha256`.
    pub(crate) object_format: String,
}

/// What a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Inside a working tree.
    Repository(Box<Source>),
    /// Nothing that a workspace can be made of, and why.
    Nothing(String),
}

/// Variables by which a developer tells git where to work.
const PLACES: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"];

// === impl Source ===

impl Source {
    /// Looks at a folder.
    ///
    /// # Errors
    /// Git cannot be run, or the repository is damaged.
    pub(crate) async fn find(folder: &Path) -> Result<Found, CommandError> {
        let mut git = Git::at(folder, Trust::Developer);
        for name in PLACES {
            if let Some(value) = std::env::var_os(name) {
                git = git.with(name, value);
            }
        }
        let inside = git.ask(&["rev-parse", "--is-inside-work-tree"]).await?;
        if !inside.success {
            return Ok(Found::Nothing(without_repository(&inside)));
        }
        if inside.text() != "true" {
            return Ok(Found::Nothing(
                "there is no working tree here: the repository is bare, or this is inside its `.git`".to_owned(),
            ));
        }
        let head = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).await?;
        if !head.success {
            return Ok(Found::Nothing(without_commit(&git).await?));
        }
        Self::look(&git, head.text()).await.map(|source| Found::Repository(Box::new(source)))
    }

    async fn look(git: &Git, head: String) -> Result<Self, CommandError> {
        let path = async |what: &[&str]| {
            let arguments = [&["rev-parse", "--path-format=absolute"], what].concat();
            git.run(&arguments).await.map(|said| said.path())
        };
        let branch = git.ask(&["symbolic-ref", "--quiet", "--short", "HEAD"]).await?;
        Ok(Self {
            git_dir: path(&["--absolute-git-dir"]).await?,
            common_dir: path(&["--git-common-dir"]).await?,
            objects: path(&["--git-path", "objects"]).await?,
            top: path(&["--show-toplevel"]).await?,
            prefix: git.run(&["rev-parse", "--show-prefix"]).await?.path(),
            head,
            branch: branch.success.then(|| branch.text()),
            object_format: git.run(&["rev-parse", "--show-object-format"]).await?.text(),
        })
    }

    /// Git in this repository.
    pub(super) fn git(&self) -> Git {
        Git::of(&self.git_dir, &self.top, Trust::Developer)
    }

    /// The folder's name, which people know the repository by.
    pub(crate) fn name(&self) -> String {
        self.top.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// How many files are changed or untracked.
    ///
    /// # Errors
    /// Git fails.
    pub(crate) async fn changed_files(&self) -> Result<usize, CommandError> {
        changed_files_with(&self.git(), &[]).await
    }

    /// A setting of the developer's, wherever it is set.
    ///
    /// # Errors
    /// Git fails, or it is neither true nor false.
    pub(crate) async fn flag(&self, name: &str) -> Result<Option<bool>, CommandError> {
        let said = self.git().ask(&["config", "--type=bool", "--get", name]).await?;
        match (said.success, said.text().as_str()) {
            (true, "true") => Ok(Some(true)),
            (true, _) => Ok(Some(false)),
            (false, _) if said.is_silent() => Ok(None),
            (false, _) => Err(CommandError::usage(format!("git's setting `{name}`: {}", said.reason()))),
        }
    }
}

/// How many files of a working tree are changed or untracked.
pub(super) async fn changed_files_with(git: &Git, settings: &[String]) -> Result<usize, CommandError> {
    let mut arguments: Vec<&str> = settings.iter().flat_map(|setting| ["-c", setting]).collect();
    arguments.extend(["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"]);
    Ok(git.run(&arguments).await?.pieces().count())
}

fn without_repository(said: &Said) -> String {
    let reason = said.reason();
    if reason.contains("not a git repository") { "this is not in a git repository".to_owned() } else { reason }
}

/// Unborn, or a branch that names a commit that is not there.
async fn without_commit(git: &Git) -> Result<String, CommandError> {
    let any = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"]).await?;
    if any.success {
        return Err(CommandError::failed("the repository is damaged: the commit that is checked out cannot be read")
            .hinted("`git fsck` says more; `writ run --here` works in the folder as it is"));
    }
    Ok("the repository has no commit yet".to_owned())
}
