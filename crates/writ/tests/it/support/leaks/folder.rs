//! Folders of servers and launchers: searched for every secret of the test, then removed.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Run, run, started, sweep};

/// Files that hold secrets because somebody put them there, and why that is right: by name, or by the folder's name and a
/// slash. All but the last are readable to their owner alone, or they are not spared.
const SPARED: [(&str, &str); 4] = [
    ("upstream.key", "the operator's own file, which the configuration names"),
    ("credentials.json", "a human's sign-in on their machine"),
    ("tokens/", "what `writ token` keeps there for programs that ask again and again"),
    (MINTED, "what a stand-in notes for this search"),
];
/// Where a stand-in that is a program of its own notes its secrets, each in a line.
const MINTED: &str = "minted-for-the-search";

/// A temporary folder. A test that keeps it for itself, such as a target's, does not need one.
pub(crate) struct Folder(TempDir);

/// Makes one.
pub(crate) fn folder() -> Folder {
    started::watch();
    Folder(tempfile::tempdir().unwrap())
}

impl Deref for Folder {
    type Target = TempDir;

    fn deref(&self) -> &TempDir {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        searched(self.path());
    }
}

/// Searches a folder, and the texts that were kept so far, for every secret of this test.
///
/// # Panics
/// When one is found.
pub(crate) fn searched(folder: &Path) {
    search(run::of_environment().as_ref(), folder);
}

/// The same for what a target of others writes: only its logs, for what else is there is what it works with.
pub(crate) fn logs_searched(folder: &Path) {
    let run = run::of_environment();
    let logs: Vec<_> = regular(folder).into_iter().filter(|path| is_log(path)).collect();
    assert_clean(&sweep::sweep(run.as_ref(), &logs));
}

/// Where a part of `tests/real` runs, by its state: the folder itself is named there.
pub(crate) fn part(state: &Path) -> PathBuf {
    let named = regular(state).into_iter().find(|path| path.ends_with("folder"));
    let named = named.map(|path| std::fs::read_to_string(path).unwrap().trim().into());
    named.unwrap_or_else(|| state.to_owned())
}

/// Whether it is a log by its name.
pub(crate) fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    name == "log" || name.ends_with(".log") || name.ends_with("_log") || name.starts_with("log.")
}

pub(super) fn search(run: Option<&Run>, folder: &Path) {
    let (spared, files): (Vec<_>, Vec<_>) = regular(folder).into_iter().partition(|path| is_spared(path));
    for path in spared.iter().filter(|path| path.ends_with(MINTED)) {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().for_each(|line| super::note(run, "exec", "token", line));
    }
    assert_clean(&sweep::sweep(run, &files));
}

fn assert_clean(found: &[String]) {
    assert!(found.is_empty() || std::thread::panicking(), "secrets were found:\n{}", found.join("\n"));
}

fn is_spared(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let named = |path: Option<&Path>| path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let (name, folder) = (named(Some(path)), named(path.parent()) + "/");
    let is_private = || path.metadata().is_ok_and(|about| about.permissions().mode() & 0o077 == 0);
    SPARED.iter().any(|(spared, _)| *spared == name || *spared == folder) && (name == MINTED || is_private())
}

/// Files below a folder, neither links nor sockets. Others may be at work there: what vanishes is passed over.
pub(crate) fn regular(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let Ok(about) = path.symlink_metadata() else { continue };
            if about.is_dir() {
                folders.push(path);
            } else if about.is_file() {
                found.push(path);
            }
        }
    }
    found
}
