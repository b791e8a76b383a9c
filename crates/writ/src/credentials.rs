//! The sign-in of this machine: `credentials.json` in the configuration home, readable by its owner only.

use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::client::{Address, Client};
use crate::command_error::CommandError;
use crate::limits::FILE_BYTES_MAX;

/// The folder with this machine's files of writ.
#[derive(Debug, Clone)]
pub(crate) struct Home(PathBuf);

/// Where somebody is signed in, and as whom.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// URL of the control plane.
    pub(crate) server: String,
    /// The sign-in token: a secret.
    pub(crate) token: String,
    /// Sign-in name of the developer.
    pub(crate) developer: String,
}

const FILE: &str = "credentials.json";

impl Home {
    /// $WRIT_HOME, else $XDG_CONFIG_HOME/writ, else ~/.config/writ.
    ///
    /// # Errors
    /// When none of the three variables is set.
    pub(crate) fn find() -> Result<Self, CommandError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The same with variables from anywhere.
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, CommandError> {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("WRIT_HOME")
            .or_else(|| set("XDG_CONFIG_HOME").map(|path| path.join("writ")))
            .or_else(|| set("HOME").map(|path| path.join(".config/writ")))
            .map(Self)
            .ok_or_else(|| {
                CommandError::usage("cannot tell where to keep the sign-in").hinted("set WRIT_HOME to a folder")
            })
    }

    /// Where a file of this folder is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The sign-in, if there is one.
    pub(crate) fn credentials(&self) -> Result<Option<Credentials>, CommandError> {
        self.read(FILE)
    }

    /// Keeps a sign-in.
    pub(crate) fn keep(&self, credentials: &Credentials) -> Result<(), CommandError> {
        self.write(FILE, credentials)
    }

    /// Forgets the sign-in; nothing happens when there is none.
    pub(crate) fn forget(&self) -> Result<(), CommandError> {
        self.remove(FILE)
    }

    /// A client that speaks as the developer who is signed in.
    ///
    /// # Errors
    /// Nobody is signed in, or `server` is another control plane than the one signed in to.
    pub(crate) fn client(&self, server: Option<&str>) -> Result<Client, CommandError> {
        let missing = || CommandError::failed("not signed in").hinted("sign in with `writ login URL --login NAME`");
        let credentials = self.credentials()?.ok_or_else(missing)?;
        let address = address(&credentials.server)?;
        if let Some(wanted) = server
            && self::address(wanted)? != address
        {
            return Err(CommandError::usage(format!("signed in to {address}, not to `{wanted}`"))
                .hinted(format!("sign in there with `writ login {wanted}`")));
        }
        Ok(Client::new(address)?.with_bearer(&credentials.token))
    }

    /// Makes the folder that a file lies in, for its owner only.
    pub(crate) fn make_folder_of(&self, path: &Path) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(&self.0))
    }

    /// Reads a JSON file of this folder; none if there is no such file.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CommandError> {
        let path = self.0.join(name);
        let failed = |error: &dyn std::error::Error| {
            CommandError::failed(format!("cannot read `{}`", path.display())).because(error)
        };
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| failed(&error))?;
        let parsed =
            serde_json::from_str(&text).map_err(|error| failed(&error).hinted("sign in again with `writ login`"))?;
        Ok(Some(parsed))
    }

    /// Writes a JSON file of this folder in one step (a reader sees the old or the new one), mode 0600.
    pub(crate) fn write(&self, name: &str, content: &impl Serialize) -> Result<(), CommandError> {
        let path = self.0.join(name);
        self.write_file(&path, content)
            .map_err(|error| CommandError::failed(format!("cannot write `{}`", path.display())).because(&error))
    }

    /// Removes a file of this folder; nothing happens when there is none.
    pub(crate) fn remove(&self, name: &str) -> Result<(), CommandError> {
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(CommandError::failed(format!("cannot remove `{}`", path.display())).because(&error))
            }
            _ => Ok(()),
        }
    }

    fn write_file(&self, path: &Path, content: &impl Serialize) -> std::io::Result<()> {
        self.make_folder_of(path)?;
        let folder = path.parent().unwrap_or(&self.0);
        // A temporary file in the same folder is made with mode 0600 and renamed over the old one.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
        serde_json::to_writer_pretty(&mut file, content)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }
}

/// Checks the address of a control plane.
pub(crate) fn address(text: &str) -> Result<Address, CommandError> {
    text.parse().map_err(|error: String| CommandError::usage(error))
}

#[cfg(test)]
mod tests;
