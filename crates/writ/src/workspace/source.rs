//! The developer's repository, from which a workspace is made and to which its work comes back.

use std::path::{Path, PathBuf};

use super::config::{self, Setting};
use super::git::{self, Git, Trust};
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
    /// Its tree.
    pub(crate) tree: String,
    /// The branch that is checked out; none when a commit is.
    pub(crate) branch: Option<String>,
    /// `sha1` or `sha256`.
    pub(crate) object_format: String,
    /// All settings that hold there.
    pub(super) settings: Vec<Setting>,
    /// Whose settings they are.
    pub(super) trust: Trust,
}

/// What a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Inside a working tree.
    Repository(Box<Source>),
    /// Nothing that a workspace can be made of, and why.
    Nothing(String),
}

/// What `git rev-parse` is asked, in the order of its answers.
const QUESTIONS: [&str; 11] = [
    "--show-toplevel",
    "--absolute-git-dir",
    "--git-common-dir",
    "--git-path",
    "objects",
    "--show-prefix",
    "--show-object-format",
    "HEAD^{commit}",
    "HEAD^{tree}",
    "--symbolic-full-name",
    "HEAD",
];
const QUESTIONS_COUNT: usize = 9;

/// Variables by which a developer tells git where to work.
const PLACES: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"];

// === impl Source ===

impl Source {
    /// Looks at a folder of the developer's.
    ///
    /// # Errors
    /// Git cannot be run, or the repository is damaged.
    pub(crate) async fn find(folder: &Path) -> Result<Found, CommandError> {
        let mut git = Git::at(folder, Trust::Developer);
        for name in PLACES {
            if let Some(value) = std::env::var_os(name) {
                git = git.with(name, &value);
            }
        }
        Self::look(git, Trust::Developer).await
    }

    /// Looks at a folder in which an agent works: what it may have written into the settings gets nothing of the
    /// developer's.
    ///
    /// # Errors
    /// As above.
    pub(crate) async fn find_of_agent(folder: &Path) -> Result<Found, CommandError> {
        Self::look(Git::at(folder, Trust::Agent), Trust::Agent).await
    }

    async fn look(git: Git, trust: Trust) -> Result<Found, CommandError> {
        if !git::is_installed() {
            return Ok(Found::Nothing("git is not installed".to_owned()));
        }
        let said = git.ask(&[&["rev-parse", "--path-format=absolute"], &QUESTIONS[..]].concat()).await?;
        if !said.success {
            return nothing(&git).await.map(Found::Nothing);
        }
        let lines: Vec<PathBuf> = said.lines().collect();
        let answers = match <[PathBuf; QUESTIONS_COUNT]>::try_from(lines) {
            Ok(answers) => answers,
            // A path with a line end in it: one question at a time.
            Err(_) => one_by_one(&git).await?,
        };
        let settings = config::list(&git).await?;
        Ok(Found::Repository(Box::new(Self::of(answers, settings, trust))))
    }

    fn of(answers: [PathBuf; QUESTIONS_COUNT], settings: Vec<Setting>, trust: Trust) -> Self {
        let [top, git_dir, common_dir, objects, prefix, format, head, tree, branch] = answers;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let branch = text(&branch).strip_prefix("refs/heads/").map(str::to_owned);
        let (object_format, head, tree) = (text(&format), text(&head), text(&tree));
        Self { git_dir, common_dir, objects, top, prefix, head, tree, branch, object_format, settings, trust }
    }

    /// Git in this repository.
    pub(super) fn git(&self) -> Git {
        Git::of(&self.git_dir, &self.top, self.trust)
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

    /// A setting of the developer's that is true or false, wherever it is set.
    ///
    /// # Errors
    /// It is neither.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, CommandError> {
        let Some(setting) = self.settings.iter().rev().find(|setting| setting.key() == name) else { return Ok(None) };
        // git-config(1), "boolean".
        match setting.value().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(Some(true)),
            "false" | "no" | "off" | "0" | "" => Ok(Some(false)),
            other => Err(CommandError::usage(format!(
                "git's setting `{name}` is `{other}`, which is neither true nor false"
            ))),
        }
    }
}

/// How many files of a working tree are changed or untracked.
pub(super) async fn changed_files_with(git: &Git, settings: &[&str]) -> Result<usize, CommandError> {
    let mut arguments = settings.to_vec();
    arguments.extend(["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"]);
    Ok(git.run(&arguments).await?.pieces().count())
}

/// Why there is nothing to make a workspace of.
async fn nothing(git: &Git) -> Result<String, CommandError> {
    let inside = git.ask(&["rev-parse", "--is-inside-work-tree"]).await?;
    if !inside.success {
        let reason = inside.reason();
        let is_none = reason.contains("not a git repository");
        return Ok(if is_none { "this is not in a git repository".to_owned() } else { reason });
    }
    if inside.text() != "true" {
        return Ok("there is no working tree here: the repository is bare, or this is inside its `.git`".to_owned());
    }
    let head = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"]).await?;
    if !head.success {
        return Ok("the repository has no commit yet".to_owned());
    }
    Err(CommandError::failed("the repository is damaged: the commit that is checked out cannot be read")
        .hinted("`git fsck` says more; `writ run --here` works in the folder as it is"))
}

async fn one_by_one(git: &Git) -> Result<[PathBuf; QUESTIONS_COUNT], CommandError> {
    let mut answers = [const { PathBuf::new() }; QUESTIONS_COUNT];
    let questions = [
        &["--show-toplevel"][..],
        &["--absolute-git-dir"],
        &["--git-common-dir"],
        &["--git-path", "objects"],
        &["--show-prefix"],
        &["--show-object-format"],
        &["HEAD^{commit}"],
        &["HEAD^{tree}"],
        &["--symbolic-full-name", "HEAD"],
    ];
    for (answer, question) in answers.iter_mut().zip(questions) {
        *answer = git.run(&[&["rev-parse", "--path-format=absolute"], question].concat()).await?.path();
    }
    Ok(answers)
}
