//! Parts of others, started by the scripts of `tests/real`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::leaks;

/// A running part with a state of its own, so that several tests have one each. Stopped when dropped.
pub(crate) struct Part {
    told: Value,
    script: PathBuf,
    state: TempDir,
}

impl Part {
    /// Starts it. The script says in its head what it takes and tells.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Self {
        let folder = std::env::var_os("WRIT_TEST_REAL").filter(|folder| !folder.is_empty());
        let folder = folder.expect("WRIT_TEST_REAL is not set: it names the folder tests/real (./test sets it)");
        let script = PathBuf::from(folder).join(name);
        let state = tempfile::tempdir().unwrap();
        let mut start = Command::new(&script);
        let output = start.arg("start").args(arguments).env("WRIT_REAL_STATE", state.path()).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        let complaint = String::from_utf8_lossy(&output.stderr);
        let mut part = Self { told: Value::Null, script, state };
        assert!(output.status.success(), "{name} does not start: {complaint}");
        part.told = serde_json::from_slice(&output.stdout).unwrap();
        part
    }

    /// What it told of itself.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.told[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {}", self.told))
    }

    /// The whole content of a file that it told of.
    pub(crate) fn file(&self, key: &str) -> String {
        std::fs::read_to_string(self.text(key)).unwrap()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        leaks::logs_searched(&leaks::part(self.state.path()));
        let _ = Command::new(&self.script).arg("stop").env("WRIT_REAL_STATE", self.state.path()).status();
    }
}
