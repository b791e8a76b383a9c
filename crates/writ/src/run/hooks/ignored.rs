//! Files that git ignores: nobody else gets them, so they need no lock and nobody is told of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::Hooks;
use super::plane::Plane;
use super::site::Place;
use crate::git::run::{Bounds, Ended, run};
use crate::limits::{GIT_ANSWER_BYTES_MAX, GIT_ASK_TIMEOUT, READS_KNOWN_MAX};

/// How long one look may take, and what it may say.
const BOUNDS: Bounds =
    Bounds { within: GIT_ASK_TIMEOUT, bytes: GIT_ANSWER_BYTES_MAX, complaint_bytes: GIT_ANSWER_BYTES_MAX };

impl<P: Plane> Hooks<P> {
    /// Whether git ignores a file.
    pub(super) async fn is_ignored(&self, place: &Place) -> bool {
        !self.ignored(&[place]).await.is_empty()
    }

    /// Those that git ignores: it is asked once for all that is not known. What it does not answer is not ignored.
    pub(super) async fn ignored(&self, places: &[&Place]) -> BTreeSet<PathBuf> {
        let mut asked: BTreeMap<&Path, Vec<&str>> = BTreeMap::new();
        let mut found = BTreeSet::new();
        {
            let state = self.state();
            for place in places {
                match place.relative() {
                    Some(_) if state.ignored.contains(&place.path) => drop(found.insert(place.path.clone())),
                    Some((tree, path)) => asked.entry(tree.root.as_path()).or_default().push(path),
                    None => {}
                }
            }
        }
        for (root, paths) in asked {
            let input = paths.join("\0");
            let said = git(root, &["check-ignore", "-z", "--stdin"], input.as_bytes()).await;
            let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            found.extend(said.split_terminator('\0').map(|path| root.join(path)));
        }
        let mut state = self.state();
        if state.ignored.len() + found.len() > READS_KNOWN_MAX {
            state.ignored.clear();
        }
        state.ignored.extend(found.iter().take(READS_KNOWN_MAX).cloned());
        found
    }
}

/// What git says; none when it fails, or says nothing in time.
pub(super) async fn said(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let ended = git(folder, arguments, &[]).await?;
    ended.success().then_some(ended.stdout)
}

async fn git(folder: &Path, arguments: &[&str], input: &[u8]) -> Option<Ended> {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(folder).env("GIT_OPTIONAL_LOCKS", "0");
    run(git, input, BOUNDS).await.ok()
}
