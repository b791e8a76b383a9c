//! What git sends along with a push of the session's: who it is, and the fencing tokens of the locks that it holds now.
//!
//! A program in git's place would have to understand every way to push (aliases, `-C`, `git subtree push`, an editor that calls
//! git by its path), cost a process each time, and be passed by. So git itself is told: a file in the session's folder, which
//! git reads with its other settings, has the options (git-config(1), `push.pushOption`), and is written anew, in one step,
//! whenever a lock comes or goes. It is included only where a remote is a gate's ([`super::gates`]): git refuses to push with
//! options to a server that takes none.
//!
//! None of it is a wall. What it does not reach, the gate refuses, and says which option is missing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::session_folder::SessionFolder;
use crate::inside::LockAsk;
use crate::push::limits::TOKENS_MAX;

/// The file, in the session's folder.
const FILE: &str = "push.gitconfig";

/// The options of one session's pushes. Cloning gives another handle on the same; one that was not [`PushOptions::start`]ed has
/// no file.
#[derive(Debug, Clone, Default)]
pub(super) struct PushOptions(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    session: String,
    path: Option<PathBuf>,
    /// By ticket.
    tokens: BTreeMap<String, u64>,
}

impl PushOptions {
    /// Writes the file, for a session that holds nothing yet.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn start(folder: &SessionFolder, session: &str) -> io::Result<Self> {
        let path = folder.path().join(FILE);
        let state = State { session: session.to_owned(), path: Some(path), tokens: BTreeMap::new() };
        state.write()?;
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    /// Where the file is.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.state().path.clone()
    }

    /// The session holds a ticket from now on. Only what gates ask for is told them: every token more is one that can be out of
    /// date when the push arrives.
    pub(super) fn hold<'a>(&self, ticket: &str, token: u64, mut wants: impl Iterator<Item = (&'a str, &'a str)>) {
        if wants.any(|(resource, mode)| is_asked_for(resource, mode)) {
            self.change(|tokens| {
                if tokens.len() < TOKENS_MAX {
                    tokens.insert(ticket.to_owned(), token);
                }
            });
        }
    }

    /// It does not hold it any more.
    pub(super) fn let_go(&self, ticket: &str) {
        self.change(|tokens| _ = tokens.remove(ticket));
    }

    /// Takes in what the control plane answered to a command of the session's.
    pub(super) fn noted(&self, ask: &LockAsk, answer: &Value) {
        let text = |value: &'_ Value| value.as_str().unwrap_or_default().to_owned();
        match ask {
            LockAsk::Acquire { .. } | LockAsk::Show { .. } => {
                let ticket = text(&answer["ticket"]);
                let wants: Vec<_> = answer["wants"].as_array().into_iter().flatten().collect();
                let wants: Vec<_> = wants.iter().map(|want| (text(&want["resource"]), text(&want["mode"]))).collect();
                match answer["token"].as_u64().filter(|_| answer["state"] == "held") {
                    Some(token) => self.hold(&ticket, token, wants.iter().map(|(what, mode)| (&**what, &**mode))),
                    None => self.let_go(&ticket),
                }
            }
            LockAsk::Release { ticket, token } => {
                let held = self.state().tokens.get(ticket).copied();
                // With another token nothing was let go.
                if token.is_none() || *token == held {
                    self.let_go(ticket);
                }
            }
            LockAsk::List { .. } => {}
        }
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, u64>)) {
        let mut state = self.state();
        let before = state.tokens.clone();
        change(&mut state.tokens);
        if state.tokens != before && state.write().is_err() {
            // What is there may be out of date: without it the gate says what is missing.
            state.path.iter().for_each(|path| drop(std::fs::remove_file(path)));
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gates ask for locks on paths and refs that keep others out.
fn is_asked_for(resource: &str, mode: &str) -> bool {
    matches!(resource.split_once(':'), Some(("path" | "ref", _))) && matches!(mode, "X" | "S" | "SIX")
}

impl State {
    /// Git reads the old or the new file, never half of one.
    fn write(&self) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        io::Write::write_all(&mut file, self.text().as_bytes())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    fn text(&self) -> String {
        let mut text = format!("[push]\n\tpushOption = writ.session={}\n", self.session);
        self.tokens.values().for_each(|token| text.push_str(&format!("\tpushOption = writ.token={token}\n")));
        text
    }
}

#[cfg(test)]
mod tests;
