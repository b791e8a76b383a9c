//! Outside of a session: nothing is guarded unless it must be, and working trees are such as the client (2.1.330) makes when
//! it has no hooks for them, which it does not any more when it has these.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::Deserialize;

use super::{BLOCKED, Event, FAILED};
use crate::limits::HOOK_BYTES_MAX;
use crate::workspace::names::slug;

/// What the client says.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    cwd: PathBuf,
    #[serde(default)]
    name: String,
    #[serde(default)]
    worktree_path: PathBuf,
}

/// Where the client puts them, from the top of the repository.
const FOLDER: &str = ".claude/worktrees";

/// Answers the client; with `is_required`, nothing is changed and no sub-agent works apart.
pub(super) fn answer(event: Event, is_required: bool, input: impl Read) -> ExitCode {
    let is_tree = matches!(event, Event::WorktreeCreate | Event::WorktreeRemove);
    if is_required && (event.guards() || is_tree) {
        eprintln!("writ: this is not inside a session; start the agent with `writ run`");
        return if event.guards() { BLOCKED.into() } else { FAILED.into() };
    }
    if !is_tree {
        return ExitCode::SUCCESS;
    }
    match tree(event, input) {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("writ: {error}");
            FAILED.into()
        }
    }
}

fn tree(event: Event, input: impl Read) -> Result<String, String> {
    let asked: Asked = serde_json::from_reader(input.take(HOOK_BYTES_MAX))
        .map_err(|error| format!("what the client says of {} is not understood: {error}", event.name()))?;
    if event == Event::WorktreeRemove {
        // Git refuses one with work in it.
        return git(&asked.worktree_path, &["worktree", "remove", "."].map(Path::new)).map(|_| String::new());
    }
    let top = PathBuf::from(git(&asked.cwd, &["rev-parse", "--show-toplevel"].map(Path::new))?);
    let name = slug(&asked.name);
    let path = top.join(FOLDER).join(&name);
    if !path.exists() {
        let branch = format!("worktree-{name}");
        let start = ["worktree", "add", "--quiet", "--no-track", "-b", &branch].map(Path::new);
        git(&top, &[&start[..], &[&path, Path::new("HEAD")]].concat())?;
    }
    Ok(format!("{}\n", path.display()))
}

fn git(folder: &Path, arguments: &[&Path]) -> Result<String, String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output();
    let output = output.map_err(|error| format!("cannot run git: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(crate::output::clean(said.lines().next().unwrap_or("git fails and does not say why")))
}
