//! Making a workspace: a repository of its own that borrows the objects of the developer's.
//!
//! It is put together by hand instead of by `git clone --shared` (which costs the same), because it is to be like the
//! developer's repository and not like a clone of it: the same remotes, branches, settings and hooks. What is written by
//! hand is gitrepository-layout(5): `objects/info/alternates`, `packed-refs`, `shallow`, `info/`.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use domain::Time;

use super::git::Git;
use super::names;
use super::record::{Record, keep_ref};
use super::root::{self, Root};
use super::source::Source;
use super::{Owner, Workspace, bring, changes, config};
use crate::command_error::CommandError;

/// What to make.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// For whom.
    pub(crate) owner: Owner,
    /// Whether the developer's changed and untracked files come along.
    pub(crate) with_changes: bool,
    /// Now.
    pub(crate) at: Time,
}

/// References that come along; a stash is the developer's own.
const COPIED: [&str; 5] = ["refs/heads", "refs/tags", "refs/remotes", "refs/notes", "refs/replace"];

/// Makes a workspace of a repository.
///
/// # Errors
/// The disk is full or read-only, or git fails. Nothing is left of it then.
pub(crate) async fn create(root: &Root, source: &Source, order: &Order) -> Result<Workspace, CommandError> {
    let folder = root.make(&source.name(), &order.owner)?;
    let made = fill(&folder, source, order).await;
    if made.is_err() {
        // The first error is the one to tell. What cannot be removed is no workspace: it has no record.
        let _ = std::fs::remove_dir_all(&folder);
        let _ = unpin(source, &order.owner).await;
    }
    made.map_err(|error| error.within(&format!("cannot make a workspace of `{}`", source.top.display())))
}

async fn fill(folder: &Path, source: &Source, order: &Order) -> Result<Workspace, CommandError> {
    let failed = |error: io::Error| CommandError::failed("cannot write the workspace").because(&error);
    let lock = root::take(folder).map_err(failed)?.ok_or_else(|| CommandError::failed("somebody else works there"))?;
    pin(source, order).await?;
    // The same name as the developer's folder: many tools call things by it.
    let tree = folder.join(source.top.file_name().unwrap_or(OsStr::new("work")));
    let branch = branch(source, &order.owner);
    let git = init(&tree, source, &branch).await?;
    let references = references(source, &order.owner, &branch).await?;
    let own = format!("{} refs/heads/{branch}\n", source.head);
    write_references(&tree.join(".git"), &references, &own).map_err(failed)?;
    std::fs::write(folder.join(REFERENCES), format!("{}{own}", references.direct)).map_err(failed)?;
    borrow(source, &tree).map_err(failed)?;
    let filters = config::write(source, &git, &tree, &branch).await?;
    bring::repository_files(source, &tree).map_err(failed)?;
    // As `git clone` does it; hooks do not run.
    git.run(&["-c", "checkout.workers=0", "-c", "advice.detachedHead=false", "checkout", "--quiet", "--force"]).await?;
    let start_tree = match order.with_changes {
        true => changes::bring(source, &git, &tree, folder).await?,
        false => source.tree.clone(),
    };
    bring::ignored_files(source, &tree).await?;
    let record = Record {
        owner: order.owner.clone(),
        repository: source.top.clone(),
        git_dir: source.common_dir.clone(),
        tree: tree.file_name().unwrap_or_default().into(),
        branch,
        base: source.head.clone(),
        start_tree,
        filters,
        made_at: order.at,
        ended_at: None,
        kept: None,
    };
    record.write(folder)?;
    Ok(Workspace::new(folder.to_owned(), record, lock))
}

/// Name of the file with the references at the start, beside the record.
pub(super) const REFERENCES: &str = "references";

/// The branch of the session's own, or of the part's.
fn branch(source: &Source, owner: &Owner) -> String {
    let like = owner.part.as_deref().or(source.branch.as_deref()).unwrap_or("detached");
    format!("{}{}", names::namespace(&owner.session), names::branch_of(owner, like))
}

/// Holds what the workspace starts from, so that upkeep in the developer's repository does not remove objects that are
/// borrowed. Also finds out at once whether the work can come back at all.
async fn pin(source: &Source, order: &Order) -> Result<(), CommandError> {
    let pinned = source.git().run(&["update-ref", &keep_ref(&order.owner), &source.head, ""]).await;
    pinned
        .map(drop)
        .map_err(|error| error.hinted("the work of a session comes back into the repository, so it has to be writable"))
}

/// The opposite: nothing was made that has to be kept.
async fn unpin(source: &Source, owner: &Owner) -> Result<(), CommandError> {
    source.git().run(&["update-ref", "-d", &keep_ref(owner), &source.head]).await.map(drop)
}

/// The same for a workspace that is there.
pub(super) async fn unpin_of(workspace: &Workspace) -> Result<(), CommandError> {
    let record = &workspace.record;
    let there = workspace.home().ask(&["rev-parse", "--verify", "--quiet", &record.keep_ref()]).await?;
    // Somebody may have put something else there.
    if there.text() != record.base {
        return Ok(());
    }
    workspace.home().run(&["update-ref", "-d", &record.keep_ref(), &record.base]).await.map(drop)
}

async fn init(tree: &Path, source: &Source, branch: &str) -> Result<Git, CommandError> {
    std::fs::create_dir(tree).map_err(|error| CommandError::failed("cannot make its folder").because(&error))?;
    let format = format!("--object-format={}", source.object_format);
    let initial = format!("--initial-branch={branch}");
    // References are written by hand, in the format of files.
    let git = Git::at(tree, source.trust).with("GIT_DEFAULT_REF_FORMAT", "files");
    git.run(&["init", "--quiet", "--template=", &format, &initial, "."]).await?;
    Ok(Git::of(&tree.join(".git"), tree, source.trust))
}

/// The references that come along.
struct References {
    /// `commit name`, one a line, in order of their names.
    direct: String,
    /// `origin/HEAD` and its like: name and target.
    symbolic: Vec<(String, String)>,
}

async fn references(source: &Source, owner: &Owner, own: &str) -> Result<References, CommandError> {
    let format = "--format=%(objectname) %(refname) %(symref)";
    let arguments: Vec<&str> = ["for-each-ref", format].into_iter().chain(COPIED).collect();
    let said = source.git().run(&arguments).await?.text();
    let mut references = References { direct: String::new(), symbolic: Vec::new() };
    for line in said.lines() {
        let mut words = line.splitn(3, ' ');
        let (Some(commit), Some(name), target) = (words.next(), words.next(), words.next().unwrap_or_default()) else {
            continue;
        };
        // A branch `s` cannot be beside `s/…`.
        let is_in_the_way = name == "refs/heads/s" || name == format!("refs/heads/s/{}", owner.session);
        // The workspace's own comes last, wherever it starts.
        if is_in_the_way || name == format!("refs/heads/{own}") {
            continue;
        }
        match target {
            "" => references.direct.push_str(&format!("{commit} {name}\n")),
            target => references.symbolic.push((name.to_owned(), target.to_owned())),
        }
    }
    Ok(references)
}

/// `packed-refs`, and a file for each symbolic one.
fn write_references(git_dir: &Path, references: &References, own: &str) -> io::Result<()> {
    // Without the word `sorted` git takes any order.
    std::fs::write(git_dir.join("packed-refs"), format!("# pack-refs with:\n{}{own}", references.direct))?;
    for (name, target) in &references.symbolic {
        let path = git_dir.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, format!("ref: {target}\n"))?;
    }
    Ok(())
}

/// Lets the workspace read the objects of the repository, and of those that it borrows from itself.
fn borrow(source: &Source, tree: &Path) -> io::Result<()> {
    let info = tree.join(".git/objects/info");
    std::fs::create_dir_all(&info)?;
    let mut line = alternate(&source.objects);
    line.push(b'\n');
    std::fs::write(info.join("alternates"), line)?;
    let shallow = source.common_dir.join("shallow");
    if shallow.exists() {
        std::fs::copy(shallow, tree.join(".git/shallow"))?;
    }
    Ok(())
}

/// A line of `objects/info/alternates`; what could be misread is quoted as in C.
fn alternate(objects: &Path) -> Vec<u8> {
    let bytes = objects.as_os_str().as_bytes();
    if !bytes.contains(&b'\n') && !bytes.starts_with(b"\"") && !bytes.starts_with(b"#") {
        return bytes.to_vec();
    }
    let mut line = vec![b'"'];
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            b'\n' => line.extend(b"\\n"),
            _ => line.push(byte),
        }
    }
    line.push(b'"');
    line
}

/// What a new workspace holds on to.
impl Workspace {
    fn new(folder: PathBuf, record: Record, lock: File) -> Self {
        Self { folder, record, _lock: lock }
    }
}
