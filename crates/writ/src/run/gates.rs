//! The gates that the session pushes through: to which servers git sends the session's options, and what locks call these.
//!
//! They are told, not guessed: by a target's delivery (`git.gate`), and by the developer's or the repository's setting
//! `writ.gate`. A server that nobody named gets no options, and refuses what it must with a sentence that says which.

use std::path::Path;

use super::git::Git;
use super::session_folder::SessionFolder;
use crate::limits::GATES_MAX;

/// The setting: what addresses of repositories behind a gate begin with.
pub(super) const SETTING: &str = "writ.gate";
/// The file with which git decides, in the session's folder.
const FILE: &str = "gates.gitconfig";

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Gates(Vec<Gate>);

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gate {
    /// What addresses of its repositories begin with: `https://git.example.com/acme/`, `git@git.example.com:`, `/srv/git`.
    pub(super) prefix: String,
    /// What locks call its host, where that is not the one in the address: a proxy stands for another.
    pub(super) called: Option<String>,
}

// === impl Gates ===

impl Gates {
    /// Adds those of a git's setting.
    pub(super) fn told(&mut self, prefixes: impl IntoIterator<Item = String>) {
        self.extend(prefixes.into_iter().map(|prefix| Gate { prefix, called: None }));
    }

    /// Adds some.
    pub(super) fn extend(&mut self, gates: impl IntoIterator<Item = Gate>) {
        self.0.extend(gates.into_iter().filter(|gate| is_address(&gate.prefix)));
        self.0.truncate(GATES_MAX);
    }

    /// The name of a repository in locks, if its address is one of a gate that stands for another host.
    pub(super) fn name_of(&self, url: &str) -> Option<String> {
        let (scheme, rest) = url.split_once("://")?;
        let rest = rest.split_once('@').filter(|(user, _)| !user.contains('/')).map_or(rest, |(_, rest)| rest);
        let plain = format!("{scheme}://{rest}");
        let stands_for = |gate: &&Gate| gate.called.is_some() && is_below(&plain, &gate.prefix);
        let gate = self.0.iter().filter(stands_for).max_by_key(|gate| gate.prefix.len())?;
        let path = rest.split_once('/')?.1.trim_end_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        Some(format!("{}/{path}", gate.called.as_deref()?.to_ascii_lowercase()))
    }

    /// Writes the file that has git read `options` where a remote is a gate's. The setting that includes it; none when there is
    /// no gate.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(
        &self,
        folder: &SessionFolder,
        options: &Path,
    ) -> std::io::Result<Option<(String, std::ffi::OsString)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let path = folder.path().join(FILE);
        let options = quoted(&options.to_string_lossy());
        let text: String = self
            .0
            .iter()
            .flat_map(|gate| patterns(&gate.prefix))
            .map(|pattern| {
                format!("[includeIf {}]\n\tpath = {options}\n", quoted(&format!("hasconfig:remote.*.url:{pattern}")))
            })
            .collect();
        folder.write(&path, &text)?;
        Ok(Some(("include.path".to_owned(), path.into())))
    }
}

impl Git {
    /// What the developer says in the setting, from wherever git has it.
    pub(super) async fn gates(&self, environment: &super::environment::Environment) -> Vec<String> {
        let said = self.said(&["config", "--null", "--get-all", SETTING], environment).await.unwrap_or_default();
        said.split_terminator('\0').filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }
}

/// Text that can stand in a line of git's settings.
fn is_address(prefix: &str) -> bool {
    !prefix.is_empty() && !prefix.contains(char::is_control)
}

/// Whole segments, or the beginning that ends in `/` or `:`.
fn is_below(url: &str, prefix: &str) -> bool {
    let Some(rest) = url.strip_prefix(prefix) else { return false };
    rest.is_empty() || prefix.ends_with(['/', ':']) || rest.starts_with('/') || rest == ".git"
}

/// Patterns of addresses, as git compares them: wildmatch with `**` for whole segments (git-config(1), "Conditional includes").
fn patterns(prefix: &str) -> Vec<String> {
    let plain = prefix.trim_end_matches('/');
    let escaped: String =
        plain.chars().flat_map(|char| "*?[]\\".contains(char).then_some('\\').into_iter().chain([char])).collect();
    if escaped.ends_with(':') {
        return vec![format!("{escaped}*"), format!("{escaped}*/**")];
    }
    let mut bases = vec![escaped.clone()];
    if let Some((scheme, rest)) =
        escaped.split_once("://").filter(|(_, rest)| !rest.starts_with('/') && !rest.contains('@'))
    {
        bases.push(format!("{scheme}://*@{rest}"));
    }
    let mut patterns = Vec::new();
    for base in bases {
        patterns.push(format!("{base}/**"));
        // A prefix that is one repository.
        patterns.extend([base.clone(), format!("{base}.git")]);
    }
    patterns
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
