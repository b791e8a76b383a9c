//! The repository in the working folder, through the git program.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::command_error::CommandError;

/// A way to ask git.
#[derive(Debug)]
pub(super) struct Repository(());

/// A commit, as far as its message and dates tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    /// Full id.
    pub(super) id: String,
    /// Committer's date, RFC 3339.
    pub(super) date: String,
    /// Value of its last trailer `Agent-Session`; empty without one.
    pub(super) session: String,
    /// Value of its last trailer `Agent-Developer`.
    pub(super) developer: String,
}

/// Fields end with a zero byte, commits with a line feed.
const FORMAT: &str = "--format=%H%x00%cI%x00%(trailers:key=Agent-Session,valueonly,separator=%x2C)%x00\
    %(trailers:key=Agent-Developer,valueonly,separator=%x2C)";

impl Repository {
    /// The one in the working folder.
    pub(super) fn here() -> Self {
        Self(())
    }

    /// The newest commits of a range.
    pub(super) fn commits(&self, range: &str, max: u32) -> Result<Vec<Commit>, CommandError> {
        let told = text(self.git(&["log", &format!("--max-count={max}"), FORMAT, "--end-of-options", range, "--"])?);
        Ok(told.lines().filter_map(commit).collect())
    }

    /// The commit object itself.
    pub(super) fn raw(&self, id: &str) -> Result<Vec<u8>, CommandError> {
        self.git(&["cat-file", "commit", id])
    }

    /// What it changed, without lines around; nothing for a merge, whose lines are other commits'.
    pub(super) fn patch(&self, id: &str) -> Result<String, CommandError> {
        let plain = ["--no-color", "--no-ext-diff", "--no-textconv", "--no-renames"];
        let fixed = ["-p", "-U0", "--src-prefix=a/", "--dst-prefix=b/"];
        let command = ["-c", "core.quotePath=false", "diff-tree", "--root", "-r", "--no-commit-id"];
        self.git(&[&command[..], &plain, &fixed, &[id]].concat()).map(text)
    }

    /// Puts a note on a commit, in place of the one that is there.
    pub(super) fn note(&self, name: &str, id: &str, note: &str) -> Result<(), CommandError> {
        let mut command = Command::new("git");
        command.args(["notes", &format!("--ref={name}"), "add", "--force", "--file=-", id]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let failed = |error: std::io::Error| CommandError::failed("cannot run git").because(&error);
        let child = child.as_mut().map_err(|error| CommandError::failed("cannot run git").because(error))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(note.as_bytes()).map_err(failed)?;
        }
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut said).map_err(failed)?;
        }
        if child.wait().map_err(failed)?.success() { Ok(()) } else { Err(refused(&said)) }
    }

    fn git(&self, arguments: &[&str]) -> Result<Vec<u8>, CommandError> {
        let output = Command::new("git").args(arguments).stdin(Stdio::null()).output();
        let output = output.map_err(|error| CommandError::failed("cannot run git").because(&error))?;
        if output.status.success() { Ok(output.stdout) } else { Err(refused(&text(output.stderr))) }
    }
}

fn refused(said: &str) -> CommandError {
    CommandError::failed(format!("git says: {}", crate::output::clean(said.trim())))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn commit(line: &str) -> Option<Commit> {
    let mut fields = line.split('\0').map(str::to_owned);
    let (id, date, sessions, developers) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let last = |list: &str| list.rsplit(',').next().unwrap_or_default().trim().to_owned();
    Some(Commit { id, date, session: last(&sessions), developer: last(&developers) })
}
