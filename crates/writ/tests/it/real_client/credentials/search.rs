//! Looking for secrets: in files, in texts, and in what processes are started with.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::files::held;
use crate::support::leaks::regular;

/// Between two looks at all processes: a client lives for longer.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Command lines and environments remembered; a run has some hundred.
const REMEMBERED_MAX: usize = 100_000;

/// Something that nobody may see, and what to call it in a complaint.
pub(super) struct Secret {
    what: &'static str,
    value: String,
}

impl Secret {
    pub(super) fn new(what: &'static str, value: &str) -> Self {
        assert!(value.len() >= 16, "the {what} is too short to be looked for");
        Self { what, value: value.to_owned() }
    }
}

/// Which of the secrets a text holds.
pub(super) fn in_text(place: &str, text: &[u8], secrets: &[Secret]) -> Vec<String> {
    let held = |secret: &&Secret| !held(text, &[secret.value.as_str()]).is_empty();
    secrets.iter().filter(held).map(|secret| format!("{place} holds the {}", secret.what)).collect()
}

/// Which files below a folder hold which secrets. Others may be at work there: what vanishes is passed over.
pub(super) fn holding(folder: &Path, secrets: &[Secret]) -> Vec<String> {
    let mut found = Vec::new();
    let mut files = 0;
    for path in regular(folder) {
        if let Ok(bytes) = std::fs::read(&path) {
            files += 1;
            found.extend(in_text(&path.display().to_string(), &bytes, secrets));
        }
    }
    assert!(files > 0, "{} has no files", folder.display());
    found
}

/// Remembers what processes are started with, until it is stopped: the arguments of all, and the environment of those that
/// have something of a folder in it.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<HashSet<Vec<u8>>>,
}

impl Watch {
    pub(super) fn start(folder: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, marker) = (Arc::clone(&stop), folder.to_str().unwrap().to_owned());
        let thread = std::thread::spawn(move || {
            let mut seen = HashSet::new();
            while !stopped.load(Ordering::Relaxed) {
                look(&marker, &mut seen);
                assert!(seen.len() < REMEMBERED_MAX, "more processes than are remembered");
                std::thread::sleep(LOOK_EVERY);
            }
            seen
        });
        Self { stop, thread }
    }

    /// What was seen.
    pub(super) fn stop(self) -> Started {
        self.stop.store(true, Ordering::Relaxed);
        Started(self.thread.join().unwrap())
    }
}

/// Command lines and environments, as the kernel shows them.
pub(super) struct Started(HashSet<Vec<u8>>);

impl Started {
    /// Which of them hold which secrets.
    pub(super) fn holding(&self, secrets: &[Secret]) -> Vec<String> {
        let named = |text: &Vec<u8>| in_text(&String::from_utf8_lossy(&text[..text.len().min(40)]), text, secrets);
        self.0.iter().flat_map(named).collect()
    }
}

fn look(marker: &str, seen: &mut HashSet<Vec<u8>>) {
    let processes: Vec<PathBuf> = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).collect();
    let is_process = |path: &&PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit());
    for process in processes.iter().filter(is_process) {
        // What ended meanwhile has neither, and another user's has no environment for us.
        seen.extend(std::fs::read(process.join("cmdline")));
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains(marker) {
            seen.insert(environment);
        }
    }
}
