//! Workspaces of sub-agents: what the client asks for when one is to work apart (`isolation: worktree`), or when the agent
//! itself goes into a working tree of its own.
//!
//! Each is made of the repository that the agent stands in, has ports and names of its own, and brings its work back there:
//! a workspace in the session's, or in the developer's repository where the session works in place. The client (2.1.330)
//! never says that it is done with a sub-agent's, since its parent may wake it again; so its work is kept whenever it rests,
//! and the workspace goes with the session. One that the agent leaves for good goes at once.

mod script;
mod state;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use control::seam::Clock;
use domain::SessionId;
use tokio::sync::RwLock;

use super::hooks::plane::Plane;
use super::workspace::{self as own, Place};
use crate::command_error::CommandError;
use crate::output::clean;
use crate::workspace::{self, Found, Kept, Order, Owner, Root, Source, Workspace};
use own::lease::Leases;
use state::{Part, State};

/// The workspaces of one session's sub-agents. Cloning gives another handle on the same.
#[derive(Clone)]
pub(super) struct Parts(Arc<Inner>);

struct Inner {
    /// None when the control plane gave the session an id that is none.
    session: Option<SessionId>,
    /// Where workspaces are; none when no variable says.
    root: Option<Root>,
    /// What the session's own commands are told.
    variables: Vec<(String, String)>,
    /// Where the variables of each part are written down.
    script: PathBuf,
    /// Whether the session is over: whoever makes one reads it.
    is_over: RwLock<bool>,
    /// One lease at a time: the control plane would give one session the same block twice.
    leasing: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// How the client calls the working tree of a sub-agent (2.1.330: `agent-` and the sub-agent's id).
pub(super) fn name_of(agent: &str) -> String {
    format!("agent-{agent}")
}

// === impl Parts ===

impl Parts {
    /// Those of a session that works in a place; `script` is where their variables go, `root` where they do.
    pub(super) fn new(session: &str, place: &Place, script: PathBuf, root: Option<Root>) -> Self {
        let text = |(name, value): &(String, std::ffi::OsString)| Some((name.clone(), value.to_str()?.to_owned()));
        Self(Arc::new(Inner {
            session: session.parse().ok(),
            root,
            variables: place.variables().iter().filter_map(text).collect(),
            script,
            is_over: RwLock::new(false),
            leasing: tokio::sync::Mutex::default(),
            state: Mutex::new(State::around(place.port_bases())),
        }))
    }

    /// Lines for the client's file of variables, which a shell reads before each command: those of the session, then those
    /// of the part that the command starts in.
    pub(super) fn exports(&self) -> String {
        script::exports(&self.0.variables, &self.0.script)
    }

    /// Makes a workspace of the repository around a folder; one of that name that is there already is the one.
    ///
    /// # Errors
    /// There is no repository, the session has too many, it is over, or the workspace cannot be made.
    pub(super) async fn create(&self, plane: &impl Plane, name: &str, folder: &Path) -> Result<PathBuf, CommandError> {
        let is_over = self.0.is_over.read().await;
        if *is_over {
            return Err(CommandError::failed("the session is over"));
        }
        if let Some(tree) = self.state().tree_of(name) {
            return Ok(tree);
        }
        let session = self.0.session.ok_or_else(|| CommandError::failed("the session's id is none"))?;
        let source = match Source::find_of_agent(folder).await? {
            Found::Repository(source) => *source,
            Found::Nothing(why) => {
                return Err(CommandError::failed(format!("cannot make a workspace: {}", clean(&why))));
            }
        };
        self.make_room(plane).await?;
        let owner = self.begin(session, name);
        let made = self.make(plane, &source, &owner).await;
        let mut state = self.state();
        state.made();
        let (workspace, leases) = made?;
        let tree = state.put(name, workspace, leases);
        self.write_down(&state);
        Ok(tree)
    }

    async fn make(
        &self,
        plane: &impl Plane,
        source: &Source,
        owner: &Owner,
    ) -> Result<(Workspace, Leases), CommandError> {
        let root = self.root()?;
        let order = Order { owner: owner.clone(), with_changes: false, at: Clock::System.now() };
        let (workspace, leases) =
            tokio::join!(workspace::create(root, source, &order), self.lease(plane, root, source, owner));
        match workspace {
            Ok(workspace) => Ok((workspace, leases)),
            Err(error) => {
                self.give_back(plane, &leases).await;
                Err(error)
            }
        }
    }

    async fn lease(&self, plane: &impl Plane, root: &Root, source: &Source, owner: &Owner) -> Leases {
        let _alone = self.0.leasing.lock().await;
        let around = self.state().port_bases();
        let leases = own::lease(plane, root, (&source.name(), owner), &around).await;
        self.state().take_ports(leases.port_base());
        leases
    }

    /// An agent rests: its work is kept, and its workspace stays. What to tell the agent that it worked for; none if it has
    /// no workspace, or nothing happened there.
    ///
    /// # Errors
    /// It cannot be kept; it is still there.
    pub(super) async fn keep(&self, name: &str) -> Result<Option<String>, CommandError> {
        let Some(workspace) = self.state().rests(name) else { return Ok(None) };
        let mut workspace = workspace.lock().await;
        let kept = workspace::keep(&mut workspace, Clock::System.now()).await?;
        Ok(kept.commit.is_some().then(|| told(&workspace, &kept)))
    }

    /// Whether an agent goes on.
    pub(super) fn wakes(&self, name: &str) {
        self.state().wakes(name);
    }

    /// Keeps the work of the workspace at this path and removes it, with its leases.
    ///
    /// # Errors
    /// There is none of this session's, or its work cannot be kept: it stays.
    pub(super) async fn remove(&self, plane: &impl Plane, path: &Path) -> Result<(), CommandError> {
        let found = self.state().take_at(path);
        let part = found.ok_or_else(|| {
            CommandError::failed(format!("`{}` is no workspace of this session", clean(&path.to_string_lossy())))
        })?;
        self.remove_part(plane, part).await
    }

    async fn remove_part(&self, plane: &impl Plane, part: Part) -> Result<(), CommandError> {
        let root = self.root()?;
        let removed = self.discard(root, &part).await;
        if removed.is_err() {
            self.state().add(part);
            return removed;
        }
        self.freed(&part);
        self.give_back(plane, &part.leases).await;
        // What is not deleted now is deleted by the next launcher.
        let root = root.clone();
        let _ = std::thread::Builder::new().spawn(move || workspace::empty_trash(&root));
        Ok(())
    }

    fn freed(&self, part: &Part) {
        let mut state = self.state();
        state.free_ports(part.leases.port_base());
        self.write_down(&state);
    }

    async fn discard(&self, root: &Root, part: &Part) -> Result<(), CommandError> {
        let mut workspace = part.workspace.lock().await;
        workspace::remove(root, &mut workspace, Clock::System.now()).await.map(drop)
    }

    /// One that rests makes room for another, the longest unused first.
    async fn make_room(&self, plane: &impl Plane) -> Result<(), CommandError> {
        match self.crowded()? {
            Some(part) => self.remove_part(plane, part).await,
            None => Ok(()),
        }
    }

    fn crowded(&self) -> Result<Option<Part>, CommandError> {
        self.state().make_room()
    }

    fn begin(&self, session: SessionId, name: &str) -> Owner {
        self.state().begin(Owner::from(session).with_part(name))
    }

    /// What is not given back goes with the session.
    async fn give_back(&self, plane: &impl Plane, leases: &Leases) {
        for (ticket, token) in leases.tickets() {
            let _ = plane.release(ticket, *token).await;
        }
    }

    /// The session is over: everything is kept, what was made last first. Leases go with the session.
    pub(super) async fn finish(&self, place: &Place) {
        *self.0.is_over.write().await = true;
        let parts = self.state().take_all();
        let Ok(root) = self.root() else { return };
        for part in parts {
            // A hook may still be keeping it.
            let mut workspace = part.workspace.lock().await;
            let is_in_session = place.holds(&workspace.record.git_dir);
            own::finish(root, &mut workspace, !is_in_session).await;
        }
    }

    fn root(&self) -> Result<&Root, CommandError> {
        self.0
            .root
            .as_ref()
            .ok_or_else(|| CommandError::failed("neither WRIT_HOME nor HOME says where workspaces belong"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part whose variables cannot be written down works with the session's.
    fn write_down(&self, state: &State) {
        let _ = script::write(&self.0.script, &state.port_bases(), state.parts());
    }
}

/// For the agent that a sub-agent worked for.
fn told(workspace: &Workspace, kept: &Kept) -> String {
    let record = &workspace.record;
    let mut text =
        format!("writ: what the sub-agent did in {} is kept in your repository:", workspace.tree().display());
    for (branch, commits) in &kept.branches {
        text.push_str(&format!(" branch {branch} ({}),", own::plural(*commits, "commit")));
    }
    if kept.changed_files > 0 {
        text.push_str(&format!(" {} at {},", own::plural(kept.changed_files, "changed file"), record.keep_ref()));
    } else if kept.has_more {
        text.push_str(&format!(" what is on no branch at {},", record.keep_ref()));
    }
    for note in &kept.notes {
        text.push_str(&format!(" {},", clean(note)));
    }
    text.pop();
    text.push_str(". Look at it before you merge it.");
    text
}

#[cfg(test)]
mod tests;
