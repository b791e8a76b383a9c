//! A push on the disk: it is looked at before it is sent on, and may be larger than memory.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::limits::{HEAD_BYTES_MAX, SPOOL_BYTES_MAX};
use super::stream::Watched;

/// What came, in a file without a name.
pub(super) struct Spool {
    file: std::fs::File,
    length: u64,
}

/// Why it did not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    /// Too large.
    #[error("this push is larger than {} MiB; push it in parts", SPOOL_BYTES_MAX >> 20)]
    TooLarge,
    /// The client stopped, or what came is not what it was said to be.
    #[error("the push did not arrive whole")]
    Broken,
    /// It is compressed in a way that is not known here.
    #[error("this push is compressed in a way that is not known here")]
    Encoding,
    /// The disk of the proxy.
    #[error("the proxy cannot keep this push: {0}")]
    Disk(#[from] std::io::Error),
}

/// Counts what is written, and takes no more than the bound.
struct Bounded {
    file: std::fs::File,
    length: u64,
}

/// What came too much. `io::ErrorKind` has a name for it.
const TOO_LARGE: std::io::ErrorKind = std::io::ErrorKind::FileTooLarge;

// === impl Spool ===

impl Spool {
    /// Takes a whole body, decompressed, into a file in a folder.
    ///
    /// # Errors
    /// It is too large, breaks off, or the disk is full.
    pub(super) async fn take(folder: &Path, headers: &HeaderMap, body: Incoming) -> Result<Self, SpoolError> {
        let bounded = Bounded { file: tempfile::tempfile_in(folder)?, length: 0 };
        let mut body = Watched::new(body);
        let bounded = match headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()) {
            None | Some(b"identity") => {
                let mut bounded = bounded;
                while let Some(piece) = next(&mut body).await? {
                    bounded = on_disk(bounded, move |to| to.write_all(&piece)).await?;
                }
                bounded
            }
            Some(b"gzip" | b"x-gzip") => {
                let mut decoder = MultiGzDecoder::new(bounded);
                while let Some(piece) = next(&mut body).await? {
                    decoder = on_disk(decoder, move |to| to.write_all(&piece)).await?;
                }
                decoder.finish().map_err(of_disk)?
            }
            Some(_) => return Err(SpoolError::Encoding),
        };
        Ok(Self { file: bounded.file, length: bounded.length })
    }

    /// The beginning, up to [`HEAD_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn head(&self) -> std::io::Result<Vec<u8>> {
        let mut head = Vec::new();
        (&self.at(0)?).take(HEAD_BYTES_MAX).read_to_end(&mut head)?;
        Ok(head)
    }

    /// How many bytes came.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The file, to be read from a byte on. Only one reader at a time: they share where it stands.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn at(&self, byte: u64) -> std::io::Result<std::fs::File> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(byte))?;
        Ok(file)
    }
}

async fn next(body: &mut Watched<Incoming>) -> Result<Option<Bytes>, SpoolError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(SpoolError::Broken),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Writes in a thread that may wait for the disk.
async fn on_disk<W: Send + 'static>(
    mut to: W,
    write: impl FnOnce(&mut W) -> std::io::Result<()> + Send + 'static,
) -> Result<W, SpoolError> {
    let written = tokio::task::spawn_blocking(move || write(&mut to).map(|()| to)).await;
    written.map_err(|_| SpoolError::Broken)?.map_err(of_disk)
}

fn of_disk(error: std::io::Error) -> SpoolError {
    match error.kind() {
        TOO_LARGE => SpoolError::TooLarge,
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
            SpoolError::Broken
        }
        _ => SpoolError::Disk(error),
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.length + bytes.len() as u64 > SPOOL_BYTES_MAX {
            return Err(TOO_LARGE.into());
        }
        let written = self.file.write(bytes)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
