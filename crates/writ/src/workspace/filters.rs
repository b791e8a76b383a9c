//! Programs that git starts for files: the developer's own (such as Git LFS) run when work is kept, an agent's do not.

use super::config::{self, Setting};
use super::git::Git;
use crate::command_error::CommandError;

/// What a workspace's settings are now.
#[derive(Debug, Default)]
pub(super) struct Now {
    /// Settings for git's command line, that switch off what came since the start.
    pub(super) off: Vec<String>,
    /// Whether only a part of the files is checked out.
    pub(super) is_sparse: bool,
}

/// The programs that a repository's own settings name, as `key=value`.
pub(super) fn of<'a>(settings: impl Iterator<Item = &'a Setting>) -> Vec<String> {
    let programs = settings.filter(|setting| setting.is_local() && is_program(setting.key()));
    programs.map(|setting| format!("{}={}", setting.key(), setting.value())).collect()
}

/// Looks at the settings, of which these programs were there from the start: an empty program is none.
pub(super) async fn now(git: &Git, known: &[String]) -> Result<Now, CommandError> {
    let settings = config::list(git).await?;
    let programs = of(settings.iter());
    let fresh = programs.iter().filter(|line| !known.contains(line)).filter_map(|line| line.split_once('='));
    let sparse = settings.iter().rev().find(|setting| setting.key() == "core.sparsecheckout");
    Ok(Now {
        off: fresh.flat_map(|(key, _)| switched_off(key)).collect(),
        is_sparse: sparse.is_some_and(|setting| setting.value() == "true"),
    })
}

impl Now {
    /// The arguments for git.
    pub(super) fn arguments(&self) -> Vec<&str> {
        self.off.iter().flat_map(|setting| ["-c", setting]).collect()
    }
}

fn switched_off(key: &str) -> Vec<String> {
    let Some((filter, _)) = key.rsplit_once('.') else { return Vec::new() };
    let settings = ["clean=", "smudge=", "process=", "required=false"];
    settings.iter().map(|setting| format!("{filter}.{setting}")).collect()
}

fn is_program(key: &str) -> bool {
    key.starts_with("filter.") && [".clean", ".smudge", ".process"].iter().any(|name| key.ends_with(name))
}
