//! `writ audit fsck` on the server's machine: the database itself, while the server runs or when it is stopped.

use std::path::Path;

use ledger::{Signer, VerifierKey};
use serde_json::json;
use store::{FsckOptions, FsckReport};

use crate::cli::AuditFsck;
use crate::command_error::{CommandError, Exit};
use crate::config::Config;
use crate::output::{clean, print, print_json_lines};

/// The log's private key in the folder of keys.
const KEY_FILE: &str = "log.key";
/// Entries between two lines of progress.
const PROGRESS_EVERY: u64 = 100_000;

/// Checks a database.
pub(super) async fn fsck(arguments: AuditFsck) -> Result<Exit, CommandError> {
    let (url, found) = match &arguments.config {
        Some(path) => configured(path)?,
        None => (arguments.database.clone().unwrap_or_default(), None),
    };
    let url = url.parse().map_err(|error: store::StoreError| CommandError::usage(error.to_string()))?;
    let log = arguments.key.or(found);
    let scratch = match &arguments.scratch {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let scratch = scratch.map_err(|error| CommandError::failed("cannot make a scratch folder").because(&error))?;
    let is_signed = log.is_some();
    let options = FsckOptions { url, log, scratch: scratch.path().to_owned() };
    let report = store::fsck(&options, |entries| {
        if entries.is_multiple_of(PROGRESS_EVERY) {
            eprintln!("{entries} entries");
        }
    });
    let report = report.await.map_err(|error| CommandError::failed("cannot check the database").because(&error))?;
    if arguments.json {
        print_json_lines([&shown(&report, is_signed)])?;
    }
    if !is_signed {
        eprintln!("warning: the log's key is not known here, so no signature was checked\nhint: give it with --key");
    }
    if let Some(finding) = &report.finding {
        return Err(CommandError::failed(clean(&finding.to_string()))
            .hinted("stop the server, keep a copy of the database, and find out who could write to it"));
    }
    if !arguments.json {
        print(&text(&report))?;
    }
    Ok(Exit::Done)
}

/// Where the database of a configuration is, and the public half of the log's key, if that is there.
fn configured(path: &Path) -> Result<(String, Option<VerifierKey>), CommandError> {
    let config = Config::read(path)?;
    let url = match &config.database {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", config.data_dir.join("writ.db").display()),
    };
    let keys = config.keys_dir.clone().unwrap_or_else(|| config.data_dir.join("keys"));
    let Ok(key) = std::fs::read_to_string(keys.join(KEY_FILE)) else { return Ok((url, None)) };
    let unusable = |error| CommandError::failed(format!("`{}` in `keys_dir`", KEY_FILE)).because(&error);
    let signer = Signer::from_private_key(key.trim_end()).map_err(|error: ledger::KeyError| unusable(error))?;
    Ok((url, Some(signer.verifier_key().clone())))
}

fn text(report: &FsckReport) -> String {
    let mut text = format!("{} entries, root {}\n", report.entries, report.root);
    text.push_str(&format!("{} full tiles and {} checkpoints agree with them\n", report.tiles, report.checkpoints));
    for (table, rows) in &report.tables {
        text.push_str(&format!("{table}: {rows} rows, as the log makes them\n"));
    }
    text
}

fn shown(report: &FsckReport, is_signed: bool) -> serde_json::Value {
    let tables: serde_json::Map<_, _> =
        report.tables.iter().map(|(name, rows)| ((*name).to_owned(), json!(rows))).collect();
    json!({
        "verified": report.finding.is_none(),
        "detail": report.finding.as_ref().map(ToString::to_string),
        "entries": report.entries,
        "root": report.root.to_string(),
        "tiles": report.tiles,
        "checkpoints": report.checkpoints,
        "signatures": is_signed,
        "tables": tables,
    })
}
