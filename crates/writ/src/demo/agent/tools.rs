//! The tools of the scripted agent: they do what they say, inside the working folder, and nothing else.

use std::path::{Component, Path};

use serde_json::Value;

/// Bytes of a result that go back to the model.
const RESULT_BYTES_MAX: u64 = 4096;

/// What a tool did.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// For the human; empty when all is said.
    pub(super) told: String,
    /// For the model.
    pub(super) result: String,
}

/// Runs a tool; the error goes back to the model.
pub(super) fn run(name: &str, input: &Value) -> Result<Done, String> {
    let text = |field: &str| input[field].as_str().ok_or_else(|| format!("`{field}` is missing"));
    match name {
        "Write" => write(text("file_path")?, text("content")?),
        "Bash" => bash(text("command")?),
        other => Err(format!("there is no tool `{other}`")),
    }
}

fn write(path: &str, content: &str) -> Result<Done, String> {
    let file = inside(path)?;
    std::fs::write(&file, content).map_err(|error| format!("cannot write `{path}`: {error}"))?;
    Ok(Done { told: format!("wrote {path} ({} bytes)", content.len()), result: "written".to_owned() })
}

/// Two commands, without a shell: what a model says never becomes more than that.
fn bash(command: &str) -> Result<Done, String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let result = match words.as_slice() {
        ["echo", rest @ ..] => rest.join(" "),
        ["cat", path] => read(path)?,
        _ => return Err("only `echo …` and `cat FILE` are allowed here".to_owned()),
    };
    Ok(Done { told: format!("ran `{command}`: {}", result.lines().next().unwrap_or_default()), result })
}

fn read(path: &str) -> Result<String, String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(inside(path)?).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    file.take(RESULT_BYTES_MAX).read_to_string(&mut text).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    Ok(text)
}

/// A plain file name in the working folder: no folders, so no way out through a link either.
fn inside(path: &str) -> Result<std::path::PathBuf, String> {
    let folder = std::env::current_dir().map_err(|error| format!("no working folder: {error}"))?;
    // A model may give the full path.
    let relative = Path::new(path).strip_prefix(&folder).unwrap_or(Path::new(path));
    let mut components = relative.components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(name)), None) if !folder.join(name).is_symlink() => Ok(folder.join(name)),
        _ => Err(format!("`{path}` is not a file in the working folder")),
    }
}

#[cfg(test)]
mod tests;
