//! Git's lists, as bytes: a path may have any byte in it but zero, so nothing here is text before it is known to be.

use std::collections::BTreeMap;

use super::{COMMITS_TOLD_MAX, Commit, GitError, Signature};
use crate::push::limits::PATHS_MAX;
use crate::push::update::ObjectId;

/// What is touched at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touched {
    /// A file or a symbolic link.
    File,
    /// A submodule: with it everything below it changes.
    Submodule,
}

/// One line for each commit: a mark, its id, its parents, and its trailers with a byte between that git does not allow in
/// names.
pub(super) const FORMAT: &str = "%x01%H %P%x02%(trailers:key=Agent-Session,valueonly,unfold,separator=%x03)";
const MARK: u8 = 1;
const PARENTS_END: u8 = 2;
const VALUES_BETWEEN: u8 = 3;
/// The mode of a submodule: gitformat-index(5), "Mode".
const SUBMODULE: &[u8] = b"160000";

/// What a list of commits says besides the paths.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The first [`COMMITS_TOLD_MAX`] commits.
    pub(super) commits: Vec<Commit>,
    /// How many there are.
    pub(super) count: usize,
    /// Those with more than two parents: their changes are not in the list.
    pub(super) octopuses: Vec<ObjectId>,
}

fn strange() -> GitError {
    GitError("git's list of changes is not understood".to_owned())
}

/// Reads what `git log -z --raw` prints with [`FORMAT`].
pub(super) fn history(listed: &[u8], paths: &mut BTreeMap<Vec<u8>, Touched>) -> Result<History, GitError> {
    let mut history = History::default();
    let mut fields = Fields(listed);
    while let Some(field) = fields.next()? {
        match field.first() {
            Some(&MARK) => history.take(&field[1..])?,
            Some(b':') => change(field, &mut fields, paths)?,
            _ => return Err(strange()),
        }
    }
    Ok(history)
}

/// Reads what `git diff-tree -z --raw` prints.
pub(super) fn touched(listed: &[u8], paths: &mut BTreeMap<Vec<u8>, Touched>) -> Result<(), GitError> {
    let mut fields = Fields(listed);
    while let Some(field) = fields.next()? {
        if field.first() != Some(&b':') {
            return Err(strange());
        }
        change(field, &mut fields, paths)?;
    }
    Ok(())
}

/// One change: `:MODE MODE ID ID STATUS`, zero, path (git-diff-tree(1), "RAW OUTPUT FORMAT").
fn change(head: &[u8], fields: &mut Fields<'_>, paths: &mut BTreeMap<Vec<u8>, Touched>) -> Result<(), GitError> {
    let mut words = head[1..].split(|byte| *byte == b' ');
    let (Some(old), Some(new), Some(_), Some(_), Some(status), None) =
        (words.next(), words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return Err(strange());
    };
    // With renames off there are no two paths in one change.
    if !matches!(status, b"A" | b"D" | b"M" | b"T" | b"U" | b"X") {
        return Err(strange());
    }
    let path = fields.path()?;
    let touched = if old == SUBMODULE || new == SUBMODULE { Touched::Submodule } else { Touched::File };
    let known = paths.entry(path.to_vec()).or_insert(touched);
    *known = touched.max(*known);
    if paths.len() > PATHS_MAX {
        return Err(GitError(format!("this push touches more than {PATHS_MAX} paths; push it in parts")));
    }
    Ok(())
}

/// The object that `git cat-file --batch` prints first, and what comes after it.
pub(super) fn object<'a>(listed: &'a [u8], id: &ObjectId) -> Result<(&'a [u8], &'a [u8]), GitError> {
    let ends = listed.iter().position(|byte| *byte == b'\n').ok_or_else(strange)?;
    let head = std::str::from_utf8(&listed[..ends]).map_err(|_| strange())?;
    let size = head.strip_prefix(id.as_str()).and_then(|rest| rest.strip_prefix(" commit ")).ok_or_else(strange)?;
    let size: usize = size.parse().map_err(|_| strange())?;
    let (raw, rest) = listed[ends + 1..].split_at_checked(size).ok_or_else(strange)?;
    Ok((raw, rest.strip_prefix(b"\n").ok_or_else(strange)?))
}

// === impl History ===

impl History {
    /// Another list after this one.
    pub(super) fn append(&mut self, other: Self) {
        self.commits.extend(other.commits);
        self.commits.truncate(COMMITS_TOLD_MAX);
        self.count += other.count;
        self.octopuses.extend(other.octopuses);
    }

    fn take(&mut self, line: &[u8]) -> Result<(), GitError> {
        let ends = line.iter().position(|byte| *byte == PARENTS_END).ok_or_else(strange)?;
        let (ids, values) = (&line[..ends], &line[ends + 1..]);
        let mut ids = ids.split(|byte| *byte == b' ').filter(|id| !id.is_empty()).map(ObjectId::parse);
        let id = ids.next().flatten().ok_or_else(strange)?;
        if ids.count() > 2 {
            self.octopuses.push(id.clone());
        }
        self.count += 1;
        if self.commits.len() < COMMITS_TOLD_MAX {
            let values = values.split(|byte| *byte == VALUES_BETWEEN).map(|value| value.trim_ascii());
            let sessions = values.filter(|value| !value.is_empty()).map(|value| String::from_utf8_lossy(value).into());
            let signature = Signature::None("it was not looked at".to_owned());
            self.commits.push(Commit { id, sessions: sessions.collect(), signature });
        }
        Ok(())
    }
}

/// Fields with a zero byte after each.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The next field that is no path: git puts an end of line between a commit's line and its changes, and nothing where a
    /// commit has none.
    fn next(&mut self) -> Result<Option<&'a [u8]>, GitError> {
        loop {
            if self.0.is_empty() {
                return Ok(None);
            }
            let field = self.path()?;
            let field = field.strip_prefix(b"\n").unwrap_or(field);
            if !field.is_empty() {
                return Ok(Some(field));
            }
        }
    }

    /// The next field, as it is.
    fn path(&mut self) -> Result<&'a [u8], GitError> {
        let ends = memchr(self.0).ok_or_else(strange)?;
        let (field, rest) = (&self.0[..ends], &self.0[ends + 1..]);
        self.0 = rest;
        Ok(field)
    }
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == 0)
}
