//! Rules as they are written: TOML.

use domain::lock::{Mode, Want};
use serde::Deserialize;

use super::error::RulesError;
use super::path::{Hot, plain};
use super::pattern::Pattern;
use super::run::{Command, Program};
use super::template::Template;
use super::{Repository, Rules, Tool};
use crate::limits::{NAMES_PER_RULE_MAX, RULES_PER_KIND_MAX};

/// The whole text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Whether the built-in rules count too, after these.
    #[serde(default = "yes")]
    pub(super) builtin: bool,
    #[serde(default)]
    repository: Vec<RepositoryText>,
    #[serde(default)]
    path: Vec<PathText>,
    #[serde(default)]
    command: Vec<CommandText>,
    #[serde(default)]
    tool: Vec<ToolText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryText {
    name: String,
    #[serde(default)]
    case: Case,
    protected: Option<Vec<String>>,
    #[serde(default)]
    attribution: Demand,
    #[serde(default)]
    signature: Demand,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Case {
    #[default]
    Exact,
    Fold,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Demand {
    #[default]
    Optional,
    Required,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathText {
    repository: Option<String>,
    #[serde(default)]
    under: Vec<String>,
    #[serde(default)]
    folders: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
    mode: Mode,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandText {
    run: String,
    resource: String,
    mode: Mode,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolText {
    name: String,
    resource: String,
    mode: Mode,
}

fn yes() -> bool {
    true
}

impl File {
    /// The rules, once each of them makes sense.
    pub(super) fn check(self) -> Result<Rules, RulesError> {
        let repositories = all("repository", self.repository, RepositoryText::check)?;
        let folded: Vec<_> =
            repositories.iter().filter(|known| known.folds_case).map(|known| known.name.clone()).collect();
        Ok(Rules {
            hot: all("path", self.path, |text| text.check(&folded))?,
            commands: all("command", self.command, CommandText::check)?,
            tools: all("tool", self.tool, ToolText::check)?,
            repositories,
        })
    }
}

fn all<T, C>(kind: &'static str, texts: Vec<T>, check: impl Fn(T) -> Result<C, String>) -> Result<Vec<C>, RulesError> {
    if texts.len() > RULES_PER_KIND_MAX {
        let reason = format!("there are {} of them, the limit is {RULES_PER_KIND_MAX}", texts.len());
        return Err(RulesError::Rule { kind, number: texts.len(), reason });
    }
    let numbered = texts.into_iter().zip(1..);
    numbered.map(|(text, number)| check(text).map_err(|reason| RulesError::Rule { kind, number, reason })).collect()
}

impl RepositoryText {
    fn check(self) -> Result<Repository, String> {
        let whole = domain::Resource::in_repository(&self.name, "");
        if !whole.is_ok_and(|whole| whole.repository_path().is_none()) {
            return Err(format!("`{}` is no repository: expected a name such as `github.com/acme/api`", self.name));
        }
        let protected = match self.protected {
            Some(names) => checked(names, "protected")?,
            None => super::builtin::PROTECTED.map(str::to_owned).to_vec(),
        };
        Ok(Repository {
            name: self.name,
            folds_case: self.case == Case::Fold,
            protected: protected.iter().map(|name| Pattern::new(name)).collect(),
            attribution_required: self.attribution == Demand::Required,
            signature_required: self.signature == Demand::Required,
        })
    }
}

impl PathText {
    fn check(self, folded: &[String]) -> Result<Hot, String> {
        if self.under.is_empty() && self.folders.is_empty() && self.files.is_empty() {
            return Err("it names no path: give `under`, `folders` or `files`".to_owned());
        }
        // A rule for all repositories is compared as written: what folds case is named.
        let folds = self.repository.as_ref().is_some_and(|name| folded.contains(name));
        let fold = |names: Vec<String>| names.into_iter().map(|name| plain(&name, folds)).collect();
        let under = checked(self.under, "under")?.into_iter().map(prefix).collect::<Result<_, _>>()?;
        let names = [("folders", &self.folders), ("files", &self.files)];
        if let Some((list, name)) =
            names.iter().find_map(|(list, all)| Some((list, all.iter().find(|n| n.contains('/'))?)))
        {
            return Err(format!("`{name}` in `{list}` is no name: paths belong into `under`"));
        }
        Ok(Hot {
            repository: self.repository,
            under: fold(under),
            folders: fold(checked(self.folders, "folders")?),
            files: fold(checked(self.files, "files")?),
            mode: self.mode,
        })
    }
}

impl CommandText {
    fn check(self) -> Result<Command, String> {
        let program = Program::parse(&self.run)?;
        Ok(Command { program, resource: Template::parse(&self.resource)?, mode: self.mode })
    }
}

impl ToolText {
    fn check(self) -> Result<Tool, String> {
        if self.name.is_empty() {
            return Err("`name` is empty".to_owned());
        }
        let resource = self.resource.parse().map_err(|error| format!("`{}` is no resource: {error}", self.resource))?;
        Ok(Tool { name: Pattern::new(&self.name), want: Want::new(resource, self.mode) })
    }
}

/// Neither empty names nor too many.
fn checked(names: Vec<String>, list: &str) -> Result<Vec<String>, String> {
    if names.len() > NAMES_PER_RULE_MAX {
        return Err(format!("`{list}` has {} names, the limit is {NAMES_PER_RULE_MAX}", names.len()));
    }
    match names.iter().any(String::is_empty) {
        true => Err(format!("a name in `{list}` is empty")),
        false => Ok(names),
    }
}

/// A prefix from the top folder, which globs and `..` are not.
fn prefix(path: String) -> Result<String, String> {
    let plain = path.trim_end_matches('/').to_owned();
    let is_plain = !plain.is_empty() && plain.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if plain.contains(['*', '?', '[']) {
        return Err(format!("`{path}` in `under` is a glob: name the folder, it stands for all below it"));
    }
    if is_plain { Ok(plain) } else { Err(format!("`{path}` in `under` is no path from the top folder")) }
}
