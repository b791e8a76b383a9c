//! Passwords: asked for on the terminal without showing them, or read from standard input.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, IsTerminal, Write};

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

use crate::command_error::CommandError;
use crate::limits::PASSWORD_BYTES_MAX;

/// Reads a password: from standard input when `from_stdin`, else from the terminal; `twice` for a new one.
///
/// # Errors
/// No terminal to ask on, two different inputs, an empty password.
pub(crate) fn read(prompt: &str, from_stdin: bool, twice: bool) -> Result<String, CommandError> {
    if from_stdin {
        return line(std::io::stdin().lock());
    }
    let password = ask(prompt)?;
    if twice && ask("again, to be sure: ")? != password {
        return Err(CommandError::usage("the two passwords differ"));
    }
    Ok(password)
}

/// Asks for a line that may be shown.
pub(crate) fn ask_name(prompt: &str) -> Result<String, CommandError> {
    if !std::io::stdin().is_terminal() {
        return Err(CommandError::usage("no sign-in name given").hinted("name it with `--login NAME`"));
    }
    eprint!("{prompt}");
    line(std::io::stdin().lock())
}

/// On the terminal itself, so that it works with redirected input; the echo comes back whatever happens.
fn ask(prompt: &str) -> Result<String, CommandError> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut terminal = terminal.map_err(|_| {
        CommandError::usage("no terminal to ask for the password on")
            .hinted("give it on standard input, with `--password-stdin`")
    })?;
    let failed = |error: &dyn std::error::Error| CommandError::failed("cannot ask for the password").because(error);
    let before = tcgetattr(&terminal).map_err(|error| failed(&error))?;
    let mut quiet = before.clone();
    quiet.local_flags.remove(LocalFlags::ECHO);
    terminal.write_all(prompt.as_bytes()).map_err(|error| failed(&error))?;
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &quiet).map_err(|error| failed(&error))?;
    let answer = line(BufReader::new(&terminal));
    let restored = tcsetattr(&terminal, SetArg::TCSAFLUSH, &before);
    // The line end that was not shown.
    let _ = terminal.write_all(b"\n");
    restored.map_err(|error| failed(&error))?;
    answer
}

fn line(input: impl BufRead) -> Result<String, CommandError> {
    let mut text = String::new();
    input
        .take(PASSWORD_BYTES_MAX)
        .read_line(&mut text)
        .map_err(|error| CommandError::usage("cannot read the input").because(&error))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(CommandError::usage("nothing was entered")) } else { Ok(text.to_owned()) }
}
