//! `writ audit fsck` over the network: every entry is downloaded, and the root derived from nothing but them.

use ledger::{BundleId, SignedCheckpoint, TILE_WIDTH, VerifierKey, Walk, bundles, decode_bundle};
use serde::Deserialize;
use serde_json::json;

use super::whom::whom;
use crate::cli::AuditFsck;
use crate::client::Client;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{clean, print, print_json_lines};

/// Entries between two lines of progress.
const PROGRESS_EVERY: u64 = 65_536;

/// `GET /v1/log/checkpoint`.
#[derive(Deserialize)]
struct Newest {
    checkpoint: String,
    key: String,
}

/// Checks the log of the control plane that one is signed in to.
pub(super) async fn fsck(arguments: &AuditFsck) -> Result<Exit, CommandError> {
    let whom = whom(arguments.trust.as_deref(), arguments.key.as_ref())?;
    let client = Home::find()?.client(None)?;
    let newest: Newest = client.get("/v1/log/checkpoint").await?;
    let strange =
        |error: &dyn std::error::Error| CommandError::failed("the server's checkpoint is none").because(error);
    let checkpoint = SignedCheckpoint::parse(newest.checkpoint.as_bytes()).map_err(|error| strange(&error))?;
    let key: VerifierKey = newest.key.parse().map_err(|error| strange(&error))?;
    let cosigned = whom.check(&checkpoint, &key)?;
    let checked = walk(&client, &checkpoint).await?;
    let (size, root) = (checkpoint.size(), checkpoint.root());
    if arguments.json {
        let detail = checked.as_ref().err();
        let names: Vec<_> = cosigned.iter().map(|one| one.witness.clone()).collect();
        print_json_lines([&json!({
            "verified": detail.is_none(), "detail": detail, "entries": size, "root": root.to_string(),
            "origin": checkpoint.origin(), "trust": whom.name(), "cosigned": names,
        })])?;
    }
    if let Some(warning) = whom.warning() {
        eprintln!("{warning}");
    }
    checked.map_err(|detail| {
        CommandError::failed(format!("the log is not what was signed: {detail}"))
            .hinted("keep a copy of the checkpoint, and tell whoever audits the log")
    })?;
    if !arguments.json {
        let (origin, source) = (clean(checkpoint.origin()), clean(&whom.source));
        print(&format!("{size} entries lead to the signed root {root}\nlog         {origin}\nbelieved    {source}\n"))?;
    }
    Ok(Exit::Done)
}

/// Walks all entries below the checkpoint's size. Inside: the first thing that is wrong.
async fn walk(client: &Client, checkpoint: &SignedCheckpoint) -> Result<Result<(), String>, CommandError> {
    let mut walk = Walk::new();
    for bundle in bundles(checkpoint.size()) {
        let bytes = client.get_bytes(&format!("/tlog/{bundle}")).await?;
        if let Err(wrong) = step(&mut walk, bundle, &bytes) {
            return Ok(Err(wrong));
        }
        if walk.size() % PROGRESS_EVERY < u64::from(TILE_WIDTH) && walk.size() >= PROGRESS_EVERY {
            eprintln!("{} of {} entries", walk.size(), checkpoint.size());
        }
    }
    let agrees = walk.root() == checkpoint.root();
    Ok(if agrees { Ok(()) } else { Err("the entries are well formed, but do not lead to the signed root".to_owned()) })
}

fn step(walk: &mut Walk, bundle: BundleId, bytes: &[u8]) -> Result<(), String> {
    let entries = decode_bundle(bytes, bundle.width()).map_err(|error| format!("`{bundle}`: {error}"))?;
    for entry in entries {
        let position = walk.size();
        walk.step(entry).map_err(|error| format!("entry {position}: {}", clean(&error.to_string())))?;
    }
    Ok(())
}
