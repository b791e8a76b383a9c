//! What tells a command which part it is of. All sub-agents of a client run in one process and have one environment, and the
//! client lets hooks add variables for the whole conversation only (`CLAUDE_ENV_FILE`, at its start). But a shell reads that
//! file before every command, in the folder where the command starts: the file has it read another, which tells parts apart
//! by their folders.

use std::io::{self, Write};
use std::path::Path;

use super::state::Part;
use crate::hook::settings::quoted;

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

/// Writes down the variables of all parts, in one step.
pub(super) fn write(path: &Path, parts: &[Part]) -> io::Result<()> {
    let all: Vec<_> = parts.iter().map(|part| (part.tree.as_path(), part.variables())).collect();
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(cases(&all).as_bytes())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// What a part has not is not the session's: it would be somebody else's port.
pub(super) fn cases(parts: &[(&Path, Vec<(&'static str, Option<String>)>)]) -> String {
    let mut text = "case \"$PWD/\" in\n".to_owned();
    for (tree, variables) in parts {
        text.push_str(&format!("{}/*)\n", quoted(&tree.to_string_lossy())));
        for (name, value) in variables {
            match value {
                Some(value) => text.push_str(&format!("  export {name}={}\n", quoted(value))),
                None => text.push_str(&format!("  unset {name}\n")),
            }
        }
        text.push_str("  ;;\n");
    }
    text.push_str("esac\n");
    text
}
