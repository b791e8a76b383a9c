//! What tells a command which part it is of. All sub-agents of a client run in one process and have one environment, and the
//! client lets hooks add variables for the whole conversation only (`CLAUDE_ENV_FILE`, at its start). But a shell reads that
//! file before every command, in the folder where the command starts: the file has it read another, which tells parts apart
//! by their folders.

use std::io::{self, Write};
use std::path::Path;

use super::state::Part;
use crate::hook::settings::quoted;
use crate::run::workspace::AROUND;
use crate::run::workspace::ports::listed;

/// Lines for the client's file: the session's variables, then those of the part.
pub(super) fn exports(variables: &[(String, String)], script: &Path) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        text.push_str(&format!("export {name}={}\n", quoted(value)));
    }
    let script = quoted(&script.to_string_lossy());
    text.push_str(&format!("[ ! -r {script} ] || . {script}\n"));
    text
}

/// Writes down the variables of all parts, in one step. Which blocks of `ports` are taken is told to everybody: a session
/// inside that works apart would be granted those of this session.
pub(super) fn write(path: &Path, ports: &[u16], parts: &[Part]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    write!(file, "export {AROUND}={}\n{}", listed(ports), cases(parts))?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// What a part has not is not the session's: it would be somebody else's port.
fn cases(parts: &[Part]) -> String {
    let mut text = "case \"$PWD/\" in\n".to_owned();
    for part in parts {
        text.push_str(&format!("{}/*)\n", quoted(&part.tree.to_string_lossy())));
        for (name, value) in part.variables() {
            match value {
                Some(value) => text.push_str(&format!("  export {name}={}\n", quoted(&value))),
                None => text.push_str(&format!("  unset {name}\n")),
            }
        }
        text.push_str("  ;;\n");
    }
    text.push_str("esac\n");
    text
}
