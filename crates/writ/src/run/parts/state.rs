//! Which workspaces a session's sub-agents have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::command_error::CommandError;
use crate::limits::{PARTS_MAX, PARTS_NAMED_MAX};
use crate::run::workspace::{lease::Leases, variables};
use crate::workspace::{Owner, Workspace};

/// A sub-agent's workspace.
pub(super) struct Part {
    /// What the client calls it.
    name: String,
    /// The top of its working tree.
    pub(super) tree: PathBuf,
    /// The repository that it was made of: perhaps that of another.
    home: PathBuf,
    /// How many were made before it.
    number: u64,
    pub(super) workspace: Arc<Mutex<Workspace>>,
    pub(super) leases: Leases,
    /// Whether nobody is at work in it.
    rests: bool,
}

/// All of them.
#[derive(Default)]
pub(super) struct State {
    /// The longest unused first.
    parts: Vec<Part>,
    /// How many are being made.
    making: usize,
    /// How many have been made.
    made: u64,
    /// Names of workspaces that there are, or were: what is kept under one is not to be written over.
    used: BTreeSet<String>,
    /// First ports of the blocks of the session, those around it and its parts.
    ports: BTreeSet<u16>,
}

// === impl Part ===

impl Part {
    /// One that somebody is at work in.
    fn new(name: &str, workspace: Workspace, leases: Leases, number: u64) -> Self {
        let (tree, home) = (workspace.tree(), workspace.record.git_dir.clone());
        // As the client and its shells have it.
        let tree = tree.canonicalize().unwrap_or(tree);
        let home = home.canonicalize().unwrap_or(home);
        let workspace = Arc::new(Mutex::new(workspace));
        Self { name: name.to_owned(), tree, home, number, workspace, leases, rests: false }
    }

    /// What commands in it are told; none is what it has not.
    pub(super) fn variables(&self) -> Vec<(&'static str, Option<String>)> {
        variables(&self.tree, &self.leases)
    }
}

// === impl State ===

impl State {
    /// None yet, of a session that has these blocks of ports.
    pub(super) fn around(ports: Vec<u16>) -> Self {
        Self { ports: ports.into_iter().collect(), ..Self::default() }
    }

    /// Those that there are.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The working tree of one, by the client's name; somebody is at work in it again.
    pub(super) fn tree_of(&mut self, name: &str) -> Option<PathBuf> {
        self.wakes(name);
        self.parts.iter().find(|part| part.name == name).map(|part| part.tree.clone())
    }

    /// Somebody is at work in it.
    pub(super) fn wakes(&mut self, name: &str) {
        if let Some(at) = self.parts.iter().position(|part| part.name == name) {
            let mut part = self.parts.remove(at);
            part.rests = false;
            self.parts.push(part);
        }
    }

    /// Nobody is at work in it any more, for now.
    pub(super) fn rests(&mut self, name: &str) -> Option<Arc<Mutex<Workspace>>> {
        let part = self.parts.iter_mut().find(|part| part.name == name)?;
        part.rests = true;
        Some(Arc::clone(&part.workspace))
    }

    /// Takes out the one that has to go before another can be made; none if there is room.
    ///
    /// # Errors
    /// All are at work, or needed by one that is.
    pub(super) fn make_room(&mut self) -> Result<Option<Part>, CommandError> {
        if self.used.len() >= PARTS_NAMED_MAX {
            return Err(CommandError::failed(format!(
                "this session has had {PARTS_NAMED_MAX} workspaces for sub-agents"
            ))
            .hinted("start another session with `writ run`"));
        }
        if self.parts.len() + self.making < PARTS_MAX {
            return Ok(None);
        }
        let is_needed = |part: &Part| self.parts.iter().any(|other| other.home.starts_with(&part.tree));
        let at = self.parts.iter().position(|part| part.rests && !is_needed(part)).ok_or_else(|| {
            CommandError::failed(format!("{PARTS_MAX} sub-agents of this session work in workspaces of their own"))
                .hinted("wait until one of them is done")
        })?;
        Ok(Some(self.parts.remove(at)))
    }

    /// One is being made, under this name or one like it.
    pub(super) fn begin(&mut self, owner: Owner) -> Owner {
        self.making += 1;
        let part = owner.part.clone().unwrap_or_default();
        let numbered = (2..=PARTS_NAMED_MAX + 2).map(|number| format!("{part}-{number}"));
        let free = std::iter::once(part.clone()).chain(numbered).find(|name| !self.used.contains(&name.to_lowercase()));
        let part = free.unwrap_or(part);
        // File systems may not tell capitals apart.
        self.used.insert(part.to_lowercase());
        Owner { part: Some(part), ..owner }
    }

    /// It is made, or cannot be.
    pub(super) fn made(&mut self) {
        self.making = self.making.saturating_sub(1);
    }

    /// It is there, and somebody is at work in it; where it is.
    pub(super) fn put(&mut self, name: &str, workspace: Workspace, leases: Leases) -> PathBuf {
        self.made += 1;
        let part = Part::new(name, workspace, leases, self.made);
        let tree = part.tree.clone();
        self.parts.push(part);
        tree
    }

    /// It stays after all.
    pub(super) fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Takes out the one at this path.
    pub(super) fn take_at(&mut self, path: &Path) -> Option<Part> {
        let path = path.canonicalize().unwrap_or(path.to_owned());
        let at = self.parts.iter().position(|part| part.tree == path)?;
        Some(self.parts.remove(at))
    }

    /// Takes out all, the last one made first: it may have been made of another.
    pub(super) fn take_all(&mut self) -> Vec<Part> {
        let mut parts = std::mem::take(&mut self.parts);
        parts.sort_by_key(|part| std::cmp::Reverse(part.number));
        parts
    }

    /// Blocks that are not to be leased again.
    pub(super) fn port_bases(&self) -> Vec<u16> {
        self.ports.iter().copied().collect()
    }

    /// A block is leased.
    pub(super) fn take_ports(&mut self, base: Option<u16>) {
        self.ports.extend(base);
    }

    /// A block is free again.
    pub(super) fn free_ports(&mut self, base: Option<u16>) {
        if let Some(base) = base {
            self.ports.remove(&base);
        }
    }
}
