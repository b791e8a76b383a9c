//! What the user told git already.

use std::io::Read;
use std::path::Path;

use super::Missing;
use crate::limits::FILE_BYTES_MAX;
use crate::run::environment::Environment;

/// The variable in which a session says how many settings in the environment are not its own.
pub(in crate::run) const COUNT_VARIABLE: &str = "WRIT_GIT_CONFIG_COUNT";

/// How many settings in the environment are the user's: all, but for those of a session around this one.
pub(super) fn count(environment: &Environment) -> Result<usize, Missing> {
    let name = if environment.before(COUNT_VARIABLE).is_some() { COUNT_VARIABLE } else { "GIT_CONFIG_COUNT" };
    let Some(text) = environment.before(name).filter(|text| !text.is_empty()) else { return Ok(0) };
    text.parse().map_err(|_| Missing(format!("`{name}` is not a number")))
}

/// A file of signers; none when it cannot be read or is no such file.
pub(super) fn read_bounded(path: &Path) -> Option<String> {
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Some(text)
}
