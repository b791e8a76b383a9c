//! What a shell command line runs, as far as it can be told without running it.
//!
//! Followed: quotes, `&&`, `||`, `;`, `|`, groups and sub-shells, `cd`, assignments, `sudo` and its like, `sh -c`, here
//! documents, substitutions. Not followed: functions, loops over values, anything a program does by itself.

mod lexer;
mod unwrap;
mod walk;

use super::CommandContext;

/// One command with what is known of its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    /// The absolute folder it starts in; none when a `cd` before it goes somewhere unknown.
    pub(super) folder: Option<String>,
    /// The program and its arguments, without assignments, `sudo` and its like. A word of which a part is unknown holds
    /// [`UNKNOWN`] there.
    pub(super) words: Vec<String>,
    /// Where input comes from and output goes to.
    pub(super) redirects: Vec<Redirect>,
}

/// A file at one end of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) kind: RedirectKind,
    pub(super) target: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RedirectKind {
    /// `<`
    From,
    /// `>`, `>|`, `&>`
    To,
    /// `>>`, `&>>`
    After,
    /// `<>`
    Both,
}

/// Stands for the part of a word that only a running shell knows: never part of a path.
pub(super) const UNKNOWN: char = '\0';

/// The commands of a command line, in order.
pub(super) fn commands(context: &CommandContext<'_>, text: &str) -> Vec<Simple> {
    walk::Walk::new(context).all(text)
}

impl Simple {
    /// The arguments of this sub-command of git, if it is one; options before it are left out.
    pub(super) fn git(&self, command: &str) -> Option<&[String]> {
        let (program, mut rest) = self.words.split_first()?;
        if super::folder::file_name(program) != "git" {
            return None;
        }
        loop {
            let (word, later) = rest.split_first()?;
            rest = match word.as_str() {
                "-C" | "-c" | "--git-dir" | "--work-tree" | "--namespace" | "--exec-path" => later.get(1..)?,
                option if option.starts_with('-') => later,
                name => return (name == command).then_some(later),
            };
        }
    }
}

#[cfg(test)]
mod tests;
