//! JSON lines appended to a file, synced for each batch. A file that was moved away (by log rotation) is made anew.

use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Line;
use super::sink::{Failure, FailureKind, shaped};
use crate::settings::ExportFormat;

/// A file of JSON lines.
pub(crate) struct FileSink {
    path: PathBuf,
    format: ExportFormat,
    open: Option<std::fs::File>,
}

impl FileSink {
    pub(crate) fn new(path: PathBuf, format: ExportFormat) -> Self {
        Self { path, format, open: None }
    }

    pub(crate) async fn deliver(&mut self, origin: &str, lines: &[Line]) -> Result<(), Failure> {
        let text: String = lines.iter().map(|line| format!("{}\n", shaped(self.format, origin, line))).collect();
        let (path, open) = (self.path.clone(), self.open.take());
        let written = tokio::task::spawn_blocking(move || append(&path, open, text.as_bytes())).await;
        let written = written.unwrap_or_else(|_| Err(std::io::Error::other("the writing thread failed")));
        // After an error it is opened again, which mends a line that was cut.
        self.open = Some(written.map_err(|error| Failure::new(FailureKind::Away, error.to_string()))?);
        Ok(())
    }
}

/// Appends to the file that has this name now.
fn append(path: &Path, open: Option<std::fs::File>, text: &[u8]) -> std::io::Result<std::fs::File> {
    let mut file = match open {
        Some(file) if is_at(&file, path) => file,
        _ => reopen(path)?,
    };
    file.write_all(text)?;
    file.sync_data()?;
    Ok(file)
}

fn is_at(file: &std::fs::File, path: &Path) -> bool {
    let same = |one: std::fs::Metadata, two: std::fs::Metadata| (one.dev(), one.ino()) == (two.dev(), two.ino());
    file.metadata().and_then(|one| Ok(same(one, std::fs::metadata(path)?))).unwrap_or(false)
}

/// Opens or makes it, readable by its owner only, and ends a line that a crash has cut.
fn reopen(path: &Path) -> std::io::Result<std::fs::File> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0_u8; 1];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
