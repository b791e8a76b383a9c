//! `writ who` in a real repository: against a real control plane, and against one that is made to say what a test needs.

mod mock;
mod real;
mod repository;
mod signed;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// What a command came to: its exit code, standard output and standard error.
struct Came {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Came {
    fn of(output: Output) -> Self {
        crate::support::leaks::complaint(&output.stderr);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The one JSON object printed.
    fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{}{}", self.out, self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Asks for a thing in a folder, with and without `--json`, which must end alike.
fn ask(command: impl Fn() -> Command, folder: &Path, arguments: &[&str]) -> (Came, Value) {
    let run = |more: &[&str]| {
        let mut command = command();
        command.arg("who").args(arguments).args(more).current_dir(folder);
        Came::of(command.output().unwrap())
    };
    let (text, json) = (run(&[]), run(&["--json"]));
    assert_eq!(text.code, json.code, "{}{}", text.err, json.err);
    let value = json.json();
    (text, value)
}
