//! One search over the whole test run: what was secret in a test is in no file that a server kept, no error, no complaint of
//! a command, and no process's arguments.
//!
//! Every test is a process. In each, whatever reads or makes a secret tells [`minted`] (the HTTP client, the wire of the
//! command line, the stand-ins), and whatever keeps files is a [`Folder`], which is searched for all of them when it goes.
//! `./test` names a folder in `WRIT_TEST_LEAKS`: there the secrets, the texts and the logs of all tests come together, and
//! `leak_sweep` searches them once more, each for the secrets of all.

mod answers;
mod folder;
mod forms;
mod run;
mod search;
mod started;
mod sweep;
mod tests;
mod wire;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use serde::{Deserialize, Serialize};

pub(crate) use answers::heard;
pub(crate) use folder::{Folder, folder, is_log, logs_searched, part, regular, searched};
pub(crate) use run::Run;
pub(crate) use search::{LEAST, Search};
pub(crate) use sweep::said;
pub(crate) use wire::Wire;

/// What a secret is, which is nothing that must be hidden.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Named {
    /// Of which kind of broker, or `session`, `sign_in`, `writ`, `password`.
    pub(crate) kind: String,
    /// Which of its fields; what an operator gave writ begins with `operator's`.
    pub(crate) what: String,
}

/// A secret. Only tests know such ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Minted {
    #[serde(flatten)]
    pub(crate) named: Named,
    pub(crate) value: String,
}

/// The secrets of this process, and where they come together with those of others.
static KNOWN: LazyLock<Mutex<HashMap<String, Named>>> = LazyLock::new(Mutex::default);

/// Notes a secret of this test.
///
/// # Panics
/// When it is too short to be looked for.
pub(crate) fn minted(kind: &str, what: &str, value: &str) {
    note(run::of_environment().as_ref(), kind, what, value);
}

fn note(run: Option<&Run>, kind: &str, what: &str, value: &str) {
    for value in essence(value) {
        assert!(value.len() >= LEAST, "the {what} of {kind} is too short to be looked for");
        let named = Named { kind: kind.to_owned(), what: what.to_owned() };
        let mut known = KNOWN.lock().unwrap();
        if known.insert(value.clone(), named.clone()).is_none()
            && let Some(run) = run
        {
            run.add_secret(&Minted { named, value });
        }
    }
}

/// Notes a text that must hold no secret: `what` says what it is.
pub(crate) fn text(what: &'static str, text: &[u8]) {
    sweep::keep_text(run::of_environment().as_ref(), what, text);
}

/// What a command complained of. What it printed for its caller may be a secret, if that was asked for.
pub(crate) fn complaint(stderr: &[u8]) {
    text("complaints of commands", stderr);
}

/// What of a value makes it secret: of a JWT the signature, of a key in PEM its second half, which is the private one.
fn essence(value: &str) -> Vec<String> {
    if value.starts_with("eyJ") && value.matches('.').count() == 2 {
        return value.rsplit('.').take(1).map(str::to_owned).collect();
    }
    if value.trim_start().starts_with("-----BEGIN ") {
        let body: Vec<_> = value.lines().filter(|line| !line.starts_with("-----") && line.len() >= LEAST).collect();
        return body[body.len() / 2..].iter().map(|line| (*line).to_owned()).collect();
    }
    vec![value.trim().to_owned()]
}

/// A copy of what is known.
fn known() -> Vec<Minted> {
    let known = KNOWN.lock().unwrap();
    known.iter().map(|(value, named)| Minted { named: named.clone(), value: value.clone() }).collect()
}
