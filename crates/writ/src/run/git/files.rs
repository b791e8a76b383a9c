//! The scripts that git runs.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::output::quoted;
use crate::run::session_folder::SessionFolder;

/// Every hook of githooks(5) that runs on a developer's side, but for `fsmonitor-watchman`, which git looks up by other
/// means. Hooks of the receiving side are not among them: git itself does not pass the environment on to there.
const NAMES: [&str; 20] = [
    "applypatch-msg",
    "commit-msg",
    "p4-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "p4-prepare-changelist",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
    "reference-transaction",
];
/// Also on a developer's side; `git send-email` looks it up like the others.
const MAIL: &str = "sendemail-validate";

const SCRIPT: &str = include_str!("hook.sh");

/// What the hooks say and whom they tell.
#[derive(Debug, Clone)]
pub(in crate::run) struct Hooks<'a> {
    /// The session's id.
    pub(in crate::run) session: &'a str,
    /// The developer's sign-in name.
    pub(in crate::run) developer: &'a str,
    /// This program.
    pub(in crate::run) writ: &'a Path,
    /// The launcher's socket.
    pub(in crate::run) socket: &'a Path,
    /// How many settings in the environment are the user's own.
    pub(in crate::run) count: usize,
}

impl Hooks<'_> {
    /// Writes the hooks: one script under all names.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(in crate::run) fn write(&self, folder: &SessionFolder) -> io::Result<PathBuf> {
        let hooks = folder.path().join("hooks");
        std::fs::DirBuilder::new().mode(0o700).create(&hooks)?;
        let script = folder.path().join("hook");
        write_script(&script, &self.script(&hooks))?;
        for name in NAMES.iter().chain([&MAIL]) {
            symlink(&script, hooks.join(name))?;
        }
        Ok(hooks)
    }

    fn script(&self, hooks: &Path) -> String {
        let values = [
            ("@HOOKS@", quoted(&hooks.to_string_lossy())),
            ("@WRIT@", quoted(&self.writ.to_string_lossy())),
            ("@SOCKET@", quoted(&self.socket.to_string_lossy())),
            ("@COUNT@", self.count.to_string()),
            ("@SESSION_TRAILER@", quoted(&format!("Agent-Session: {}", self.session))),
            ("@DEVELOPER_TRAILER@", quoted(&format!("Agent-Developer: {}", self.developer))),
            ("@SESSION@", quoted(self.session)),
        ];
        values.iter().fold(SCRIPT.to_owned(), |script, (name, value)| script.replace(name, value))
    }
}

/// Writes a stand-in for `ssh-keygen` that asks the session's agent: the user's own agent stays in the environment, so
/// that pushing works as before.
pub(super) fn write_keygen(folder: &SessionFolder, keygen: &Path) -> io::Result<PathBuf> {
    let (script, socket) = (folder.path().join("ssh-keygen"), folder.agent_socket());
    let (socket, keygen) = (quoted(&socket.to_string_lossy()), quoted(&keygen.to_string_lossy()));
    write_script(&script, &format!("#!/bin/sh\nSSH_AUTH_SOCK={socket} exec {keygen} \"$@\"\n"))?;
    Ok(script)
}

fn write_script(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o700).open(path)?;
    file.write_all(text.as_bytes())
}
