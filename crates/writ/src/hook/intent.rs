//! What a session is about, in its own words: told to the launcher, which says it with every lock and change.

use crate::command_error::{CommandError, Exit};
use crate::limits::INTENT_CHARS_MAX;

use super::wire::Head;

/// Tells the launcher.
///
/// # Errors
/// There is no session around, the text is too long, or the launcher is gone.
pub(crate) fn say(text: &str) -> Result<Exit, CommandError> {
    let chars = text.chars().count();
    if chars == 0 || chars > INTENT_CHARS_MAX {
        return Err(CommandError::usage(format!(
            "an intent has 1 to {INTENT_CHARS_MAX} characters, this one has {chars}"
        )));
    }
    let head = Head { intent: Some(text.to_owned()), ..Head::default() };
    super::ask(&head).map(|_| Exit::Done)
}
