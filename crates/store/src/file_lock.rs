//! Keeping a SQLite database to one process: two would each believe they were the only writer of the log.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::StoreError;

/// A lock of the operating system on `<database>.lock`, held until dropped; the system frees it if the process dies.
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock at once or fails.
    pub(crate) fn take(database: &Path) -> Result<Self, StoreError> {
        let mut name = OsString::from(database);
        name.push(".lock");
        let file = open_private(&PathBuf::from(name)).map_err(|error| cannot_open(database, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: database.to_owned() }),
            Err(TryLockError::Error(error)) => {
                let path = database.display();
                Err(StoreError::unavailable(format!("`{path}` cannot be locked ({})", error.kind())))
            }
        }
    }
}

/// Makes the database file, readable by its owner only, if there is none: SQLite would let everybody read it.
pub(crate) fn create_private(database: &Path) -> Result<(), StoreError> {
    open_private(database).map(drop).map_err(|error| cannot_open(database, &error))
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn cannot_open(database: &Path, error: &io::Error) -> StoreError {
    let path = database.display();
    match error.kind() {
        io::ErrorKind::StorageFull => StoreError::unavailable("the disk that holds the database is full"),
        kind => StoreError::unavailable(format!("`{path}` cannot be opened ({kind})")),
    }
}
