//! Notes of admitted pushes, from the hook `pre-receive` to the hook `post-receive`: files in the repository, each named for
//! the refs that its push moves. Git runs the second only for what it took; of a push of which it took a part nothing is said.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use control::seam::Clock;
use domain::Digest;

use crate::push::limits::{ADMITTED_NOTE_LIFE, ADMITTED_NOTES_MAX};

/// Their folder in a repository.
const FOLDER: &str = "writ-admitted";

/// Notes that a push with this list of refs (as git told it) was admitted at a position.
///
/// # Errors
/// It cannot be written, or too many are there. Nothing depends on it.
pub(super) fn note(repository: &Path, updates: &[u8], position: u64) -> io::Result<()> {
    let folder = repository.join(FOLDER);
    fs::create_dir_all(&folder)?;
    if forget_old(&folder)? >= ADMITTED_NOTES_MAX {
        return Err(io::Error::other("too many pushes are on their way"));
    }
    fs::write(path(repository, updates), position.to_string())
}

/// The position at which such a push was admitted; the note is taken away.
pub(super) fn take(repository: &Path, updates: &[u8]) -> Option<u64> {
    let path = path(repository, updates);
    let position = fs::read_to_string(&path).ok()?;
    // Whoever reads it again says nothing new.
    let _ = fs::remove_file(&path);
    position.trim().parse().ok()
}

fn path(repository: &Path, updates: &[u8]) -> PathBuf {
    repository.join(FOLDER).join(Digest::of(updates).to_string())
}

/// How many are left.
fn forget_old(folder: &Path) -> io::Result<usize> {
    let now = Clock::System.now().unix_millis();
    let mut left = 0;
    for entry in fs::read_dir(folder)?.take(2 * ADMITTED_NOTES_MAX).flatten() {
        let modified = entry.metadata().and_then(|known| known.modified()).ok();
        let at = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let age = at.and_then(|at| u128::try_from(now).ok()?.checked_sub(at.as_millis()));
        let is_old = age.is_some_and(|age| age > ADMITTED_NOTE_LIFE.as_millis());
        left += usize::from(!(is_old && fs::remove_file(entry.path()).is_ok()));
    }
    Ok(left)
}

#[cfg(test)]
mod tests;
