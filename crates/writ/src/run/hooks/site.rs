//! Where a file is: in which repository, and by which name others know it.
//!
//! Names are those of the remote, so that the same file in two clones is one resource. Symbolic links are followed: both
//! names of a file are one.

mod config;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::limits::{FILE_BYTES_MAX, FOLDERS_ABOVE_MAX, REPOSITORIES_KNOWN_MAX};
use crate::run::gates::Gates;

/// A working tree of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Tree {
    /// Its top folder, without symbolic links.
    pub(in crate::run) root: PathBuf,
    /// The repository's name in resources: `github.com/acme/api`.
    pub(in crate::run) repository: String,
    /// Where its `.git` is.
    git: PathBuf,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Place {
    /// Its absolute path, without symbolic links.
    pub(in crate::run) path: PathBuf,
    /// The working tree it is in.
    pub(in crate::run) tree: Option<Tree>,
}

/// Finds places; remembers working trees.
#[derive(Debug, Default)]
pub(in crate::run) struct Sites {
    known: Mutex<BTreeMap<PathBuf, Option<Tree>>>,
    gates: OnceLock<Gates>,
}

impl Place {
    /// The path from the top folder of its working tree, with `/`; none outside of one, and for git's own files.
    pub(in crate::run) fn relative(&self) -> Option<(&Tree, &str)> {
        let tree = self.tree.as_ref()?;
        let relative = self.path.strip_prefix(&tree.root).ok()?.to_str()?;
        let is_of_git = relative.split('/').next() == Some(".git");
        (!is_of_git).then_some((tree, relative))
    }
}

impl Tree {
    /// The branch that is checked out, without `refs/heads/`.
    pub(in crate::run) fn branch(&self) -> Option<String> {
        let head = read(&self.git.join("HEAD"))?;
        head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned)
    }
}

impl Sites {
    /// Repositories behind these gates have the names that the gates have for them. To be said before the first look.
    pub(in crate::run) fn know(&self, gates: Gates) {
        let _ = self.gates.set(gates);
    }

    /// The place of a path, which may not exist (yet).
    pub(in crate::run) fn find(&self, folder: &Path, path: &Path) -> Place {
        let path = real(&plain(&folder.join(path)));
        let above = path.parent().unwrap_or(Path::new("/"));
        Place { tree: self.tree(above), path }
    }

    /// The working tree that a folder is in.
    pub(in crate::run) fn tree(&self, folder: &Path) -> Option<Tree> {
        let root = folder.ancestors().take(FOLDERS_ABOVE_MAX).find(|above| above.join(".git").exists())?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tree) = known.get(root) {
            return tree.clone();
        }
        if known.len() >= REPOSITORIES_KNOWN_MAX {
            known.clear();
        }
        let tree = look(root, self.gates.get());
        known.insert(root.to_owned(), tree.clone());
        tree
    }
}

/// Without `.` and `..`, as text: the client's tools read paths so before they look at the disk.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// Without symbolic links; of what does not exist, the folder that does.
pub(in crate::run) fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => {
            let path = real(parent).join(name);
            path.canonicalize().unwrap_or(path)
        }
        _ => path.to_owned(),
    }
}

fn look(root: &Path, gates: Option<&Gates>) -> Option<Tree> {
    let git = root.join(".git");
    let git = if git.is_file() { linked(root, &read(&git)?)? } else { git };
    // A linked working tree shares the settings of its repository.
    let common = read(&git.join("commondir")).map_or_else(|| git.clone(), |path| git.join(path.trim()));
    let remote = read(&common.join("config")).as_deref().and_then(config::origin);
    let name_of = |url: String| gates.and_then(|gates| gates.name_of(&url)).or_else(|| name_of(&url));
    let repository = remote.and_then(name_of).unwrap_or_else(|| local_name(&common));
    Some(Tree { root: root.to_owned(), repository, git })
}

/// A repository without a remote is named after its folder; a workspace of it, which shares its objects, like itself.
fn local_name(common: &Path) -> String {
    let shared = read(&common.join("objects/info/alternates"));
    let lender = shared.as_deref().and_then(|text| text.lines().next()).map(|line| Path::new(line.trim_matches('"')));
    let main = lender.and_then(Path::parent).unwrap_or(common);
    let main = real(main);
    let folder = if main.file_name() == Some(".git".as_ref()) { main.parent() } else { Some(main.as_path()) };
    let name = folder.and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    format!("local/{}", name.strip_suffix(".git").unwrap_or(&name))
}

/// `gitdir: PATH`.
fn linked(root: &Path, text: &str) -> Option<PathBuf> {
    text.trim().strip_prefix("gitdir: ").map(|path| root.join(path))
}

/// `host/owner/name` of `https://host/owner/name.git`, `ssh://git@host:22/owner/name`, `git@host:owner/name.git`. A path on
/// this machine is `local/` and its folder's name.
fn name_of(url: &str) -> Option<String> {
    let url = url.trim_end_matches('/');
    let (host, path) = match url.split_once("://") {
        Some(("file", path)) => ("", path),
        Some((_, rest)) => rest.split_once('/')?,
        None => match url.split_once(':') {
            Some((host, path)) if !host.contains('/') => (host, path),
            _ => ("", url),
        },
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(':').next().unwrap_or_default().to_lowercase();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    let last = path.rsplit('/').next().filter(|name| !name.is_empty())?;
    Some(if host.is_empty() { format!("local/{last}") } else { format!("{host}/{path}") })
}

fn read(path: &Path) -> Option<String> {
    let is_small = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= FILE_BYTES_MAX);
    if is_small { std::fs::read_to_string(path).ok() } else { None }
}

#[cfg(test)]
mod tests;
