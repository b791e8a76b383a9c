//! Uses of tools between their two hooks: how files stood before.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::disk::{Look, Stamp};
use super::input::Agent;
use crate::limits::{CONTENTS_KEPT_BYTES_MAX, PENDING_USES_MAX};

/// Those under way; the client does not tell of those that it gave up, so the oldest are forgotten.
#[derive(Debug, Default)]
pub(in crate::run) struct Uses(VecDeque<Use>);

/// One use.
#[derive(Debug, Clone)]
pub(in crate::run) struct Use {
    /// The client's id of it.
    pub(in crate::run) id: String,
    pub(in crate::run) agent: Agent,
    /// Files that it changes, as they were.
    pub(in crate::run) files: Vec<(PathBuf, Look)>,
    /// How the files stood that the agent knows: a command may change any.
    pub(in crate::run) stamps: Vec<(PathBuf, Option<Stamp>)>,
    /// Whether it is a command.
    pub(in crate::run) is_command: bool,
}

impl Use {
    /// How a file was.
    pub(in crate::run) fn before(&self, path: &Path) -> Option<&Look> {
        self.files.iter().find(|(known, _)| known == path).map(|(_, look)| look)
    }

    fn bytes(&self) -> usize {
        self.files.iter().filter_map(|(_, look)| look.content.as_ref()).map(Vec::len).sum()
    }
}

impl Uses {
    /// A tool is about to be used.
    pub(in crate::run) fn begin(&mut self, one: Use) {
        self.0.push_back(one);
        while self.0.len() > PENDING_USES_MAX || self.0.iter().map(Use::bytes).sum::<usize>() > CONTENTS_KEPT_BYTES_MAX
        {
            self.0.pop_front();
        }
    }

    /// It was.
    pub(in crate::run) fn end(&mut self, agent: &Agent, id: &str) -> Option<Use> {
        let at = self.0.iter().position(|one| one.agent == *agent && one.id == id)?;
        self.0.remove(at)
    }

    /// Whether something under way may change this file.
    pub(in crate::run) fn may_change(&self, path: &Path) -> bool {
        self.0.iter().any(|one| one.is_command || one.before(path).is_some())
    }
}
