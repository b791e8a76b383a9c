//! The machine's name in resources: the same for everybody who uses it, and no name that says anything elsewhere.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use domain::Digest;

use crate::command_error::CommandError;
use crate::workspace::Root;

/// Where systems keep an id of the machine (machine-id(5)). It is not to be told to others as it is.
const IDS: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
/// Containers of one image share the id above, and have names of their own.
const NAMES: [&str; 2] = ["/proc/sys/kernel/hostname", "/etc/hostname"];
/// Where one is made up on systems without.
const OWN: &str = ".machine";
/// Characters of the digest: 64 bits.
const DIGITS: usize = 16;

/// This machine: sixteen hexadecimal digits.
///
/// # Errors
/// The system has no id, and none can be written down.
pub(super) fn name(root: &Root) -> Result<String, CommandError> {
    let id = match first(&IDS) {
        Some(id) => id,
        None => own(&root.path().join(OWN))?,
    };
    Ok(digest(&id, &first(&NAMES).unwrap_or_default()))
}

fn digest(id: &str, name: &str) -> String {
    let digest = Digest::of(format!("writ machine\n{id}\n{name}\n").as_bytes()).to_string();
    digest.chars().take(DIGITS).collect()
}

fn first(paths: &[&str]) -> Option<String> {
    let texts = paths.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    texts.map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
}

/// Made once, whoever is first.
fn own(path: &Path) -> Result<String, CommandError> {
    let failed =
        |error: std::io::Error| CommandError::failed(format!("cannot write `{}`", path.display())).because(&error);
    std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(mut file) => {
            let random = control::seam::random::<16>();
            file.write_all(Digest::of(&random).to_string().as_bytes()).map_err(failed)?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    std::fs::read_to_string(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_told_from_another_by_id_and_name_and_shows_neither() {
        let one = digest("0123456789abcdef0123456789abcdef", "laptop");
        assert_eq!(one.len(), 16);
        assert!(!one.contains("0123456789"));
        assert_ne!(one, digest("0123456789abcdef0123456789abcdef", "container"));
        assert_ne!(one, digest("1123456789abcdef0123456789abcdef", "laptop"));
    }

    #[test]
    fn one_that_is_made_up_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(OWN);
        let first = own(&path).unwrap();
        assert_eq!((first.len(), own(&path).unwrap()), (64, first));
    }
}
