//! What the client itself writes under commits and pull requests: the developer's choice, with the session's lines after it.
//!
//! The client takes these texts as an instruction for the model; the hook adds the same trailers to commits where the model
//! did not. For pull requests there is no hook, so this is the one place.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::api::Session;
use crate::limits::FILE_BYTES_MAX;
use crate::output::clean;

/// What the client writes when nobody says; it puts the model's name where this says Claude.
const COMMIT_DEFAULT: &str = "Co-Authored-By: Claude <noreply@anthropic.com>";
const PR_DEFAULT: &str = "\u{1F916} Generated with [Claude Code](https://claude.com/claude-code)";

/// The setting `attribution`: the developer's texts, then the session's lines.
pub(super) fn with_session(theirs: &Map<String, Value>, session: &Session) -> Value {
    let files = settings_files();
    let sources = std::iter::once(theirs).chain(&files);
    let chosen: Vec<Choice> = sources.map(Choice::of).collect();
    let text = |pick: fn(&Choice) -> Option<&String>, default: &str| {
        chosen.iter().find_map(pick).map_or_else(|| default.to_owned(), Clone::clone)
    };
    let commit = text(|choice| choice.commit.as_ref(), COMMIT_DEFAULT);
    let pr = text(|choice| choice.pr.as_ref(), PR_DEFAULT);
    let trailers = format!("Agent-Session: {}\nAgent-Developer: {}", session.id, clean(&session.developer.login));
    let mut attribution = json!({
        "commit": joined(&commit, "\n", &trailers),
        "pr": joined(&pr, "\n\n", &format!("{trailers}\n{}", clean(&session.url))),
    });
    if let Some(link) = chosen.iter().find_map(|choice| choice.session_url) {
        attribution["sessionUrl"] = Value::from(link);
    }
    attribution
}

fn joined(first: &str, between: &str, then: &str) -> String {
    if first.is_empty() { then.to_owned() } else { format!("{first}{between}{then}") }
}

/// What one source of settings says about it.
#[derive(Debug, Default)]
struct Choice {
    commit: Option<String>,
    pr: Option<String>,
    session_url: Option<bool>,
}

impl Choice {
    fn of(settings: &Map<String, Value>) -> Self {
        let nothing = || Some(String::new());
        match settings.get("attribution") {
            Some(Value::Bool(false)) => Self { commit: nothing(), pr: nothing(), session_url: Some(false) },
            Some(Value::Object(texts)) => {
                let text = |name: &str| texts.get(name).and_then(Value::as_str).map(str::to_owned);
                let session_url = texts.get("sessionUrl").and_then(Value::as_bool);
                Self { commit: text("commit"), pr: text("pr"), session_url }
            }
            _ if settings.get("includeCoAuthoredBy") == Some(&Value::Bool(false)) => {
                Self { commit: nothing(), pr: nothing(), session_url: None }
            }
            _ => Self::default(),
        }
    }
}

/// The developer's settings files, the strongest first, as far as they can be read: the client complains about the rest.
fn settings_files() -> Vec<Map<String, Value>> {
    let home = std::env::var_os("CLAUDE_CONFIG_DIR")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".claude")));
    let project = Path::new(".claude");
    let paths = [Some(project.join("settings.local.json")), Some(project.join("settings.json"))];
    let paths = paths.into_iter().chain([home.map(|home| home.join("settings.json"))]).flatten();
    paths.filter_map(|path| read(&path)).collect()
}

fn read(path: &Path) -> Option<Map<String, Value>> {
    let is_small = std::fs::metadata(path).ok()?.len() <= FILE_BYTES_MAX;
    let text = is_small.then(|| std::fs::read_to_string(path).ok()).flatten()?;
    serde_json::from_str(&text).ok()
}
