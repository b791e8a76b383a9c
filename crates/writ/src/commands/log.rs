//! `writ log`.

use serde_json::Value;

use crate::api::{Verified, WitnessStanding, read};
use crate::cli::LogCommand;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::memory::Watch;
use crate::output::{clean, print, print_json_lines};

/// Looks into the log.
pub(super) async fn log(command: LogCommand) -> Result<Exit, CommandError> {
    let LogCommand::Verify { json, trust } = command;
    let home = Home::find()?;
    let client = home.client(None)?;
    // Hashes that match say little when the whole log was written anew.
    let seen = Watch::new(&home, client.address(), trust.as_deref())?.check(&client).await?;
    tell_missing(seen.and_then(|seen| seen.witnesses).as_ref());
    let value: Value = client.get("/v1/log/verify").await?;
    if json {
        print_json_lines([&value])?;
    }
    let answer: Verified = read(value)?;
    if !answer.verified {
        let detail = answer.detail.as_deref().map(clean).unwrap_or_default();
        return Err(CommandError::failed(format!("the log does not match its hashes: {detail}"))
            .hinted("stop the server, keep a copy of the database, and find out who could write to it"));
    }
    if !json {
        let head = answer.head_leaf.as_deref().map(clean).unwrap_or_else(|| "none".to_owned());
        print(&format!("{} entries, every one matches its hash\nnewest leaf {head}\n", answer.entries))?;
    }
    Ok(Exit::Done)
}

/// Says who did not cosign, where the server has witnesses.
fn tell_missing(standing: Option<&WitnessStanding>) {
    let Some(standing) = standing else { return };
    for missing in &standing.missing {
        eprintln!("witness {} did not cosign: {}", clean(&missing.witness), clean(&missing.reason));
    }
    if !standing.quorum_met {
        eprintln!("the quorum of witnesses is missed");
    }
}
