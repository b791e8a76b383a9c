//! Files that git ignores: nobody else gets them, so they need no lock and nobody is told of them.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::Hooks;
use super::plane::Plane;
use super::site::Place;
use crate::limits::{GIT_ASK_TIMEOUT, READS_KNOWN_MAX};

impl<P: Plane> Hooks<P> {
    /// Asks git, once per file. What git does not answer is not ignored.
    pub(super) async fn is_ignored(&self, place: &Place) -> bool {
        let Some((tree, path)) = place.relative() else { return false };
        if self.state().ignored.contains(&place.path) {
            return true;
        }
        let is_ignored = ask(&tree.root, &["check-ignore", "--quiet", "--", path]).await.unwrap_or(false);
        if is_ignored {
            let mut state = self.state();
            if state.ignored.len() >= READS_KNOWN_MAX {
                state.ignored.clear();
            }
            state.ignored.insert(place.path.clone());
        }
        is_ignored
    }
}

/// Whether git says yes; none when it says neither, or nothing in time.
async fn ask(folder: &Path, arguments: &[&str]) -> Option<bool> {
    match git(folder, arguments).await?.status.code() {
        Some(0) => Some(true),
        Some(1) => Some(false),
        _ => None,
    }
}

/// What git says; none when it fails, or says nothing in time.
pub(super) async fn said(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = git(folder, arguments).await?;
    output.status.success().then_some(output.stdout)
}

async fn git(folder: &Path, arguments: &[&str]) -> Option<std::process::Output> {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(folder).env("GIT_OPTIONAL_LOCKS", "0").kill_on_drop(true);
    git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    tokio::time::timeout(GIT_ASK_TIMEOUT, git.output()).await.ok()?.ok()
}
