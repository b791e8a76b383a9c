//! How much of the disk a folder takes.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::limits::WORKSPACE_FILES_MAX;

/// Bytes on disk of everything below a folder; what cannot be read counts nothing.
pub(super) fn of(folder: &Path) -> u64 {
    let (mut bytes, mut seen) = (0_u64, 0_usize);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            seen += 1;
            if seen > WORKSPACE_FILES_MAX {
                return bytes;
            }
            let Ok(meta) = entry.metadata() else { continue };
            // st_blocks is in units of 512 bytes, whatever the file system's own.
            bytes = bytes.saturating_add(meta.blocks().saturating_mul(512));
            if meta.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    bytes
}
