//! The folder in which all tests of a run come together: `WRIT_TEST_LEAKS`. `./test` makes it fresh and removes it.
//!
//! | folder | holds, one file for each process |
//! |---|---|
//! | `secrets` | secrets, a JSON object in each line |
//! | `texts` | errors, complaints and command lines |
//! | `logs` | what servers wrote to standard error |
//! | `swept` | the folders that were searched |
//! | `found` | secrets that were found where none may be, by name |

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Minted, Named};

/// The run that this process is part of.
pub(crate) struct Run {
    folder: PathBuf,
}

/// What was searched: a folder when it went.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    pub(crate) folders: usize,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// The run of `WRIT_TEST_LEAKS`; none when a test is run by hand.
pub(super) fn of_environment() -> Option<Run> {
    let folder = std::env::var_os("WRIT_TEST_LEAKS").filter(|folder| !folder.is_empty())?;
    Some(Run::at(Path::new(&folder)))
}

impl Run {
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Of the environment, which must name one.
    pub(crate) fn demanded() -> Self {
        of_environment().expect("WRIT_TEST_LEAKS is not set: it names the folder of the run (./test sets it)")
    }

    pub(super) fn add_secret(&self, secret: &Minted) {
        self.append("secrets", "jsonl", &serde_json::to_vec(secret).unwrap());
    }

    pub(super) fn add_text(&self, what: &str, text: &[u8]) {
        self.append("texts", &what.replace(' ', "-"), text);
    }

    pub(super) fn add_log(&self, log: &[u8]) {
        self.append("logs", "log", log);
    }

    pub(super) fn add_swept(&self, files: u64, bytes: u64) {
        self.append("swept", "txt", format!("{files} {bytes}").as_bytes());
    }

    pub(super) fn add_found(&self, found: &str) {
        self.append("found", "txt", found.as_bytes());
    }

    /// A line, in this process's own file of a kind.
    fn append(&self, folder: &str, kind: &str, line: &[u8]) {
        let folder = self.folder.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}.{kind}", std::process::id()));
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(&[line, b"\n"].concat()).unwrap();
    }

    /// The secrets of all tests.
    pub(crate) fn secrets(&self) -> Vec<Minted> {
        let mut all = BTreeMap::new();
        for line in self.lines("secrets") {
            let secret: Minted = serde_json::from_str(&line).unwrap();
            all.insert(secret.value, secret.named);
        }
        all.into_iter().map(|(value, named)| Minted { named, value }).collect()
    }

    /// How many there are of each kind.
    pub(crate) fn counts(secrets: &[Minted]) -> BTreeMap<Named, usize> {
        secrets.iter().fold(BTreeMap::new(), |mut counts, secret| {
            *counts.entry(secret.named.clone()).or_default() += 1;
            counts
        })
    }

    /// The files with texts and logs.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        ["texts", "logs"].iter().flat_map(|folder| files(&self.folder.join(folder))).collect()
    }

    pub(crate) fn swept(&self) -> Swept {
        self.lines("swept").iter().fold(Swept::default(), |all, line| {
            let (files, bytes) = line.split_once(' ').unwrap();
            Swept {
                folders: all.folders + 1,
                files: all.files + files.parse::<u64>().unwrap(),
                bytes: all.bytes + bytes.parse::<u64>().unwrap(),
            }
        })
    }

    /// What tests found when their folders went.
    pub(crate) fn found(&self) -> Vec<String> {
        self.lines("found")
    }

    fn lines(&self, folder: &str) -> Vec<String> {
        let texts = files(&self.folder.join(folder)).into_iter().map(|path| std::fs::read_to_string(path).unwrap());
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    if folder.exists() { crate::support::files::below(folder) } else { Vec::new() }
}
