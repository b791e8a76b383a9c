//! `writ export`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{read, rows_of};
use crate::cli::{ExportCommand, PrintEvents};
use crate::client::{Client, escape};
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::limits::EVENTS_PER_REQUEST;
use crate::output::{Cell, Table, print, print_json_lines, time};

/// One export, as the API shows it.
#[derive(Deserialize)]
struct Export {
    name: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    lag: u64,
    #[serde(default)]
    dead: u64,
    #[serde(default)]
    last_at: Option<String>,
    #[serde(default)]
    last_error: Option<String>,
}

/// An entry that an export gave up on.
#[derive(Deserialize)]
struct Dead {
    position: u64,
    attempts: u64,
    error: String,
    at: String,
    #[serde(default)]
    due: bool,
}

/// Looks at exports, or has dead entries tried again.
pub(super) async fn export(command: ExportCommand) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    match command {
        ExportCommand::List { json } => list(&client, json).await,
        ExportCommand::Dead { name, json } => dead(&client, &name, json).await,
        ExportCommand::Retry { name, positions } => retry(&client, &name, &positions).await,
        ExportCommand::Print(arguments) => print_events(&client, &arguments).await,
    }
}

async fn list(client: &Client, json: bool) -> Result<Exit, CommandError> {
    let rows = rows_of(client, "/v1/exports", "exports").await?;
    if json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        eprintln!("no exports");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["EXPORT", "KIND", "LAG", "DEAD", "LAST", "IN ITS WAY"]);
    for row in rows {
        let export: Export = read(row)?;
        table.row([
            Cell::text(&export.name),
            Cell::text(export.kind.as_deref().unwrap_or("not configured")),
            Cell::number(export.lag),
            Cell::number(export.dead),
            Cell::text(export.last_at.as_deref().map_or_else(|| "never".to_owned(), time)),
            Cell::text(export.last_error.as_deref().unwrap_or("nothing")),
        ]);
    }
    print(&table.render())?;
    Ok(Exit::Done)
}

/// All of them: the server bounds how many there can be.
async fn dead(client: &Client, name: &str, json: bool) -> Result<Exit, CommandError> {
    let (mut rows, mut from): (Vec<Value>, u64) = (Vec::new(), 0);
    loop {
        let path = format!("/v1/exports/{}/dead?from={from}&limit=1000", escape(name));
        let page = rows_of(client, &path, "dead").await?;
        let Some(last) = page.last().and_then(|row| row.get("position")).and_then(Value::as_u64) else { break };
        from = last + 1;
        rows.extend(page);
    }
    if json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        eprintln!("{name} gave up on nothing");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["POSITION", "TIME", "TRIES", "NEXT", "ERROR"]);
    for row in rows {
        let dead: Dead = read(row)?;
        table.row([
            Cell::number(dead.position),
            Cell::text(time(&dead.at)),
            Cell::number(dead.attempts),
            Cell::text(if dead.due { "soon" } else { "-" }),
            Cell::text(&dead.error),
        ]);
    }
    print(&table.render())?;
    Ok(Exit::Done)
}

async fn retry(client: &Client, name: &str, positions: &[u64]) -> Result<Exit, CommandError> {
    let body = if positions.is_empty() { json!({}) } else { json!({ "positions": positions }) };
    let answer: Value = client.post(&format!("/v1/exports/{}/retry", escape(name)), &body).await?;
    print(&format!("{} entries will be tried again\n", answer.get("due").and_then(Value::as_u64).unwrap_or(0)))?;
    Ok(Exit::Done)
}

async fn print_events(client: &Client, arguments: &PrintEvents) -> Result<Exit, CommandError> {
    let mut path = format!("/v1/log/events?format={}&limit={EVENTS_PER_REQUEST}", arguments.format.as_str());
    if let Some(since) = &arguments.since {
        path.push_str(&format!("&since={}", escape(since)));
    }
    let mut after: Option<u64> = None;
    loop {
        let page = after.map_or_else(|| path.clone(), |after| format!("{path}&after={after}"));
        let text = client.get_text(&page).await?;
        let Some(last) = text.lines().last() else { return Ok(Exit::Done) };
        let strange = || CommandError::failed("the server's answer does not fit this version");
        after = Some(position(last).ok_or_else(strange)?);
        print(&text)?;
    }
}

/// Where an event stands in the log, in either shape.
fn position(line: &str) -> Option<u64> {
    let event: Value = serde_json::from_str(line).ok()?;
    let ocsf = event.get("metadata").and_then(|metadata| metadata.get("sequence")).and_then(Value::as_u64);
    ocsf.or_else(|| event.get("sequence")?.as_str()?.parse().ok())
}
