//! The settings of a workspace's repository: those that hold in the developer's, so that remotes, names and filters are the
//! same there.
//!
//! The format is git-config(1), section "Syntax". Settings of the developer's that count only in their folder (`includeIf`)
//! are written down as if they were the repository's own: a workspace lies elsewhere.

use std::fmt::Write as _;
use std::path::Path;

use super::filters;
use super::git::{Git, Said};
use super::source::Source;
use crate::command_error::CommandError;

/// One setting, as git lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// Where it is set: `system`, `global`, `local`, `worktree`, `command`.
    scope: String,
    /// `section.name` or `section.subsection.name`.
    key: String,
    /// None is git's short way to say true.
    value: Option<String>,
}

/// Settings of the repository's that are about itself: where it is, how it is stored, when it is tidied.
const OWN: [&str; 11] = [
    "core.bare",
    "core.filemode",
    "core.fsmonitor",
    "core.ignorecase",
    "core.logallrefupdates",
    "core.precomposeunicode",
    "core.repositoryformatversion",
    "core.sharedrepository",
    "core.symlinks",
    "core.untrackedcache",
    "core.worktree",
];
/// Whole sections of that kind. What is included is listed with the rest.
const OWN_SECTIONS: [&str; 5] = ["extensions.", "gc.", "include.", "includeif.", "maintenance."];
/// Says which remote has the objects that a partial clone left out.
const PARTIAL: &str = "extensions.partialclone";

/// Writes the settings, which make `branch` one that starts where the developer is and is pushed under its own name.
/// Returns the programs among them ([`super::filters`]).
pub(super) async fn write(
    source: &Source,
    workspace: &Git,
    tree: &Path,
    branch: &str,
) -> Result<Vec<String>, CommandError> {
    let theirs = &source.settings;
    let mut settings = Vec::new();
    if theirs.iter().any(|setting| setting.key.starts_with("includeif.")) {
        settings = conditional(theirs, &list(workspace).await?);
    }
    settings.extend(theirs.iter().filter(|setting| setting.is_local() && setting.travels()).cloned());
    for setting in &mut settings {
        setting.anchor(&source.top);
    }
    settings.extend(follow(source.branch.as_deref(), branch, theirs));
    if !theirs.iter().any(|setting| setting.key == "push.default") {
        settings.push(Setting::local("push.default", "current"));
    }
    // A workspace lives for hours: upkeep in the background would only be in the way.
    settings.push(Setting::local("gc.auto", "0"));
    settings.push(Setting::local("maintenance.auto", "false"));
    let path = tree.join(".git/config");
    let failed = |error: std::io::Error| CommandError::failed("cannot write the workspace's settings").because(&error);
    let mut text = std::fs::read_to_string(&path).map_err(failed)?;
    text.push_str(&render(&settings));
    std::fs::write(&path, text).map_err(failed)?;
    Ok(filters::of(settings.iter()))
}

/// All settings that hold in a repository.
pub(super) async fn list(git: &Git) -> Result<Vec<Setting>, CommandError> {
    Ok(parse(&git.run(&["config", "--list", "--show-scope", "--null"]).await?))
}

/// `scope\0key\nvalue\0`, again and again.
fn parse(said: &Said) -> Vec<Setting> {
    let text = String::from_utf8_lossy(said.bytes());
    let mut pieces = text.split('\0');
    let mut settings = Vec::new();
    while let (Some(scope), Some(rest)) = (pieces.next(), pieces.next()) {
        let (key, value) = match rest.split_once('\n') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (rest, None),
        };
        settings.push(Setting { scope: scope.to_owned(), key: key.to_owned(), value });
    }
    settings
}

/// What the developer's own files say there and do not say here.
fn conditional(there: &[Setting], here: &[Setting]) -> Vec<Setting> {
    let mut here: Vec<&Setting> = here.iter().filter(|setting| setting.is_personal()).collect();
    let mut missing = Vec::new();
    for setting in there.iter().filter(|setting| setting.is_personal()) {
        match here.iter().position(|known| *known == setting) {
            Some(index) => drop(here.remove(index)),
            None if setting.travels() => missing.push(setting.clone()),
            None => {}
        }
    }
    missing
}

/// The new branch follows what the developer's follows.
fn follow(from: Option<&str>, branch: &str, theirs: &[Setting]) -> Vec<Setting> {
    let Some(from) = from else { return Vec::new() };
    let of = |name: &str| {
        let key = format!("branch.{from}.{name}");
        let value = theirs.iter().rev().find(|setting| setting.key == key)?.value.clone()?;
        Some(Setting::local(&format!("branch.{branch}.{name}"), &value))
    };
    let (Some(remote), Some(merge)) = (of("remote"), of("merge")) else { return Vec::new() };
    // A branch that follows a local one is nothing to pull from.
    if remote.value.as_deref() == Some(".") { Vec::new() } else { vec![remote, merge] }
}

/// Settings as text, each with its section's header.
fn render(settings: &[Setting]) -> String {
    let mut text = String::new();
    for setting in settings {
        let Some((section, name)) = setting.key.rsplit_once('.') else { continue };
        let header = match section.split_once('.') {
            Some((section, rest)) => format!("[{section} \"{}\"]", rest.replace('\\', "\\\\").replace('"', "\\\"")),
            None => format!("[{section}]"),
        };
        // Writing to a String cannot fail.
        let _ = match &setting.value {
            Some(value) => writeln!(text, "{header}\n\t{name} = {}", quoted(value)),
            None => writeln!(text, "{header}\n\t{name}"),
        };
    }
    text
}

fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

// === impl Setting ===

impl Setting {
    fn local(key: &str, value: &str) -> Self {
        Self { scope: "local".to_owned(), key: key.to_owned(), value: Some(value.to_owned()) }
    }

    /// Its name.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Its value as text.
    pub(super) fn value(&self) -> &str {
        self.value.as_deref().unwrap_or("true")
    }

    /// Whether the repository itself says so.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.scope.as_str(), "local" | "worktree")
    }

    fn is_personal(&self) -> bool {
        matches!(self.scope.as_str(), "system" | "global")
    }

    fn travels(&self) -> bool {
        let is_own =
            OWN.contains(&self.key.as_str()) || OWN_SECTIONS.iter().any(|section| self.key.starts_with(section));
        !is_own || self.key == PARTIAL
    }

    /// The address of a remote that is a path counts from the developer's folder.
    fn anchor(&mut self, top: &Path) {
        let is_address =
            self.key.starts_with("remote.") && (self.key.ends_with(".url") || self.key.ends_with(".pushurl"));
        let Some(value) = self.value.as_mut().filter(|value| is_address && is_relative_path(value)) else { return };
        let absolute = top.join(&*value);
        if let Some(text) = absolute.to_str() {
            *value = text.to_owned();
        }
    }
}

/// Neither absolute, nor `scheme://…`, nor `host:path` (git-fetch(1), "GIT URLS").
fn is_relative_path(address: &str) -> bool {
    let first = address.split('/').next().unwrap_or_default();
    !address.is_empty() && !address.starts_with(['/', '~']) && !first.contains(':')
}

#[cfg(test)]
mod tests;
