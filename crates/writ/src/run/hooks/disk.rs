//! Files as they are on the disk: what they hold, and cheaply whether that may have changed.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use domain::Digest;

use crate::limits::{CONTENT_KEPT_BYTES_MAX, DIGEST_BYTES_MAX};

/// A look at a file.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Look {
    /// Digest of its content; none if there is no file. A file that is too large to be read each time is told by its size
    /// and times.
    pub(in crate::run) digest: Option<Digest>,
    /// Its content, unless that is large.
    pub(in crate::run) content: Option<Vec<u8>>,
    /// How it stood.
    pub(in crate::run) stamp: Option<Stamp>,
}

/// What changes when a file does. The change time cannot be put back as the others can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// How a file stands now; none if there is no regular file.
    pub(in crate::run) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().filter(Metadata::is_file).map(|metadata| Self::from(&metadata))
    }

    /// When it was last changed, in milliseconds since 1970.
    pub(in crate::run) fn changed_at(&self) -> i64 {
        self.changed.0.saturating_mul(1000).saturating_add(self.changed.1 / 1_000_000)
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Look {
    /// Looks at a file. What cannot be read, and what is no regular file, is none.
    pub(in crate::run) fn at(path: &Path) -> Self {
        Self::open(path).unwrap_or_default()
    }

    fn open(path: &Path) -> Option<Self> {
        // A pipe would wait for a writer.
        let no_wait = nix::fcntl::OFlag::O_NONBLOCK.bits();
        let file = OpenOptions::new().read(true).custom_flags(no_wait).open(path).ok()?;
        let metadata = file.metadata().ok().filter(Metadata::is_file)?;
        let stamp = Stamp::from(&metadata);
        if stamp.length > DIGEST_BYTES_MAX {
            let told = Digest::of(format!("{stamp:?}").as_bytes());
            return Some(Self { digest: Some(told), content: None, stamp: Some(stamp) });
        }
        let content = read(file)?;
        let digest = Some(Digest::of(&content));
        let content = (content.len() <= CONTENT_KEPT_BYTES_MAX).then_some(content);
        Some(Self { digest, content, stamp: Some(stamp) })
    }
}

fn read(file: File) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    file.take(DIGEST_BYTES_MAX).read_to_end(&mut content).ok()?;
    Some(content)
}
