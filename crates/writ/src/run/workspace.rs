//! The workspace of a session: planned before the session is opened, made for it, kept at its end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use control::seam::Clock;

use crate::api::Opened;
use crate::cli::Run;
use crate::command_error::CommandError;
use crate::output::clean;
use crate::workspace::{
    self, Bounds, Found, Kept, Listed, Order, Root, Source, WORKSPACE_VARIABLE, Workspace, empty_trash, judge,
};

/// Where the command will work.
#[derive(Debug)]
pub(super) enum Plan {
    /// Where the launcher was started.
    Here,
    /// In a workspace of this repository.
    Own(Box<Own>),
}

/// A workspace to make.
#[derive(Debug)]
pub(super) struct Own {
    root: Root,
    source: Source,
    with_changes: bool,
}

/// Where the command works.
#[derive(Debug, Default)]
pub(super) struct Place {
    workspace: Option<(Root, Workspace)>,
    /// The command's current folder; none is the launcher's.
    folder: Option<PathBuf>,
}

/// The setting that turns workspaces off.
const SETTING: &str = "writ.workspace";

// === impl Plan ===

impl Plan {
    /// Decides from the command line, the repository's setting and where this is.
    ///
    /// # Errors
    /// A workspace was asked for and cannot be made here, or the repository is damaged.
    pub(super) async fn make(arguments: &Run, is_inside: bool) -> Result<Self, CommandError> {
        let is_asked_for = arguments.workspace || arguments.with_changes;
        if arguments.here {
            if !is_inside {
                eprintln!(
                    "writ: working in place: other sessions may change the same files, and nothing is kept at the end"
                );
            }
            return Ok(Self::Here);
        }
        // What runs inside a session works for it, where it works.
        if is_inside && !is_asked_for {
            return Ok(Self::Here);
        }
        let folder = std::env::current_dir().map_err(|error| {
            CommandError::failed("cannot tell the current folder").because(&error).hinted("was it removed?")
        })?;
        let source = match Source::find(&folder).await? {
            Found::Repository(source) => source,
            Found::Nothing(why) if is_asked_for => {
                return Err(CommandError::usage(format!("cannot make a workspace: {}", clean(&why)))
                    .hinted("leave --workspace and --with-changes out to work in place"));
            }
            Found::Nothing(why) => {
                eprintln!("writ: working in place: {}", clean(&why));
                return Ok(Self::Here);
            }
        };
        if !is_asked_for && source.flag(SETTING).await? == Some(false) {
            eprintln!("writ: working in place: `git config {SETTING}` says so");
            return Ok(Self::Here);
        }
        let own = Own { root: Root::find()?, source: *source, with_changes: arguments.with_changes };
        Ok(Self::Own(Box::new(own)))
    }

    /// Makes the workspace.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) async fn carry_out(self, opened: &Opened) -> Result<Place, CommandError> {
        let Self::Own(own) = self else { return Ok(Place::default()) };
        let strange = |error: &dyn std::error::Error| {
            CommandError::failed("the control plane gave the session an id that is none").because(error)
        };
        let session = opened.session.id.parse::<domain::SessionId>().map_err(|error| strange(&error))?;
        let order = Order { session, with_changes: own.with_changes, at: Clock::System.now() };
        let workspace = workspace::create(&own.root, &own.source, &order).await?;
        let folder = workspace.tree().join(&own.source.prefix);
        // A folder without a file that git knows is not in the checkout.
        std::fs::create_dir_all(&folder)
            .map_err(|error| CommandError::failed("cannot make the folder in the workspace").because(&error))?;
        own.announce(&workspace).await;
        housekeep(own.root.clone());
        Ok(Place { workspace: Some((own.root, workspace)), folder: Some(folder) })
    }
}

// === impl Own ===

impl Own {
    async fn announce(&self, workspace: &Workspace) {
        let tree = workspace.tree();
        eprintln!("writ: workspace {}, branch {}", clean(&tree.to_string_lossy()), workspace.record.branch);
        let changed = if self.with_changes { Ok(0) } else { self.source.changed_files().await };
        if let Ok(count @ 1..) = changed {
            let files = plural(count, "changed or untracked file");
            eprintln!("writ: {files} of yours stay behind; --with-changes brings them along");
        }
    }
}

// === impl Place ===

impl Place {
    /// The command's current folder; none is the launcher's.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// What the command is told about it.
    pub(super) fn variables(&self) -> Vec<(String, OsString)> {
        let tree = self.workspace.as_ref().map(|(_, workspace)| workspace.tree());
        tree.map(|tree| (WORKSPACE_VARIABLE.to_owned(), tree.into())).into_iter().collect()
    }

    /// A program that was named by a path from the developer's folder, and that the workspace does not have.
    pub(super) fn program(&self, program: OsString) -> OsString {
        let path = Path::new(&program);
        let is_path = path.is_relative() && program.as_encoded_bytes().contains(&b'/');
        match &self.folder {
            Some(folder) if is_path && !folder.join(path).exists() => {
                std::path::absolute(path).map_or(program, PathBuf::into_os_string)
            }
            _ => program,
        }
    }

    /// Keeps what the session made and says where. The command's exit code stands whatever happens here.
    pub(super) async fn finish(self) {
        let Some((root, mut workspace)) = self.workspace else { return };
        let now = Clock::System.now();
        match workspace::keep(&mut workspace, now).await {
            Ok(kept) => {
                tell(&workspace, &kept);
                if let Err(error) = settle(&root, workspace, &kept, now).await {
                    eprintln!("writ: {error}");
                }
            }
            Err(error) => {
                eprintln!("writ: the work is not kept: {}", clean(&error.to_string()));
                eprintln!("writ: it is still in {}", clean(&workspace.tree().to_string_lossy()));
            }
        }
    }
}

/// A workspace in which nothing happened goes at once; any other stays for a while to be looked at.
async fn settle(root: &Root, mut workspace: Workspace, kept: &Kept, now: domain::Time) -> Result<(), CommandError> {
    if kept.commit.is_some() {
        return workspace.end(now);
    }
    workspace::remove(root, workspace, now).await.map(drop)
}

fn tell(workspace: &Workspace, kept: &Kept) {
    let record = &workspace.record;
    for (branch, commits) in &kept.branches {
        eprintln!("writ: branch   {branch} in your repository, {}", plural(*commits, "commit"));
    }
    for note in &kept.notes {
        eprintln!("writ: {}", clean(note));
    }
    let is_more = kept.commit.is_some() && (kept.changed_files > 0 || kept.branches.is_empty());
    if is_more {
        let files = plural(kept.changed_files, "changed file");
        let name = workspace::names::short(&record.session);
        eprintln!("writ: kept     {files} at {}; writ workspace recover {name}", record.keep_ref());
    }
    if kept.commit.is_none() {
        eprintln!("writ: work     nothing changed, the workspace is gone");
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// While the agent works, old workspaces are kept and removed. In a thread that ends with the launcher, whenever that is:
/// what it leaves undone is there for the next.
fn housekeep(root: Root) {
    let work = move || {
        empty_trash(&root);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            // What cannot be removed is told by `writ workspace gc`.
            let _ = runtime.block_on(remove_old(&root));
        }
        empty_trash(&root);
    };
    // Without a thread there is no upkeep this time.
    let _ = std::thread::Builder::new().name("writ-upkeep".to_owned()).spawn(work);
}

async fn remove_old(root: &Root) -> Result<(), CommandError> {
    let now = Clock::System.now();
    let (all, _) = Listed::all(root)?;
    let facts: Vec<_> = all.iter().map(Listed::facts).collect();
    for (listed, verdict) in all.iter().zip(judge(&facts, Bounds::default(), now)) {
        if verdict.removes()
            && let Some(workspace) = Workspace::take(&listed.folder)?
        {
            // One that cannot be kept does not keep the others from going.
            let _ = workspace::remove(root, workspace, now).await;
        }
    }
    Ok(())
}
