//! Commands: which rule fits one, and which branches a push would move.

use domain::lock::{Mode, Want};

use super::folder::{file_name, join};
use super::shell::Simple;
use super::template::{Place, Template};
use super::{CommandContext, relative};

/// A rule for commands.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) program: Program,
    pub(super) resource: Template,
    pub(super) mode: Mode,
}

/// The first words of a command: `kubectl --context=prod apply|delete`. Alternatives stand between bars; an option counts
/// wherever it stands; other options, and what follows them, may stand between the words.
#[derive(Debug, Clone)]
pub(super) struct Program {
    words: Vec<Vec<String>>,
    options: Vec<(String, Option<String>)>,
}

impl Command {
    /// What this command needs by this rule.
    pub(super) fn want(&self, context: &CommandContext<'_>, one: &Simple) -> Option<Want> {
        if !self.program.fits(&one.words) {
            return None;
        }
        let resource = self.resource.fill(|place| match place {
            Place::Dir => dir(context, one),
            Place::Repository => context.repository.map(str::to_owned),
            Place::Branch => context.branch.map(str::to_owned),
            Place::Option(names) => names.split('|').find_map(|name| option(&one.words, name)).map(str::to_owned),
        })?;
        Some(Want::new(resource, self.mode))
    }
}

impl Program {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut program = Self { words: Vec::new(), options: Vec::new() };
        for word in text.split_ascii_whitespace() {
            if word.starts_with('-') {
                let (name, value) = match word.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (word, None),
                };
                program.options.push((name.to_owned(), value));
            } else {
                program.words.push(word.split('|').map(str::to_owned).collect());
            }
        }
        if program.words.is_empty() { Err("`run` names no program".to_owned()) } else { Ok(program) }
    }

    fn fits(&self, words: &[String]) -> bool {
        let Some((first, rest)) = words.split_first() else { return false };
        let is_program = self.words[0].iter().any(|name| name == file_name(first));
        let has_options = self.options.iter().all(|(name, wanted)| match wanted {
            Some(wanted) => option(words, name) == Some(wanted.as_str()),
            None => rest.contains(name) || option(words, name).is_some(),
        });
        is_program && has_options && follow(&self.words[1..], rest)
    }
}

/// Whether the wanted words come first, but for options and what may be their values.
fn follow(wanted: &[Vec<String>], words: &[String]) -> bool {
    let Some((next, later)) = wanted.split_first() else { return true };
    let Some((word, rest)) = words.split_first() else { return false };
    if next.contains(word) && follow(later, rest) {
        return true;
    }
    if !is_option(word) {
        return false;
    }
    let takes_value = !word.contains('=') && rest.first().is_some_and(|value| !is_option(value));
    follow(wanted, rest) || (takes_value && follow(wanted, &rest[1..]))
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

/// The value of an option: `--context prod`, `--context=prod`, `-n prod`, `-nprod`.
pub(super) fn option<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if word == "--" {
            return None;
        }
        if word == name {
            return words.next().map(String::as_str);
        }
        if let Some(value) = word.strip_prefix(name).filter(|value| !value.is_empty()) {
            let is_short = name.len() == 2;
            match value.strip_prefix('=') {
                Some(value) => return Some(value),
                None if is_short => return Some(value),
                None => {}
            }
        }
    }
    None
}

/// The value of the first of these options in arguments, which a program's name does not precede.
pub(super) fn option_value<'a>(arguments: &'a [String], names: &[&str]) -> Option<&'a str> {
    let at = arguments.iter().position(|word| names.contains(&word.as_str()))?;
    arguments.get(at + 1).map(String::as_str)
}

/// The folder that the command works in, from the top of the working tree.
fn dir(context: &CommandContext<'_>, one: &Simple) -> Option<String> {
    let folder = one.folder.as_deref()?;
    let elsewhere = ["-chdir", "--chdir", "--working-dir", "-C"].into_iter().find_map(|name| option(&one.words, name));
    let folder = elsewhere.map_or_else(|| folder.to_owned(), |path| join(folder, path));
    relative(context.root, &folder).map(str::to_owned)
}

/// The branches that a `git push` would move, without `refs/heads/`.
pub(super) fn pushed(context: &CommandContext<'_>, one: &Simple) -> Vec<String> {
    let Some(arguments) = one.git("push") else { return Vec::new() };
    let all = ["--all", "--branches", "--mirror"];
    if arguments.iter().any(|word| all.contains(&word.as_str())) {
        // Everything moves: the names are not known here, those that matter are.
        return super::builtin::PROTECTED
            .map(str::to_owned)
            .into_iter()
            .chain(context.branch.map(str::to_owned))
            .collect();
    }
    let operands: Vec<&String> = operands(arguments, &["-o", "--push-option", "--receive-pack", "--exec", "--repo"]);
    match operands.split_first() {
        Some((_, references)) if !references.is_empty() => {
            references.iter().filter_map(|reference| target(context, reference)).collect()
        }
        _ => context.branch.map(str::to_owned).into_iter().collect(),
    }
}

/// Words that are neither options nor values of these options.
pub(super) fn operands<'a>(words: &'a [String], with_value: &[&str]) -> Vec<&'a String> {
    let (mut kept, mut only_operands) = (Vec::new(), false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if only_operands || !is_option(word) {
            kept.push(word);
        } else if word == "--" {
            only_operands = true;
        } else if with_value.contains(&word.as_str()) {
            words.next();
        }
    }
    kept
}

/// Where a refspec goes.
fn target(context: &CommandContext<'_>, reference: &str) -> Option<String> {
    let reference = reference.strip_prefix('+').unwrap_or(reference);
    let to = reference.rsplit_once(':').map_or(reference, |(_, to)| to);
    match to {
        "HEAD" | "@" | "" => context.branch.map(str::to_owned),
        _ if to.starts_with("refs/") => to.strip_prefix("refs/heads/").map(str::to_owned),
        _ => Some(to.strip_prefix("heads/").unwrap_or(to).to_owned()),
    }
}
