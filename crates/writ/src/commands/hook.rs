//! `writ hook`: what is not the answer to an event (those never come this far: `crate::hook::fast`).

use serde_json::{Value, json};

use crate::cli::{HookCommand, HookSettings};
use crate::command_error::{CommandError, Exit};
use crate::hook::{intent, settings, tokens};
use crate::output::print;

/// Runs it.
pub(crate) fn hook(command: HookCommand) -> Result<Exit, CommandError> {
    match command {
        HookCommand::Settings(arguments) => print_settings(&arguments),
        HookCommand::Intent { text } => intent::say(&text),
        HookCommand::Tokens => tokens::show(),
        HookCommand::Event(words) => {
            let name = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
            Err(CommandError::usage(format!("`{name}` is no event that writ listens to")))
        }
    }
}

fn print_settings(arguments: &HookSettings) -> Result<Exit, CommandError> {
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .map_err(|error| CommandError::failed("cannot tell where this program is").because(&error))?,
    };
    let writ = settings::quoted(&program.to_string_lossy());
    let settings = if arguments.managed {
        settings::managed(&writ, arguments.require_session)
    } else {
        json!({ "hooks": Value::Object(settings::hooks(&writ, arguments.require_session)) })
    };
    let text = serde_json::to_string_pretty(&settings)
        .map_err(|error| CommandError::failed("cannot write the settings").because(&error))?;
    print(&format!("{text}\n"))?;
    Ok(Exit::Done)
}
