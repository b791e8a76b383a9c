//! The folder of a witness: its key, what it cosigned last of each log, and evidence. The disk is the only memory.
//!
//! ```text
//! witness.key                        the private key, made once
//! witness.lock                       held by the one process that may sign with it
//! <hex sha256(origin)>.checkpoint    the latest checkpoint with the log's signatures and the witness's own
//! evidence/                          pairs of checkpoints that cannot both be true, or were not proved to be
//! ```
//!
//! A latest checkpoint is replaced in one step: written aside, synced, renamed over, and the folder synced. A power cut
//! leaves the old one or the new one. Everything here blocks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use domain::Digest;
use ledger::limits::NOTE_BYTES_MAX;
use ledger::witness::Latest;
use ledger::{Cosigner, SignedCheckpoint, VerifierKey};

use super::WitnessError;
use crate::keys::KeysFolder;
use crate::limits::WITNESS_EVIDENCE_FILES_MAX;
use crate::seam;

const KEY: &str = "witness.key";
const LOCK: &str = "witness.lock";
const EVIDENCE: &str = "evidence";

/// The folder, kept to this process.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    evidence: PathBuf,
    cosigner: Cosigner,
    /// The operating system frees it when the process ends, however it ends.
    _lock: File,
}

/// What a file of evidence proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// By itself that the log forked.
    Fork,
    /// That the log signed both; whether it can prove that one grew from the other is to be asked.
    Unproven,
}

/// The key of the witness in a folder.
pub(super) fn key_in(path: &Path) -> Result<VerifierKey, WitnessError> {
    // Opened without making it: somebody only looks.
    if !path.join(KEY).is_file() {
        return Err(WitnessError::NoWitness(path.to_owned()));
    }
    let folder = KeysFolder::open(path).map_err(|error| failed(path, error))?;
    let cosigner = read_key(&folder)?.ok_or_else(|| WitnessError::NoWitness(path.to_owned()))?;
    Ok(cosigner.verifier_key().clone())
}

impl Folder {
    /// Opens the folder for this process alone; makes it, and the key under `name`, when there is none.
    pub(super) fn open(path: &Path, name: Option<&str>) -> Result<Self, WitnessError> {
        let keys = KeysFolder::open(path).map_err(|error| failed(path, error))?;
        let lock = lock(&path.join(LOCK))?;
        let cosigner = match read_key(&keys)? {
            Some(cosigner) => cosigner,
            None => make_key(&keys, name.ok_or(WitnessError::NoName)?)?,
        };
        let found = cosigner.verifier_key().name();
        if let Some(asked) = name.filter(|name| *name != found) {
            return Err(WitnessError::OtherName { found: found.to_owned(), asked: asked.to_owned() });
        }
        let evidence = keys.folder(EVIDENCE).map_err(|error| failed(&path.join(EVIDENCE), error))?;
        Ok(Self { path: path.to_owned(), evidence: evidence.path().to_owned(), cosigner, _lock: lock })
    }

    /// The key that cosignatures are verified with.
    pub(super) fn key(&self) -> &VerifierKey {
        self.cosigner.verifier_key()
    }

    /// Where the latest checkpoint of a log is kept.
    pub(super) fn path_of(&self, origin: &str) -> PathBuf {
        self.path.join(name_of(origin))
    }

    /// The latest checkpoint of a log, as it is shown: with its cosignature.
    pub(super) fn note(&self, origin: &str) -> io::Result<Option<String>> {
        let file = match File::open(self.path_of(origin)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut text = String::new();
        file.take(NOTE_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
        Ok(Some(text))
    }

    /// The latest checkpoint of a log, if this witness's own cosignature vouches for the file.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub(super) fn latest(&self, origin: &str) -> io::Result<Option<Latest>> {
        self.note(origin)?.map(|text| self.read(origin, &text)).transpose()
    }

    fn read(&self, origin: &str, text: &str) -> io::Result<Latest> {
        let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let cosigned = SignedCheckpoint::parse(text.as_bytes()).map_err(|error| damaged(error.to_string()))?;
        let own = cosigned.note().verify([self.key()]).map_err(|error| damaged(error.to_string()))?;
        let time_s = own.iter().find_map(|cosignature| cosignature.time_s);
        let time_s = time_s.ok_or_else(|| damaged("it states no time".to_owned()))?;
        if cosigned.origin() != origin {
            return Err(damaged("it is of another log".to_owned()));
        }
        // What remains is what the log itself signed.
        let lines = cosigned.note().signatures().iter().filter(|signature| !signature.claims(self.key()));
        let lines: String = lines.map(|signature| format!("{signature}\n")).collect();
        let note = format!("{}\n{lines}", cosigned.note().text());
        let checkpoint = SignedCheckpoint::parse(note.as_bytes()).map_err(|error| damaged(error.to_string()))?;
        Ok(Latest { checkpoint, time_s })
    }

    /// Remembers a checkpoint in place of the one before, durably, and returns its cosignature: whoever holds it knows
    /// that it is remembered.
    ///
    /// # Errors
    /// It is not known to be on disk: it must not be answered.
    pub(super) fn replace(&self, latest: &Latest) -> io::Result<String> {
        let cosignature = latest.cosign(&self.cosigner).map_err(io::Error::other)?;
        let mut cosigned = latest.checkpoint.clone();
        cosigned.push(cosignature.clone()).map_err(io::Error::other)?;
        let name = name_of(latest.checkpoint.origin());
        let aside = self.path.join(format!(".{name}.aside"));
        write_synced(&aside, cosigned.to_string().as_bytes())?;
        std::fs::rename(&aside, self.path.join(name))?;
        File::open(&self.path)?.sync_all()?;
        Ok(format!("{cosignature}\n"))
    }

    /// Keeps evidence, once; returns its file when it is new. The first ones matter most, so the newest are dropped
    /// when there are as many as are kept.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn keep(&self, strength: Strength, about: &str, text: &str) -> io::Result<Option<PathBuf>> {
        let prefix = strength.prefix();
        // Named after what it is about, so that the same pair sent again is no second file.
        let name = format!("{prefix}{}.txt", &Digest::of(about.as_bytes()).to_string()[..32]);
        let path = self.evidence.join(&name);
        if path.exists() {
            return Ok(None);
        }
        let names = std::fs::read_dir(&self.evidence)?.map(|entry| entry.map(|entry| entry.file_name()));
        let kept = names.filter(|name| match name {
            Ok(name) => name.to_string_lossy().starts_with(prefix),
            Err(_) => true,
        });
        if kept.count() >= WITNESS_EVIDENCE_FILES_MAX {
            return Err(io::Error::other("as many files of evidence as are kept are there already"));
        }
        let aside = self.evidence.join(format!(".{name}.aside"));
        write_synced(&aside, text.as_bytes())?;
        std::fs::rename(&aside, &path)?;
        File::open(&self.evidence)?.sync_all()?;
        Ok(Some(path))
    }
}

impl Strength {
    fn prefix(self) -> &'static str {
        match self {
            Self::Fork => "fork-",
            Self::Unproven => "unproven-",
        }
    }
}

fn name_of(origin: &str) -> String {
    format!("{}.checkpoint", Digest::of(origin.as_bytes()))
}

fn read_key(folder: &KeysFolder) -> Result<Option<Cosigner>, WitnessError> {
    let broken = |error| failed(&folder.path().join(KEY), error);
    let Some(bytes) = folder.read(KEY).map_err(broken)? else { return Ok(None) };
    let text = str::from_utf8(&bytes).map_err(|_| ledger::KeyError::Form)?;
    Ok(Some(Cosigner::from_private_key(text.trim_end())?))
}

fn make_key(folder: &KeysFolder, name: &str) -> Result<Cosigner, WitnessError> {
    let cosigner = Cosigner::from_seed(name, &seam::random())?;
    let text = zeroize::Zeroizing::new(format!("{}\n", *cosigner.to_private_key()));
    let written = folder.write_new(KEY, text.as_bytes()).map_err(|error| failed(&folder.path().join(KEY), error))?;
    // Somebody put one there since it was looked for, in spite of the lock.
    if written { Ok(cosigner) } else { Err(WitnessError::InUse(folder.path().to_owned())) }
}

fn lock(path: &Path) -> Result<File, WitnessError> {
    let file = private(path, false).map_err(|error| failed(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WitnessError::InUse(path.parent().unwrap_or(path).to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(path, error)),
    }
}

fn private(path: &Path, truncate: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(truncate);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(path, true)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn failed(path: &Path, error: io::Error) -> WitnessError {
    WitnessError::Folder { path: path.to_owned(), error }
}
