//! `writ who`: asks git what a line or a revision is, the control plane whose it is, and checks the log's proof of it.

mod answer;
mod commit;
mod local;
mod proof;
mod show;

use serde_json::{Value, json};

use crate::cli::Who;
use crate::client::{Client, escape};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{print, print_json_lines};

use answer::Outcome;
use local::Local;
use proof::Checked;

/// Tells who did something.
pub(super) async fn who(arguments: Who) -> Result<Exit, CommandError> {
    let home = Home::find()?;
    let client = home.client(None)?;
    let mut outcome = find(&client, &arguments).await?;
    let mut checks = None;
    if let Outcome::Found(found) = &mut outcome {
        let checked = proof::check_all(&client, &home, found).await?;
        found.insert("proofs", checked.entries.iter().map(Checked::to_json).collect());
        checks = Some(checked);
    }
    if arguments.json {
        print_json_lines([outcome.value()])?;
    } else {
        print(&show::text(&outcome)?)?;
    }
    let (entries, alarm) = checks.map(|checks| (checks.entries, checks.alarm)).unwrap_or_default();
    if let Some(alarm) = alarm {
        return Err(alarm);
    }
    if let Some(failed) = entries.iter().find_map(Checked::failure) {
        return Err(CommandError::failed(format!("the log does not prove this answer: {failed}"))
            .hinted("keep this output, tell an auditor, and have them run `writ audit fsck`"));
    }
    Ok(match outcome {
        Outcome::Found(_) => Exit::Done,
        Outcome::Ambiguous(_) => Exit::Ambiguous,
        Outcome::Unknown(_) => Exit::Unknown,
    })
}

/// What the repository here knows goes first for what looks like a commit, and last for any other name.
async fn find(client: &Client, arguments: &Who) -> Result<Outcome, CommandError> {
    let (thing, kind) = (arguments.thing.trim(), arguments.kind.as_deref());
    if kind.is_some_and(|kind| kind != "commit") {
        return ask(client, thing, kind).await;
    }
    let mut places = Vec::new();
    match local::look_first(thing, &mut places).await? {
        Local::Commit(found) => return commit::ask(client, thing, &found).await,
        Local::Ambiguous(commits) => return Ok(local::ambiguous(thing, &commits)),
        Local::NotCommitted => return Ok(unknown(thing, places)),
        Local::Nothing => {}
    }
    let outcome = ask(client, thing, kind).await?;
    let Outcome::Unknown(mut value) = outcome else { return Ok(outcome) };
    if let Local::Commit(found) = local::look_last(thing, &mut places).await? {
        return commit::ask(client, thing, &found).await;
    }
    if let Some(Value::Array(searched)) = value.get_mut("searched") {
        searched.extend(places);
    }
    Ok(Outcome::Unknown(value))
}

/// Asks the control plane.
async fn ask(client: &Client, thing: &str, kind: Option<&str>) -> Result<Outcome, CommandError> {
    let kind = kind.map(|kind| format!("&kind={}", escape(kind))).unwrap_or_default();
    let value: Value = client.get(&format!("/v1/who?thing={}{kind}", escape(thing))).await?;
    Outcome::read(value)
}

fn unknown(thing: &str, searched: Vec<Value>) -> Outcome {
    Outcome::Unknown(json!({"outcome": "unknown", "thing": thing, "searched": searched}))
}
