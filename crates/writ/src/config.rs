//! The configuration of `serve`: a TOML file in which an unknown key is an error. All keys with their docs and defaults are
//! in `config/keys.rs`; the reference page is made from them.

mod check;
mod exports;
mod introspection;
mod issuer;
mod keys;
mod section;
mod suggest;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub(crate) use keys::{Config, LogFormat, LogLevel};
pub(crate) use section::SECTIONS;

use crate::command_error::CommandError;
use crate::limits::FILE_BYTES_MAX;

/// Environment variables as a function, so that tests bring their own.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the command line says about the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) database: Option<String>,
}

/// The variable that overrides `listen`.
const LISTEN_VARIABLE: &str = "WRIT_LISTEN";

impl Config {
    /// Reads a file. Relative paths in it are relative to its folder.
    ///
    /// # Errors
    /// Usage errors that name the file, the line and the field.
    pub(crate) fn read(path: &Path) -> Result<Self, CommandError> {
        let text = read_bounded(path)?;
        let mut config = Self::parse(&text, &path.display().to_string())?;
        config.anchor(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Parses the text of a file; `name` is for error texts.
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self, CommandError> {
        toml::from_str(text).map_err(|error| suggest::explain(&error, text, name))
    }

    /// Applies what wins over the file: the command line, then the environment (listening address only).
    pub(crate) fn overridden(mut self, overrides: Overrides, variables: Variables<'_>) -> Result<Self, CommandError> {
        if let Some(listen) = overrides.listen {
            self.listen = listen;
        } else if let Some(text) = variables(LISTEN_VARIABLE).filter(|text| !text.is_empty()) {
            self.listen = text.parse().map_err(|_| {
                CommandError::usage(format!("{LISTEN_VARIABLE}: `{text}` is not an address such as `127.0.0.1:7878`"))
            })?;
        }
        if let Some(folder) = overrides.data_dir {
            self.data_dir = folder;
        }
        self.database = overrides.database.or(self.database);
        Ok(self)
    }

    fn anchor(&mut self, folder: &Path) {
        if let Some(archive) = self.archive.as_mut().filter(|archive| !archive.is_empty() && !archive.contains("://")) {
            *archive = folder.join(&*archive).to_string_lossy().into_owned();
        }
        let paths = [
            Some(&mut self.data_dir),
            self.keys_dir.as_mut(),
            self.trust_policy.as_mut(),
            self.prices.overrides.as_mut(),
        ];
        let tls = self.tls.iter_mut().flat_map(|tls| [tls.certificate.as_mut(), tls.key.as_mut()]);
        let keys = self.upstreams.iter_mut().map(|upstream| upstream.key_file.as_mut());
        let exports = self.exports.iter_mut().flat_map(|export| [export.path.as_mut(), export.secret_file.as_mut()]);
        let introspection = self.introspection.iter_mut().map(|party| party.secret_file.as_mut());
        for path in paths.into_iter().chain(tls).chain(keys).chain(exports).chain(introspection).flatten() {
            *path = folder.join(&*path);
        }
    }
}

fn read_bounded(path: &Path) -> Result<String, CommandError> {
    let failed = || CommandError::usage(format!("cannot read `{}`", path.display()));
    let size = std::fs::metadata(path).map_err(|error| failed().because(&error))?.len();
    if size > FILE_BYTES_MAX {
        return Err(CommandError::usage(format!(
            "`{}` is {size} bytes, the limit is {FILE_BYTES_MAX}",
            path.display()
        )));
    }
    std::fs::read_to_string(path).map_err(|error| failed().because(&error))
}

#[cfg(test)]
mod tests;
