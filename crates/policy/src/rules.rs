//! What an action needs of the resources it touches: a project's rules map files, commands and tools to resources and modes.
//!
//! Pure: text in, wants out. The control plane checks rules with it before they count, the launcher and the gate at `git
//! push` map with it. What it says of a shell command is a hint (a shell can hide anything); what it says of the paths of a
//! push is not.

mod builtin;
mod effects;
mod error;
mod file;
mod folder;
mod path;
mod pattern;
mod run;
mod shell;
mod template;

use domain::Resource;
use domain::lock::{Mode, Want};

pub use effects::{Effects, How, Touched};
pub use error::RulesError;
pub use folder::relative;

use domain::limits::{LOCK_RULES_BYTES_MAX, LOCK_WANTS_MAX};
use file::File;
use path::{Hot, plain};
use pattern::Pattern;
use run::Command;

/// Where a command runs. All paths are absolute and without `.` and `..`.
#[derive(Debug, Clone, Copy)]
pub struct CommandContext<'a> {
    /// The repository's name in resources (`github.com/acme/api`); none outside of one.
    pub repository: Option<&'a str>,
    /// The branch that is checked out, without `refs/heads/`; none when the head is detached.
    pub branch: Option<&'a str>,
    /// The top folder of the working tree.
    pub root: &'a str,
    /// The folder that the command starts in.
    pub folder: &'a str,
    /// What `~` stands for.
    pub home: Option<&'a str>,
}

/// A project's rules over the built-in ones.
#[derive(Debug, Clone)]
pub struct Rules {
    repositories: Vec<Repository>,
    hot: Vec<Hot>,
    commands: Vec<Command>,
    tools: Vec<Tool>,
}

/// What holds for one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    name: String,
    folds_case: bool,
    protected: Vec<Pattern>,
    attribution_required: bool,
    signature_required: bool,
}

/// What calls of a tool need.
#[derive(Debug, Clone)]
struct Tool {
    name: Pattern,
    want: Want,
}

// === impl Rules ===

impl Default for Rules {
    /// The built-in rules alone.
    fn default() -> Self {
        builtin::rules()
    }
}

impl Rules {
    /// Reads a project's rules: TOML of at most [`LOCK_RULES_BYTES_MAX`] bytes, as in `docs/locks.md`. The first rule that fits
    /// counts, and the built-in ones come last, unless the text says `builtin = false`.
    ///
    /// # Errors
    /// It is too long, no TOML, or a rule in it says something that cannot be.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        if text.len() > LOCK_RULES_BYTES_MAX {
            return Err(RulesError::TooLong { bytes: text.len() });
        }
        let file: File = toml::from_str(text).map_err(|error| RulesError::syntax(text, &error))?;
        let with_builtin = file.builtin;
        let mut rules = file.check()?;
        if with_builtin {
            let builtin = Self::default();
            rules.hot.extend(builtin.hot);
            rules.commands.extend(builtin.commands);
        }
        Ok(rules)
    }

    /// What writing a file of a repository needs: X on a hot path, IX on the file itself otherwise. `path` is relative to
    /// the top folder, with `/`. A path that no resource can name (too long, too deep, odd characters) is answered with
    /// the nearest folder that one can.
    ///
    /// None only when the repository's name is none.
    pub fn for_path(&self, repository: &str, path: &str) -> Option<Want> {
        self.for_file(repository, path).map(|(_, want)| want)
    }

    /// The file itself as a resource, and what writing it needs: as [`Rules::for_path`].
    pub fn for_file(&self, repository: &str, path: &str) -> Option<(Resource, Want)> {
        let plain = plain(path, self.folds_case(repository));
        let file = path::nearest(repository, &plain)?;
        let want = match self.hot.iter().find_map(|rule| rule.matched(repository, &plain)) {
            Some((hot, mode)) => Want::new(path::nearest(repository, hot)?, mode),
            None => Want::new(file.clone(), Mode::IX),
        };
        Some((file, want))
    }

    /// What a shell command needs, as far as it can be told: rules for commands, pushes to protected branches, and files
    /// that it is seen to write; and what it is seen to do. At most [`LOCK_WANTS_MAX`], sorted, each resource once in its
    /// strongest mode.
    pub fn for_command(&self, context: &CommandContext<'_>, command: &str) -> (Vec<Want>, Effects) {
        let commands = shell::commands(context, command);
        let mut wants: Vec<Want> = commands.iter().flat_map(|one| self.for_one(context, one)).collect();
        let effects = effects::of(&commands);
        for touched in &effects.writes {
            let path = relative(context.root, &touched.path);
            wants.extend(context.repository.zip(path).and_then(|(name, path)| self.for_path(name, path)));
        }
        let mut wants = Want::each_once(wants);
        wants.truncate(LOCK_WANTS_MAX);
        (wants, effects)
    }

    /// What calling a tool needs; MCP tools are called `mcp__server__tool`.
    pub fn for_tool(&self, name: &str) -> Vec<Want> {
        self.tools.iter().find(|tool| tool.name.matches(name)).map(|tool| tool.want.clone()).into_iter().collect()
    }

    /// The resource under the case policy of its repository: where case does not count, lower case.
    pub fn canonical(&self, resource: Resource) -> Resource {
        let folds = resource.repository_path().is_some_and(|(repository, _)| self.folds_case(&repository));
        if folds { resource.folded() } else { resource }
    }

    /// Whether a branch (without `refs/heads/`) moves only while X is held on it. `main` and `master` are, where nothing
    /// is said of the repository.
    pub fn is_protected(&self, repository: &str, branch: &str) -> bool {
        match self.repository(repository) {
            Some(known) => known.protected.iter().any(|pattern| pattern.matches(branch)),
            None => builtin::PROTECTED.contains(&branch),
        }
    }

    /// What is said of a repository.
    pub fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|known| known.name == name)
    }

    fn folds_case(&self, repository: &str) -> bool {
        self.repository(repository).is_some_and(|known| known.folds_case)
    }

    fn for_one(&self, context: &CommandContext<'_>, one: &shell::Simple) -> Vec<Want> {
        let by_rule = self.commands.iter().find_map(|rule| rule.want(context, one));
        let pushed = run::pushed(context, one).into_iter().filter_map(|branch| {
            let repository = context.repository?;
            let resource = Resource::repository_ref(repository, &format!("heads/{branch}")).ok()?;
            self.is_protected(repository, &branch).then_some(Want::new(resource, Mode::X))
        });
        by_rule.into_iter().chain(pushed).collect()
    }
}

// === impl Repository ===

impl Repository {
    /// Whether each new commit of a push must name its session.
    pub fn requires_attribution(&self) -> bool {
        self.attribution_required
    }

    /// Whether each new commit of a push must be signed with its session's certificate.
    pub fn requires_signature(&self) -> bool {
        self.signature_required
    }
}

#[cfg(test)]
mod tests;
