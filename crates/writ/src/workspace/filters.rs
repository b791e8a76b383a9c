//! Programs that git starts for files: the developer's own (such as Git LFS) run when work is kept, an agent's do not.

use super::config;
use super::git::Git;
use crate::command_error::CommandError;

/// The filters that a repository's own settings name, as `key=value`.
pub(super) async fn known(git: &Git) -> Result<Vec<String>, CommandError> {
    let settings = config::list(git).await?;
    let ours = settings.iter().filter(|setting| setting.is_local() && is_program(setting.key()));
    Ok(ours.map(|setting| format!("{}={}", setting.key(), setting.value())).collect())
}

/// Settings that switch off what came since: an empty program is none.
pub(super) async fn without_new(git: &Git, known: &[String]) -> Result<Vec<String>, CommandError> {
    let now = self::known(git).await?;
    let fresh =
        now.iter().filter(|line| !known.contains(line)).filter_map(|line| line.split_once('=')).map(|(key, _)| key);
    Ok(fresh.flat_map(switched_off).collect())
}

fn switched_off(key: &str) -> Vec<String> {
    let Some((filter, _)) = key.rsplit_once('.') else { return Vec::new() };
    let settings = ["clean=", "smudge=", "process=", "required=false"];
    settings.iter().map(|setting| format!("{filter}.{setting}")).collect()
}

fn is_program(key: &str) -> bool {
    key.starts_with("filter.") && [".clean", ".smudge", ".process"].iter().any(|name| key.ends_with(name))
}
