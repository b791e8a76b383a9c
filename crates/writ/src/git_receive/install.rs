//! `writ git-receive install`: sets a bare repository up.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::settings::{self, FILE, Settings, Unproven};
use crate::cli::InstallReceive;
use crate::client::Address;
use crate::command_error::{CommandError, Exit};
use crate::output::quoted;
use crate::push::repository::Repository;

/// The hook's second line: by it our own is known.
const MARK: &str = "# Made by `writ git-receive install`: a push goes in only if writ admits it.";

/// The hook that decides, and the one that git runs when it took the push.
const BEFORE: &str = "pre-receive";
const AFTER: &str = "post-receive";

/// Writes the hooks and what it is told, and has git take options with a push.
///
/// # Errors
/// It is no repository, another hook is there, or it cannot be written.
pub(crate) async fn install(arguments: InstallReceive) -> Result<Exit, CommandError> {
    let InstallReceive { repository: folder, server, name, proven_by, secret_file, unproven_allow, writ } = arguments;
    let folder = std::fs::canonicalize(&folder)
        .map_err(|error| CommandError::usage(format!("`{}`", folder.display())).because(&error))?;
    server.parse::<Address>().map_err(CommandError::usage)?;
    let secret_file = std::path::absolute(&secret_file).unwrap_or(secret_file);
    settings::secret(&secret_file)?;
    let writ = program(writ)?;
    let repository = Repository::at(&folder);
    let asked = repository.ask(&["rev-parse", "--is-bare-repository"], b"", 64).await;
    if !matches!(asked.as_deref(), Ok(b"true\n")) {
        return Err(CommandError::usage(format!("`{}` is not a bare repository", folder.display())));
    }
    let unproven = if unproven_allow { Unproven::Allow } else { Unproven::Refuse };
    let told = Settings { server, repository: name, proven_by, secret_file, unproven };
    let text = toml::to_string(&told).map_err(|error| CommandError::failed("the settings").because(&error))?;
    let hook = hook(&folder, BEFORE)?;
    let cannot = |error: std::io::Error| {
        CommandError::failed(format!("cannot write into `{}`", folder.display())).because(&error)
    };
    write(&folder.join(FILE), text.as_bytes(), 0o644).map_err(cannot)?;
    let failed = |error: crate::push::repository::GitError| CommandError::failed(error.to_string());
    repository.ask(&["config", "receive.advertisePushOptions", "true"], b"", 1024).await.map_err(failed)?;
    let script =
        |name: &str| format!("#!/bin/sh\n{MARK}\nexec {} git-receive {name}\n", quoted(&writ.to_string_lossy()));
    match self::hook(&folder, AFTER) {
        Ok(path) => write(&path, script(AFTER).as_bytes(), 0o755).map_err(cannot)?,
        // Only convenience is lost: locks rest for a minute after a push.
        Err(other) => eprintln!("{other}"),
    }
    write(&hook, script(BEFORE).as_bytes(), 0o755).map_err(cannot)?;
    eprintln!("pushes to {} go in only if writ admits them", folder.display());
    Ok(Exit::Done)
}

/// The program that the hook runs: this one, by its full path.
fn program(named: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    match named {
        Some(path) => std::path::absolute(path),
        None => std::env::current_exe(),
    }
    .map_err(|error| CommandError::failed("where this program is").because(&error))
}

/// Where the hook goes. Another one is kept: whoever made it knows what it is for.
fn hook(repository: &Path, name: &str) -> Result<PathBuf, CommandError> {
    let hooks = repository.join("hooks");
    let made = DirBuilder::new().recursive(true).mode(0o755).create(&hooks);
    made.map_err(|error| CommandError::failed(format!("cannot make `{}`", hooks.display())).because(&error))?;
    let path = hooks.join(name);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path),
        Ok(text) if text.contains(MARK) => Ok(path),
        _ => Err(CommandError::usage(format!("there is another hook already: `{}`", path.display())).hinted(format!(
            "have it run `writ git-receive {name}` with its standard input first, and pass its failure on"
        ))),
    }
}

/// Writes a file whole or not at all: git may run the hook at any time.
fn write(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let new = path.with_extension("writ-new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}
