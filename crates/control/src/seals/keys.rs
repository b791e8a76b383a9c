//! Where seal keys come from: files that are written once and never replaced, or the operator's command.
//!
//! `seal.key` is the first, `seal.key.1` the next, and so on: the one with the highest number seals. A new key is a new
//! file, so that of two processes that replace the key at the same moment neither loses what the other has sealed with.
//! Where a command prints the keys, files that are there open what they sealed: so an installation moves to a command.

use brokers::{SEAL_KEY_BYTES, SEAL_RING_KEYS_MAX, SealKey, SealRing};
use zeroize::Zeroizing;

use super::{SealsError, command};
use crate::keys::KeysFolder;
use crate::limits::KEYS_FOLDER_ENTRIES_MAX;
use crate::seam;

const FILE: &str = "seal.key";
/// The setting that names the folder.
const FOLDER_FIELD: &str = "keys_dir";

/// Where keys come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// The folder of keys.
    Folder(KeysFolder),
    /// A program, run once at start; its name is for people.
    Command(String),
}

// === impl Source ===

impl Source {
    /// The source and its keys. The first file is made when there is none and the database was not begun with one.
    pub(super) async fn start(
        folder: &KeysFolder,
        command: Option<&[String]>,
        begun: bool,
    ) -> Result<(Self, SealRing), SealsError> {
        let files = folder.clone();
        let Some(command) = command else {
            let reading = tokio::task::spawn_blocking(move || read_or_make(&files, begun)).await;
            let keys = reading.map_err(|_| unusable("writ is stopping"))??;
            return Ok((Self::Folder(folder.clone()), ring(keys)?));
        };
        let printed = command::run(command).await?;
        let reading = tokio::task::spawn_blocking(move || read(&files)).await;
        let keys = printed.into_iter().chain(reading.map_err(|_| unusable("writ is stopping"))??);
        Ok((Self::Command(command.first().cloned().unwrap_or_default()), ring(keys)?))
    }

    /// The keys that are there now; none where they cannot have changed. Blocks.
    pub(super) fn read_again(&self) -> Result<Option<SealRing>, SealsError> {
        match self {
            Self::Folder(folder) => ring(read(folder)?).map(Some),
            Self::Command(_) => Ok(None),
        }
    }

    /// Makes the next file of `fresh` bytes, unless another process does so at this moment. Blocks.
    pub(super) fn make_next(&self, fresh: &[u8; SEAL_KEY_BYTES]) -> Result<(), SealsError> {
        let Self::Folder(folder) = self else {
            return Err(SealsError::Keys {
                field: command::FIELD,
                what: "the seal keys come from `seal_key_command`: let it print the new key in its first line and the \
                       old ones below, then restart, which seals everything with the new one"
                    .to_owned(),
            });
        };
        let numbers = numbers(folder)?;
        if numbers.len() >= SEAL_RING_KEYS_MAX {
            return Err(unusable(format!(
                "there are {} seal keys, the limit is {SEAL_RING_KEYS_MAX}: remove the oldest one, `{}`",
                numbers.len(),
                file(numbers.last().copied().unwrap_or_default())
            )));
        }
        let next = numbers.first().map_or(0, |newest| newest.saturating_add(1));
        folder.write_new(&file(next), fresh).map(drop).map_err(unusable)
    }

    /// The setting that names them.
    pub(super) const fn field(&self) -> &'static str {
        match self {
            Self::Folder(_) => FOLDER_FIELD,
            Self::Command(_) => command::FIELD,
        }
    }

    /// Where, for people.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Folder(folder) => format!("`{}`", folder.path().join(FILE).display()),
            Self::Command(program) => format!("the `seal_key_command` (`{program}`)"),
        }
    }

    /// What to do when it has not got a key.
    pub(super) const fn next(&self) -> &'static str {
        match self {
            Self::Folder(_) => {
                "name the folder of keys that this database was made with, or restore it from its backup"
            }
            Self::Command(_) => {
                "let it print the key that this database was sealed with, below the new one where there is one"
            }
        }
    }
}

/// The file of a number.
fn file(number: u32) -> String {
    if number == 0 { FILE.to_owned() } else { format!("{FILE}.{number}") }
}

/// The numbers of the files in the folder, the highest first.
fn numbers(folder: &KeysFolder) -> Result<Vec<u32>, SealsError> {
    let mut numbers = Vec::new();
    let entries = std::fs::read_dir(folder.path()).map_err(unusable)?;
    for (index, entry) in entries.enumerate() {
        // To miss a key would be worse than to stop.
        if index >= KEYS_FOLDER_ENTRIES_MAX {
            let path = folder.path().display();
            return Err(unusable(format!("`{path}` has more than {KEYS_FOLDER_ENTRIES_MAX} entries")));
        }
        numbers.extend(entry.map_err(unusable)?.file_name().to_str().and_then(number));
    }
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    Ok(numbers)
}

fn number(file_name: &str) -> Option<u32> {
    let rest = file_name.strip_prefix(FILE)?;
    let number = if rest.is_empty() { 0 } else { rest.strip_prefix('.')?.parse().ok()? };
    (file(number) == file_name).then_some(number)
}

/// All keys in the folder, the newest first.
fn read(folder: &KeysFolder) -> Result<Vec<SealKey>, SealsError> {
    let keys = numbers(folder)?.into_iter().take(SEAL_RING_KEYS_MAX + 1);
    keys.filter_map(|number| read_one(folder, &file(number)).transpose()).collect()
}

fn read_one(folder: &KeysFolder, file: &str) -> Result<Option<SealKey>, SealsError> {
    let bytes = folder.read(file).map_err(|error| unusable(format!("`{file}`: {error}")))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let wrong = |_| unusable(format!("`{file}` has not got {SEAL_KEY_BYTES} bytes"));
    bytes.as_slice().try_into().map(|bytes| Some(SealKey::new(bytes))).map_err(wrong)
}

fn read_or_make(folder: &KeysFolder, begun: bool) -> Result<Vec<SealKey>, SealsError> {
    let keys = read(folder)?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    if begun {
        let path = folder.path().display();
        return Err(unusable(format!(
            "`{path}` is not the folder of keys that this database was made with (it has no `{FILE}`): name that one, \
             or restore it from its backup"
        )));
    }
    folder.read_or_write(FILE, Zeroizing::new(seam::random::<SEAL_KEY_BYTES>()).as_slice()).map_err(unusable)?;
    read(folder)
}

fn ring(keys: impl IntoIterator<Item = SealKey>) -> Result<SealRing, SealsError> {
    SealRing::new(keys)
        .ok_or_else(|| unusable(format!("there must be 1 to {SEAL_RING_KEYS_MAX} seal keys: remove the oldest")))
}

pub(super) fn unusable(what: impl ToString) -> SealsError {
    SealsError::Keys { field: FOLDER_FIELD, what: what.to_string() }
}
