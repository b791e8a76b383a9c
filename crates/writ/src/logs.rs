//! Structured logs of `serve`, on standard error.

use tracing::Level;

use crate::command_error::CommandError;
use crate::config::{LogFormat, LogLevel};

/// Starts logging for this process.
///
/// # Errors
/// When logging was started before.
pub(crate) fn start(format: LogFormat, level: LogLevel) -> Result<(), CommandError> {
    let builder = tracing_subscriber::fmt().with_max_level(Level::from(level)).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    started.map_err(|error| CommandError::failed("cannot start logging").because(error.as_ref()))
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}
