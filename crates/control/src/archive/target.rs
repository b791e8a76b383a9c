//! Where an archive lies: a folder, or a bucket of a service that speaks S3.

use std::future::Future;
use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, ObjectStoreExt, PutMode, PutOptions, RetryConfig, UpdateVersion};

use super::{ArchiveError, foreign};
use crate::keys::make_private_folder;
use crate::limits::{ARCHIVE_ERROR_CHARS_MAX, ARCHIVE_REQUEST_MAX, ARCHIVE_RETRIES_MAX};
use crate::settings::ArchiveSettings;

const CHECKPOINT: &str = "checkpoint";

/// The place.
pub(super) struct Target {
    files: Arc<dyn ObjectStore>,
    /// Whether a file can be replaced on the condition that nobody else did.
    is_conditional: bool,
}

/// The archive's checkpoint as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) note: Bytes,
    version: UpdateVersion,
}

impl Target {
    pub(super) fn open(place: &ArchiveSettings) -> Result<Self, String> {
        match place {
            ArchiveSettings::Folder(path) => folder(path),
            ArchiveSettings::S3 { bucket, prefix } => s3(AmazonS3Builder::from_env(), bucket, prefix.as_deref()),
        }
    }

    /// The checkpoint; none in an empty archive.
    pub(super) async fn checkpoint(&self) -> Result<Option<Kept>, ArchiveError> {
        let read = async {
            let found = match self.files.get(&Path::from(CHECKPOINT)).await {
                Ok(found) => found,
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            if found.meta.size > ledger::limits::NOTE_BYTES_MAX as u64 {
                return Ok(Some(Err(foreign(format!("its `checkpoint` has {} bytes, and is none", found.meta.size)))));
            }
            let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok(Some(Ok(Kept { note: found.bytes().await?, version })))
        };
        bounded(read).await?.transpose()
    }

    /// Writes a file that never changes. That it is there already, byte by byte the same, is fine.
    pub(super) async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let (location, bytes) = (Path::from(path), Bytes::from(bytes));
        let put = async {
            match self.files.put_opts(&location, bytes.clone().into(), PutMode::Create.into()).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. }) => {
                    let found = self.files.get(&location).await?;
                    Ok(found.meta.size == bytes.len() as u64 && found.bytes().await? == bytes)
                }
                Err(error) => Err(error),
            }
        };
        let is_same = bounded(put).await?;
        if is_same { Ok(()) } else { Err(foreign(format!("its `{path}` has other bytes than the log's"))) }
    }

    /// Replaces the checkpoint that was found by a newer one; false when another node did.
    pub(super) async fn replace_checkpoint(&self, found: Option<Kept>, note: Vec<u8>) -> Result<bool, ArchiveError> {
        if !self.is_conditional && self.checkpoint().await? != found {
            return Ok(false);
        }
        let mode = match found {
            None => PutMode::Create,
            Some(found) if self.is_conditional => PutMode::Update(found.version),
            Some(_) => PutMode::Overwrite,
        };
        let put = async {
            let location = Path::from(CHECKPOINT);
            match self.files.put_opts(&location, note.into(), PutOptions::from(mode)).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        };
        bounded(put).await
    }

    /// Removes the partial files of a tile or bundle: at most 255.
    pub(super) async fn remove_partials(&self, full: &str) -> Result<(), ArchiveError> {
        let remove = async {
            let listed = self.files.list_with_delimiter(Some(&Path::from(format!("{full}.p")))).await?;
            for file in listed.objects {
                self.files.delete(&file.location).await?;
            }
            Ok(())
        };
        bounded(remove).await
    }
}

fn folder(path: &FilePath) -> Result<Target, String> {
    let failed = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
    make_private_folder(path).map_err(|error| failed(&error))?;
    let files = LocalFileSystem::new_with_prefix(path).map_err(|error| failed(&error))?;
    let files = files.with_fsync(true).with_automatic_cleanup(true);
    Ok(Target { files: Arc::new(files), is_conditional: false })
}

/// A bucket, with what the usual `AWS_*` variables say. Uploads carry a digest: buckets with Object Lock demand one.
pub(super) fn s3(variables: AmazonS3Builder, bucket: &str, prefix: Option<&str>) -> Result<Target, String> {
    let allow_http = is_plain_loopback(&variables)?;
    let back_off = BackoffConfig::default();
    let retry = RetryConfig { backoff: back_off, max_retries: ARCHIVE_RETRIES_MAX, retry_timeout: ARCHIVE_REQUEST_MAX };
    let bucket = variables
        .with_bucket_name(bucket)
        .with_allow_http(allow_http)
        .with_checksum_algorithm(Checksum::SHA256)
        .with_retry(retry)
        .build()
        .map_err(|error| error.to_string())?;
    let files: Arc<dyn ObjectStore> = match prefix {
        Some(prefix) => Arc::new(PrefixStore::new(bucket, Path::from(prefix))),
        None => Arc::new(bucket),
    };
    Ok(Target { files, is_conditional: true })
}

/// Whether the endpoint is plain http, which only this machine may be asked over.
fn is_plain_loopback(variables: &AmazonS3Builder) -> Result<bool, String> {
    let endpoints = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint];
    let mut is_plain = false;
    for endpoint in endpoints.iter().filter_map(|key| variables.get_config_value(key)) {
        let uri: Option<http::Uri> = endpoint.parse().ok();
        match uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?))) {
            Some(("https", _)) => {}
            Some(("http", host)) if gateway::is_loopback(host) => is_plain = true,
            _ => {
                return Err(format!(
                    "AWS_ENDPOINT `{endpoint}` is no https address, and plain http is for loopback only"
                ));
            }
        }
    }
    Ok(is_plain)
}

async fn bounded<T>(work: impl Future<Output = object_store::Result<T>>) -> Result<T, ArchiveError> {
    match tokio::time::timeout(ARCHIVE_REQUEST_MAX, work).await {
        Ok(done) => done.map_err(|error| away(&error.to_string())),
        Err(_) => Err(away(&format!("no answer within {} seconds", ARCHIVE_REQUEST_MAX.as_secs()))),
    }
}

/// Answers of services are long, and of several lines.
fn away(what: &str) -> ArchiveError {
    let words = what.split_whitespace().collect::<Vec<_>>().join(" ");
    ArchiveError::Away { what: words.chars().take(ARCHIVE_ERROR_CHARS_MAX).collect() }
}
