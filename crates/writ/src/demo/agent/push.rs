//! The pushes of the scripted agent: plain git, to a repository that asks writ what may go in.

use super::super::scene::PUSH_GRANT;
use super::{commit, credential};
use crate::command_error::CommandError;
use crate::inside::SESSION_VARIABLE;

/// How many settings are in the environment.
const COUNT: &str = "GIT_CONFIG_COUNT";

/// How the push to one branch went.
pub(super) struct Push {
    /// The branch.
    pub(super) branch: String,
    /// Why it did not go in, in the first line of what the wall or git said.
    pub(super) refused: Option<String>,
}

/// Pushes what is committed to the session's own branch, and to `main` as an agent does that knows no better. None where the
/// session is granted no push.
///
/// # Errors
/// Git cannot be run.
pub(super) fn to_own_branch_and_main() -> Result<Option<[Push; 2]>, CommandError> {
    let (Ok(session), Some(proof)) = (std::env::var(SESSION_VARIABLE), credential::token(PUSH_GRANT)?) else {
        return Ok(None);
    };
    let own = push(format!("s/{session}/main"), &proof)?;
    Ok(Some([own, push("main".to_owned(), &proof)?]))
}

fn push(branch: String, proof: &str) -> Result<Push, CommandError> {
    let mut git = commit::command();
    git.args(["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
    // Not as an argument, which everybody on the machine can read. Others are set already.
    let count: usize = std::env::var(COUNT).ok().and_then(|count| count.parse().ok()).unwrap_or(0);
    git.env(COUNT, (count + 1).to_string());
    git.env(format!("GIT_CONFIG_KEY_{count}"), "push.pushOption");
    git.env(format!("GIT_CONFIG_VALUE_{count}"), format!("writ.proof={proof}"));
    let done = git.output().map_err(|error| CommandError::failed("git cannot be run").because(&error))?;
    Ok(Push { branch, refused: (!done.status.success()).then(|| reason(&String::from_utf8_lossy(&done.stderr))) })
}

fn reason(said: &str) -> String {
    let mut lines = said.lines().map(|line| line.trim_start_matches("remote: ").trim());
    let by_the_wall = lines.clone().find_map(|line| line.strip_prefix("writ: "));
    by_the_wall.or_else(|| lines.next()).unwrap_or("git did not say why").to_owned()
}
