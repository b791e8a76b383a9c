//! The client's settings that call the hooks: for a session (`--settings`), or for a whole machine (managed settings).
//!
//! Shell form, since older clients know no other: a command that is missing or crashes counts as "go on" for them, so
//! `|| exit 2` turns it into "blocked". `onFailure` does the same for the rest (a timeout, an answer that is no JSON) where
//! the client knows it, from 2.1.295 on; others ignore it.

use serde_json::{Map, Value, json};

use super::event::Event;
use crate::limits::HOOK_CLIENT_SLACK;
use crate::output;

/// The first client that knows `onFailure`.
pub(crate) const FAIL_CLOSED_VERSION: &str = "2.1.295";

/// Tools that change something, or may.
const CHANGING: &str = "Edit|MultiEdit|Write|NotebookEdit|Bash|mcp__.*";
/// Those, and tools that show something, what a sub-agent did among it.
const SEEN: &str = "Agent|Read|Grep|Edit|MultiEdit|Write|NotebookEdit|Bash|mcp__.*";

/// The `hooks` of a client's settings. `writ` is how to call this program; with `is_required`, nothing is changed outside of
/// a session.
pub(crate) fn hooks(writ: &str, is_required: bool) -> Map<String, Value> {
    Event::ALL.into_iter().map(|event| entry(writ, event, is_required)).collect()
}

/// The hooks, and what else keeps an agent from passing them by, as managed settings.
pub(crate) fn managed(writ: &str, is_required: bool) -> Value {
    json!({
        "requiredMinimumVersion": FAIL_CLOSED_VERSION,
        "allowManagedHooksOnly": true,
        "hooks": hooks(writ, is_required),
    })
}

/// Adds the hooks to settings that may have some of their own: those stay.
pub(crate) fn add(settings: &mut Map<String, Value>, writ: &str) {
    let mut all = match settings.remove("hooks") {
        Some(Value::Object(theirs)) => theirs,
        _ => Map::new(),
    };
    for (event, ours) in hooks(writ, false) {
        let theirs = all.entry(event).or_insert_with(|| json!([]));
        match (theirs, ours) {
            (Value::Array(theirs), Value::Array(ours)) => theirs.extend(ours),
            (theirs, ours) => *theirs = ours,
        }
    }
    settings.insert("hooks".to_owned(), Value::Object(all));
    // One switch of the developer's would turn all of them off.
    settings.insert("disableAllHooks".to_owned(), Value::Bool(false));
}

/// A path as one word of a shell.
pub(crate) fn quoted(path: &str) -> String {
    let is_plain =
        !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte));
    if is_plain { path.to_owned() } else { output::quoted(path) }
}

fn entry(writ: &str, event: Event, is_required: bool) -> (String, Value) {
    let name = event.name();
    let required = if is_required { " --require-session" } else { "" };
    let guard = if event.guards() { " || exit 2" } else { "" };
    let mut hook = json!({
        "type": "command",
        "command": format!("{writ} hook {name}{required}{guard}"),
        // Longer than the hook itself, which says what is wrong.
        "timeout": (event.deadline() + HOOK_CLIENT_SLACK).as_secs(),
    });
    if event.guards() {
        hook["onFailure"] = json!("block");
        hook["statusMessage"] = json!("writ: checking locks");
    }
    let mut group = json!({ "hooks": [hook] });
    match event {
        Event::PreToolUse => group["matcher"] = json!(CHANGING),
        Event::PostToolUse | Event::PostToolUseFailure => group["matcher"] = json!(SEEN),
        _ => {}
    }
    (name.to_owned(), json!([group]))
}

#[cfg(test)]
mod tests;
