//! A lock of the session on what its project shares with others.

use serde_json::{Value, json};

use super::super::scene::SHARED;
use crate::command_error::CommandError;
use crate::inside::{Inside, LockAsk};

/// Takes the shared environment, as an agent does before it changes something there; the session's end lets it go.
///
/// # Errors
/// Somebody else has it.
pub(super) fn take_shared() -> Result<Option<u64>, CommandError> {
    let Some(launcher) = Inside::find() else { return Ok(None) };
    let wants = json!([{"resource": SHARED, "mode": "X"}]);
    let body = json!({"wants": wants, "wait": false, "intent": "retry failed payments"});
    let ticket: Value = launcher.lock(LockAsk::Acquire { body })?;
    Ok(ticket["token"].as_u64())
}
