//! What the agents of a session have seen, file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::{Digest, Resource};

use super::disk::{Look, Stamp};
use super::foreign::Foreign;
use super::input::Agent;
use super::stale::Known;
use crate::limits::{CONTENTS_KEPT_BYTES_MAX, READS_KNOWN_MAX, READS_LOOKED_AT_MAX};

/// Files with what each agent knows of them. The longest unseen are forgotten first.
#[derive(Debug, Default)]
pub(in crate::run) struct Reads {
    files: BTreeMap<(Agent, PathBuf), Seen>,
    next: u64,
    kept_bytes: usize,
}

/// One file as one agent saw it.
#[derive(Debug, Clone)]
pub(in crate::run) struct Seen {
    /// What it knows.
    pub(in crate::run) known: Known,
    /// By which name others know the file.
    pub(in crate::run) resource: Option<Resource>,
    /// How the file stood.
    pub(in crate::run) stamp: Option<Stamp>,
    /// The content, to say what changed since.
    pub(in crate::run) content: Option<Vec<u8>>,
    /// The newest change by another session that the agent was told of.
    pub(in crate::run) told: u64,
    order: u64,
}

impl Reads {
    /// What an agent knows of a file.
    pub(in crate::run) fn of(&self, agent: &Agent, path: &Path) -> Option<&Seen> {
        self.files.get(&(agent.clone(), path.to_owned()))
    }

    /// The same, to be changed.
    pub(in crate::run) fn of_mut(&mut self, agent: &Agent, path: &Path) -> Option<&mut Seen> {
        self.files.get_mut(&(agent.clone(), path.to_owned()))
    }

    /// An agent has seen, or made, what is there now.
    pub(in crate::run) fn note(
        &mut self,
        agent: &Agent,
        path: &Path,
        resource: Option<Resource>,
        look: Look,
        partial: bool,
    ) {
        let key = (agent.clone(), path.to_owned());
        let before = self.forget(&key);
        // Pieces of what it saw as a whole are no less.
        let was_whole = before.as_ref().is_some_and(|seen| seen.known.digest == look.digest && !seen.known.partial);
        let known = Known { digest: look.digest, partial: partial && !was_whole, news: None, brought: false };
        let bytes = look.content.as_ref().map_or(0, Vec::len);
        let content = look.content.filter(|_| self.kept_bytes + bytes <= CONTENTS_KEPT_BYTES_MAX);
        self.kept_bytes += content.as_ref().map_or(0, Vec::len);
        self.next += 1;
        let told = before.map_or(0, |seen| seen.told);
        self.files.insert(key, Seen { known, resource, stamp: look.stamp, content, told, order: self.next });
        if self.files.len() > READS_KNOWN_MAX {
            let oldest = self.files.iter().min_by_key(|(_, seen)| seen.order).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| self.forget(&oldest));
        }
    }

    /// A conversation starts anew: nothing of it is known any more.
    pub(in crate::run) fn forget_conversation(&mut self, conversation: &str) {
        let gone: Vec<_> = self.files.keys().filter(|(agent, _)| agent.conversation == conversation).cloned().collect();
        gone.iter().for_each(|key| drop(self.forget(key)));
    }

    /// Agents that know this resource, with what they know.
    pub(in crate::run) fn knowing<'a>(
        &'a mut self,
        resource: &'a Resource,
    ) -> impl Iterator<Item = (&'a Agent, &'a Path, &'a mut Seen)> {
        let is_it = move |seen: &&mut Seen| seen.resource.as_ref() == Some(resource);
        self.files
            .iter_mut()
            .filter_map(move |((agent, path), seen)| Some(seen).filter(is_it).map(|seen| (agent, path.as_path(), seen)))
    }

    /// Files that an agent knows; the newest [`READS_LOOKED_AT_MAX`].
    pub(in crate::run) fn newest(&self, agent: &Agent) -> Vec<PathBuf> {
        let mine = self.files.iter().filter(|((other, _), _)| other == agent);
        let mut all: Vec<_> = mine.map(|((_, path), seen)| (seen.order, path.clone())).collect();
        all.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        all.into_iter().take(READS_LOOKED_AT_MAX).map(|(_, path)| path).collect()
    }

    /// Whether another agent of the session has seen, or made, this content.
    pub(in crate::run) fn is_known_to_another(&self, agent: &Agent, path: &Path, digest: Option<Digest>) -> bool {
        let others = self.files.iter().filter(|((other, file), _)| other != agent && file == path);
        others.into_iter().any(|(_, seen)| seen.known.digest == digest)
    }

    /// Files that an agent knows below a folder.
    pub(in crate::run) fn below(&self, agent: &Agent, folder: &Path) -> Vec<PathBuf> {
        let mine =
            self.files.keys().filter(|(other, path)| other == agent && path.starts_with(folder) && path != folder);
        mine.map(|(_, path)| path.clone()).take(READS_LOOKED_AT_MAX).collect()
    }

    fn forget(&mut self, key: &(Agent, PathBuf)) -> Option<Seen> {
        let gone = self.files.remove(key)?;
        self.kept_bytes -= gone.content.as_ref().map_or(0, Vec::len);
        Some(gone)
    }
}

impl Seen {
    /// Another session changed the resource. True if the agent is to be told.
    pub(in crate::run) fn changed_by(&mut self, foreign: &Foreign) -> bool {
        if foreign.position <= self.told {
            return false;
        }
        if foreign.after != self.known.digest {
            self.known.news = Some(foreign.clone());
        }
        self.told = foreign.position;
        true
    }
}
