//! The search itself: files, and the texts that were kept.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use super::search::{Found, Search};
use super::{Run, known};

/// Texts that are kept, each once; a test has some hundred.
const TEXTS_MAX: usize = 100_000;
/// Bytes before a find that are shown: enough to see what it is, and none of it.
const SHOWN_BEFORE: usize = 60;

/// What they are, and the texts.
type Texts = HashSet<(&'static str, Vec<u8>)>;

static TEXTS: LazyLock<Mutex<Texts>> = LazyLock::new(Mutex::default);

pub(super) fn keep_text(run: Option<&Run>, what: &'static str, text: &[u8]) {
    let mut texts = TEXTS.lock().unwrap();
    let is_new = !text.is_empty() && texts.len() < TEXTS_MAX && texts.insert((what, text.to_vec()));
    if let Some(run) = run.filter(|_| is_new) {
        run.add_text(what, text);
    }
}

/// Searches files and all kept texts for everything that is known to this process; what was found, in words.
pub(super) fn sweep(run: Option<&Run>, files: &[PathBuf]) -> Vec<String> {
    let search = Search::of(&known());
    let mut found = Vec::new();
    let mut bytes = 0;
    for path in files {
        let Ok(content) = std::fs::read(path) else { continue };
        bytes += content.len() as u64;
        found.extend(search.find(&content).iter().map(|one| said(one, &path.display().to_string(), &content)));
        if let (Some(run), true) = (run, path.ends_with("stderr.log")) {
            run.add_log(&content);
        }
    }
    for (what, text) in TEXTS.lock().unwrap().iter() {
        found.extend(search.find(text).iter().map(|one| said(one, what, text)));
    }
    if let Some(run) = run {
        run.add_swept(files.len() as u64, bytes);
        found.iter().for_each(|one| run.add_found(one));
    }
    found
}

/// A find in words, without the secret.
pub(crate) fn said(found: &Found, place: &str, text: &[u8]) -> String {
    let end = found.at.saturating_sub(found.rest);
    let before = String::from_utf8_lossy(&text[end.saturating_sub(SHOWN_BEFORE)..end]);
    let before: String = before.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let named = &found.named;
    format!("{place} holds the {} of {} {} at byte {}, after `{before}`", named.what, named.kind, found.form, found.at)
}
