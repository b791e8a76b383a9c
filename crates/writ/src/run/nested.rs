//! A `claude` that is started by its name inside the session: by the agent, or by a human in `writ run -- bash`.
//!
//! The client's key helper comes from its settings, and no variable leads there (measured with 2.1.330): one that is started
//! without `--settings` says that nobody is signed in. So the session's folder has a program of the client's name at the front
//! of the search path, which starts the real one with the session's settings.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value};

use super::child::not_started;
use super::delivery::{Prepared, Site, Unprepared};
use super::hooks::with_hooks;
use super::settings_file::{Bound, ClaudeArguments, FLAG, read_file};
use crate::cli::InsideClaude;
use crate::command_error::{CommandError, Exit};

/// The client's name.
pub(super) const CLAUDE: &str = "claude";
/// The session's settings, in its folder.
const SETTINGS: &str = "claude.json";

/// Writes the program that starts this client, and the settings for it.
///
/// # Errors
/// They cannot be written.
pub(super) fn prepare(
    client: &Path,
    bound: &Bound<'_>,
    site: &Site<'_>,
    prepared: &mut Prepared,
) -> Result<(), Unprepared> {
    let settings = site.folder.path().join(SETTINGS);
    site.write(&settings, &with_hooks(ClaudeArguments::default().settings(bound)).to_string())?;
    let words: [OsString; 7] = [
        site.writ.into(),
        "inside-claude".into(),
        FLAG.into(),
        settings.into(),
        "--program".into(),
        client.into(),
        "--".into(),
    ];
    prepared.program(site, CLAUDE, &format!("exec {} \"$@\"", Site::shell(&words)))?;
    Ok(())
}

/// Becomes the client, with the session's settings over those that it is started with.
///
/// # Errors
/// There are no such settings, or there is no such program.
pub(crate) fn start(arguments: &InsideClaude) -> Result<Exit, CommandError> {
    let claude = ClaudeArguments::take(&arguments.arguments)?;
    let settings = if claude.has_settings() {
        claude.below(session(&arguments.settings)?).to_string().into()
    } else {
        arguments.settings.as_os_str().to_owned()
    };
    let error = Command::new(&arguments.program).arg(FLAG).arg(settings).args(claude.rest).exec();
    Err(not_started(arguments.program.as_os_str(), &error))
}

fn session(path: &Path) -> Result<Map<String, Value>, CommandError> {
    serde_json::from_str(&read_file(path)?)
        .map_err(|error| CommandError::failed("the session's settings are not understood").because(&error))
}
