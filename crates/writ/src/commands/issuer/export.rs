//! `writ issuer export`.

use std::io::Write;
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::cli::ExportIssuer;
use crate::client::{Address, Client};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::clean;

const FOLDER: &str = ".well-known";
const DISCOVERY: &str = "openid-configuration";
const KEYS: &str = "jwks.json";

/// Members of a key that say something of its certificate.
const OF_CERTIFICATES: [&str; 3] = ["x5c", "x5t", "x5t#S256"];

/// Writes the two documents.
pub(super) async fn export(arguments: &ExportIssuer) -> Result<Exit, CommandError> {
    let client = match &arguments.server {
        Some(server) => Client::new(server.parse::<Address>().map_err(CommandError::usage)?)?,
        None => Home::find()?.client(None)?,
    };
    let discovery: Value = client.get(&format!("/{FOLDER}/{DISCOVERY}")).await?;
    let mut keys: Value = client.get(&format!("/{FOLDER}/{KEYS}")).await?;
    if arguments.without_x5c {
        strip(&mut keys);
    }
    let folder = arguments.dir.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| {
        CommandError::failed(format!("cannot make the folder `{}`", folder.display())).because(&error)
    })?;
    // Keys first: who reads the new discovery document finds them.
    write(&folder.join(KEYS), &keys)?;
    write(&folder.join(DISCOVERY), &discovery)?;
    let issuer = discovery.get("issuer").and_then(Value::as_str).map(clean).unwrap_or_default();
    eprintln!(
        "2 files in `{}`: serve `{}` at {issuer}, as application/json",
        folder.display(),
        arguments.dir.display()
    );
    Ok(Exit::Done)
}

fn strip(keys: &mut Value) {
    let list = keys.get_mut("keys").and_then(Value::as_array_mut).into_iter().flatten();
    for key in list.filter_map(Value::as_object_mut) {
        for member in OF_CERTIFICATES {
            key.remove(member);
        }
    }
}

/// Beside the file first, so that whoever reads it meets the old or the new one.
fn write(path: &Path, document: &Value) -> Result<(), CommandError> {
    let failed = |error: &dyn std::error::Error| {
        CommandError::failed(format!("cannot write `{}`", path.display())).because(error)
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let written = writeln!(file, "{document:#}").and_then(|()| file.as_file().sync_all());
    written.map_err(|error| failed(&error))?;
    // A web server of another user reads it.
    let for_all = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(for_all).map_err(|error| failed(&error))?;
    file.persist(path).map(drop).map_err(|error| failed(&error.error))
}

#[cfg(test)]
mod tests;
