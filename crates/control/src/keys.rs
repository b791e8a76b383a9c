//! The folder of keys, apart from the database, so that a copy of either is worth little without the other.
//!
//! One small file per key, readable by its owner only. A key is on disk, and its name too, before anything depends on
//! it. Several processes may share the folder: a file is complete from the moment it can be seen, and of two that make
//! the same key one wins. Everything here blocks: call it off the runtime's threads.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::limits::KEY_FILE_BYTES_MAX;
use crate::seam;

/// A folder of key files that nobody else on the machine may read.
#[derive(Debug, Clone)]
pub struct KeysFolder {
    path: PathBuf,
}

// === impl KeysFolder ===

impl KeysFolder {
    /// The folder, made with those above it when absent. Warns when others may look into one that was there.
    ///
    /// # Errors
    /// It cannot be made, or is no folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        make_private_folder(path)?;
        warn_if_open_to_others(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// A folder inside this one.
    ///
    /// # Errors
    /// See [`KeysFolder::open`].
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        Self::open(&self.path.join(name))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of a file, if there is one.
    ///
    /// # Errors
    /// It cannot be read, or has more than [`KEY_FILE_BYTES_MAX`].
    pub fn read(&self, name: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let file = match File::open(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX + 1));
        file.take(KEY_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > KEY_FILE_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Some(bytes))
    }

    /// Writes a new file, readable by its owner only; returns false when there is one of that name, which stays as it
    /// is. The file and its name are synced to disk before this returns.
    ///
    /// # Errors
    /// It cannot be written; nothing of that name is there then.
    pub fn write_new(&self, name: &str, bytes: &[u8]) -> io::Result<bool> {
        // Written aside and then linked: who sees the name sees all of it.
        let aside = self.path.join(format!(".{name}.{:032x}", u128::from_le_bytes(seam::random())));
        let written = write_synced(&aside, bytes).and_then(|()| std::fs::hard_link(&aside, self.path.join(name)));
        // What cannot be removed is a second name of the same bytes: to destroy one overwrites both.
        let _ = std::fs::remove_file(&aside);
        match written {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
            Ok(()) => self.sync().map(|()| true),
        }
    }

    /// Replaces a file in one step, or makes it: a reader sees the old or the new one. Both are synced to disk before this
    /// returns.
    ///
    /// # Errors
    /// It cannot be written; the old one is there then.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let aside = self.path.join(format!(".{name}.{:032x}", u128::from_le_bytes(seam::random())));
        let written = write_synced(&aside, bytes).and_then(|()| std::fs::rename(&aside, self.path.join(name)));
        if written.is_err() {
            let _ = std::fs::remove_file(&aside);
        }
        written.and_then(|()| self.sync())
    }

    /// The bytes of a file that is made of `fresh` if absent: all who ask get the same.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn read_or_write(&self, name: &str, fresh: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        self.write_new(name, fresh)?;
        self.read(name)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Overwrites a file with zeros and removes it, both synced to disk; returns false when there is none.
    ///
    /// # Errors
    /// It is still there, or may come back after a power cut.
    pub fn destroy(&self, name: &str) -> io::Result<bool> {
        let path = self.path.join(name);
        match overwrite(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            overwritten => overwritten?,
        }
        match std::fs::remove_file(&path) {
            // Another process was as quick.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
        self.sync().map(|()| true)
    }

    /// Makes names that came and went durable.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

/// Makes a folder, and those above it, that nobody else on the machine may look into.
///
/// # Errors
/// It cannot be made.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn warn_if_open_to_others(path: &Path) -> io::Result<()> {
    let found = std::fs::metadata(path)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0 {
        let path = path.display();
        tracing::warn!(%path, "others on this machine may look into the folder of keys: give it mode 700");
    }
    if found.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = file.metadata()?.len();
    file.rewind()?;
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
