//! Files that a command line is seen to read and write. A hint: what a program does by itself is not seen.

mod programs;

use super::folder::{file_name, join};
use super::shell::{RedirectKind, Simple, UNKNOWN};
use crate::limits::{NAMES_TOLD_MAX, TOUCHED_MAX};

/// What a command line is seen to do to files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Files whose content it shows or takes.
    pub reads: Vec<Touched>,
    /// Files that it makes, changes or removes.
    pub writes: Vec<Touched>,
    /// Whether it may bring in content that nobody in this session has seen: `git pull`, `git checkout` and their like.
    pub brings: bool,
    /// Whether it pushes to another repository.
    pub pushes: bool,
    /// The programs in it, without their arguments, which may hold secrets: `cd, terraform`.
    pub name: String,
}

/// A file and what happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Its absolute path, without `.` and `..`; symbolic links are not followed.
    pub path: String,
    /// What happens.
    pub how: How,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Its content is shown.
    Read,
    /// It gets other content, whatever it had.
    Overwrite,
    /// It is changed in place or added to.
    Change,
    /// It goes.
    Remove,
    /// All below the folder is changed or removed.
    Below,
    /// It is a copy's target: the file, or the folder that gets it.
    Into,
}

/// What the commands of a command line are seen to do.
pub(super) fn of(commands: &[Simple]) -> Effects {
    let mut effects = Effects::default();
    for one in commands {
        let mut seen = Seen { folder: one.folder.as_deref(), effects: &mut effects };
        seen.redirects(one);
        programs::look(one, &mut seen);
    }
    effects.pushes = commands.iter().any(|one| one.git("push").is_some());
    effects.name = name(commands);
    effects
}

fn name(commands: &[Simple]) -> String {
    let mut names: Vec<&str> =
        commands.iter().filter_map(|one| one.words.first()).map(|word| file_name(word)).collect();
    names.retain(|name| !name.is_empty() && !name.contains(UNKNOWN));
    names.dedup();
    names.truncate(NAMES_TOLD_MAX);
    names.join(", ")
}

/// What is seen of one command.
pub(super) struct Seen<'a> {
    folder: Option<&'a str>,
    effects: &'a mut Effects,
}

impl Seen<'_> {
    fn redirects(&mut self, one: &Simple) {
        for redirect in &one.redirects {
            match redirect.kind {
                RedirectKind::From => self.add(How::Read, &redirect.target),
                RedirectKind::To => self.add(How::Overwrite, &redirect.target),
                RedirectKind::After | RedirectKind::Both => self.add(How::Change, &redirect.target),
            }
        }
    }

    /// Notes a file. Of a name that is known only in part, the folder that is known.
    fn add(&mut self, how: How, path: &str) {
        let (path, how) = match path.split_once(UNKNOWN) {
            None => (path, how),
            Some(_) if how == How::Read => return,
            Some((known, _)) => match known.rsplit_once('/') {
                Some((folder, _)) if !folder.is_empty() => (folder, How::Below),
                _ => return,
            },
        };
        let path = match self.folder {
            Some(folder) => join(folder, path),
            None if path.starts_with('/') => join("/", path),
            None => return,
        };
        let list = if how == How::Read { &mut self.effects.reads } else { &mut self.effects.writes };
        let touched = Touched { path, how };
        if list.len() < TOUCHED_MAX && !list.contains(&touched) {
            list.push(touched);
        }
    }

    fn brings(&mut self) {
        self.effects.brings = true;
    }
}
