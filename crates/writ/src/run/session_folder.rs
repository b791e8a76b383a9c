//! The session's private folder: sockets, certificate, hooks. Only this user can look into it; it goes with the session.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::limits::SOCKET_PATH_BYTES_MAX;

/// The folder; removed when dropped.
#[derive(Debug)]
pub(super) struct SessionFolder(TempDir);

/// Names of the sockets in it.
const AGENT: &str = "agent.sock";
const LOGIN: &str = "login.sock";
const DOOR: &str = "writ.sock";
const HOOKS: &str = crate::hook::wire::SOCKET;
/// Lines for a shell.
const PARTS: &str = "parts.sh";

/// How much longer the path of a socket in a subfolder is: `ssh/255.sock`.
const SUBFOLDER_BYTES: usize = 2;

impl SessionFolder {
    /// Makes it in the temporary folder, or in `/tmp` when the path of a socket there would be too long for the system.
    ///
    /// # Errors
    /// Neither can be used.
    pub(super) fn make() -> io::Result<Self> {
        let folder = Self::make_in(&std::env::temp_dir())?;
        if folder.login_socket().as_os_str().len() + SUBFOLDER_BYTES <= SOCKET_PATH_BYTES_MAX {
            return Ok(folder);
        }
        Self::make_in(Path::new("/tmp"))
    }

    fn make_in(parent: &Path) -> io::Result<Self> {
        let private = std::fs::Permissions::from_mode(0o700);
        // The absolute path: git and hooks run elsewhere.
        let parent = std::path::absolute(parent)?;
        tempfile::Builder::new().prefix("writ-").permissions(private).tempdir_in(parent).map(Self)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the agent for logging in listens.
    pub(super) fn login_socket(&self) -> PathBuf {
        self.path().join(LOGIN)
    }

    /// Where the agent for signing commits listens.
    pub(super) fn agent_socket(&self) -> PathBuf {
        self.path().join(AGENT)
    }

    /// Where the launcher listens.
    pub(super) fn door_socket(&self) -> PathBuf {
        self.path().join(DOOR)
    }

    /// Where the launcher answers hooks.
    pub(super) fn hook_socket(&self) -> PathBuf {
        self.path().join(HOOKS)
    }

    /// Where the variables of sub-agents with workspaces of their own are.
    pub(super) fn parts_script(&self) -> PathBuf {
        self.path().join(PARTS)
    }

    /// Writes a file in one step: a reader sees the old or the new content.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, path: &Path, content: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.path())?;
        io::Write::write_all(&mut file, content.as_bytes())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }
}
