//! A configuration for stock clients (ssh_config(5)): the first value that is found counts, so hosts that are granted come
//! before the developer's own configuration.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Unprepared;

/// Hosts as a broker names them.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Host {
    /// A name, an address, or a pattern.
    pub(super) host: String,
    /// The port, if it is not the usual one.
    #[serde(default)]
    pub(super) port: Option<u16>,
    /// The account.
    #[serde(default)]
    pub(super) user: Option<String>,
}

/// Hosts with the agent that has their key.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) socket: PathBuf,
    pub(super) hosts: Vec<Host>,
}

/// Which agent is asked for a host that no broker names, when the developer's configuration does not say.
#[derive(Debug)]
pub(super) enum Elsewhere {
    /// The one that the environment names: the developer's own.
    AsBefore,
    /// One with the keys of targets that name no hosts: it may be one of theirs. No other host is shown a certificate.
    Agent(PathBuf),
    /// None: every key has its hosts.
    Nobody,
}

/// What reads the developer's own configuration and the machine's, as clients do when nobody names a file.
const THEIRS: &str = "Match all\nInclude ~/.ssh/config\nInclude /etc/ssh/ssh_config\n";

/// The file's text.
///
/// # Errors
/// A name could be read as more than a name: what comes from the control plane is looked at here once more.
pub(super) fn text(sections: &[Section], elsewhere: &Elsewhere) -> Result<String, Unprepared> {
    let mut text = "# Made by writ for one session. Your own configuration follows below.\n".to_owned();
    for section in sections {
        for host in &section.hosts {
            write_host(&mut text, host, &section.socket)?;
        }
    }
    text.push_str(THEIRS);
    let agent = match elsewhere {
        Elsewhere::AsBefore => return Ok(text),
        Elsewhere::Agent(socket) => quoted(socket)?,
        Elsewhere::Nobody => "none".to_owned(),
    };
    let _ = writeln!(text, "Match all\n    IdentityAgent {agent}");
    Ok(text)
}

fn write_host(text: &mut String, host: &Host, socket: &Path) -> Result<(), Unprepared> {
    let strange = |what: &str| Unprepared(format!("`{what}` is not the name of a host or an account"));
    if !is_word(&host.host, "._-:*?") {
        return Err(strange(&host.host));
    }
    let _ = writeln!(text, "Host {}", host.host);
    if let Some(port) = host.port {
        let _ = writeln!(text, "    Port {port}");
    }
    if let Some(user) = &host.user {
        if !is_word(user, "._-@+") {
            return Err(strange(user));
        }
        let _ = writeln!(text, "    User {user}");
    }
    // Keys in files are the developer's own. One that the developer's configuration names is tried all the same, afterwards.
    let _ = writeln!(text, "    IdentityAgent {}\n    IdentitiesOnly no\n    IdentityFile none", quoted(socket)?);
    Ok(())
}

fn is_word(text: &str, more: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain)
}

/// `%` and `$` stand for something in this setting; a quote ends it.
fn quoted(path: &Path) -> Result<String, Unprepared> {
    let text = path.to_str().filter(|text| !text.contains(['"', '\\', '\n', '$', '~']));
    let text = text.ok_or_else(|| {
        Unprepared("the path of the temporary folder has letters that ssh reads otherwise".to_owned())
    })?;
    Ok(format!("\"{}\"", text.replace('%', "%%")))
}

#[cfg(test)]
mod tests;
