//! Whether any process works in a folder: an agent may outlive a launcher that was killed. Where the system has no `/proc`
//! nobody can tell, and the launcher's lock is all there is.

use std::path::Path;

use crate::limits::PROCESSES_MAX;

/// Whether the current folder of any process of this user is in `folder`.
pub(super) fn any_in(folder: &Path) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let Ok(folder) = folder.canonicalize() else { return false };
    let own = std::process::id().to_string();
    processes.take(PROCESSES_MAX).flatten().any(|process| {
        let name = process.file_name();
        let is_process = name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit);
        // This command may have been typed there.
        is_process
            && *name != *own
            && std::fs::read_link(process.path().join("cwd")).is_ok_and(|place| place.starts_with(&folder))
    })
}
