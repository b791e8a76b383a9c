//! Looking at locks: who holds, who waits, and why.

use domain::Resource;
use serde::Deserialize;
use serde_json::Value;

use super::table::table;
use super::way::Way;
use crate::api::read;
use crate::cli::LockList as ListArguments;
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::inside::{LockAsk, LockList};
use crate::output::{Cell, Table, clean, print, print_json_lines, time};
use crate::ticket::{Holder, Ticket};

/// A frozen resource.
#[derive(Deserialize)]
struct Freeze {
    resource: String,
    since: String,
    detail: String,
}

/// A change of a resource.
#[derive(Deserialize)]
struct Write {
    writer: Holder,
    time: String,
    #[serde(default)]
    intent: Option<String>,
}

/// Lists locks.
pub(super) async fn list(arguments: ListArguments) -> Result<Exit, CommandError> {
    let resource = arguments.resource.map(|resource| resource.to_string());
    let filters = [
        ("resource", resource),
        ("session", arguments.session),
        ("project", arguments.project),
        ("state", arguments.state),
    ];
    let given = filters.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", escape(&value?))));
    let rows = rows(LockList::Locks, &given.collect::<Vec<_>>().join("&")).await?;
    shown(rows, arguments.json, "nobody holds anything there, and nobody waits")
}

/// Lists who waits for a resource.
pub(super) async fn queue(resource: &Resource, json: bool) -> Result<Exit, CommandError> {
    let query = format!("state=waiting&resource={}", escape(&resource.to_string()));
    let mut rows = rows(LockList::Locks, &query).await?;
    rows.sort_by_key(|row| row["position"].as_u64());
    shown(rows, json, "nobody waits for it")
}

/// Lists frozen resources.
pub(super) async fn frozen(json: bool) -> Result<Exit, CommandError> {
    let rows = rows(LockList::Freezes, "").await?;
    if json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        eprintln!("nothing is frozen");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["RESOURCE", "SINCE", "WHY"]);
    for row in rows {
        let freeze: Freeze = read(row)?;
        table.row([Cell::text(&freeze.resource), Cell::text(time(&freeze.since)), Cell::text(&freeze.detail)]);
    }
    print(&table.render())?;
    Ok(Exit::Done)
}

/// Says why a ticket waits, or what is going on at a resource.
pub(super) async fn why(what: &str) -> Result<Exit, CommandError> {
    if what.starts_with("tkt_") {
        let ask = LockAsk::Show { ticket: what.to_owned(), wait_seconds: 0 };
        let ticket: Ticket = Way::find()?.ask(ask).await?;
        print(&story(&ticket))?;
        return Ok(Exit::Done);
    }
    let resource: Resource =
        what.parse().map_err(|error| CommandError::usage(format!("`{}`: {error}", clean(what))))?;
    at(&resource).await
}

/// What a ticket waits for, or has.
fn story(ticket: &Ticket) -> String {
    let (who, about) = (ticket.holder.name(), ticket.about());
    match (ticket.state.as_str(), ticket.token) {
        ("waiting", _) => {
            let eta = ticket.eta_seconds.map(|seconds| format!(", about {seconds} s still")).unwrap_or_default();
            let frozen = ticket.frozen.as_ref().map(|one| format!("  {}\n", clean(&one.detail))).unwrap_or_default();
            format!("{who} waits for {about}, {} ahead{eta}:\n{frozen}{}", ticket.position, ticket.in_the_way())
        }
        ("offered", _) => format!("it is the turn of {who}: {about} is set aside for a minute\n"),
        ("resting", _) => format!("{about} rests: a change of {who} may still be on its way\n"),
        (_, Some(token)) => format!("{who} has {about} with the token {token} since {}\n", time(&ticket.since)),
        (state, None) => format!("{} is {}\n", clean(&ticket.ticket), clean(state)),
    }
}

/// Who froze, holds, waits for and changed a resource.
async fn at(resource: &Resource) -> Result<Exit, CommandError> {
    let query = format!("resource={}", escape(&resource.to_string()));
    let mut text = String::new();
    for row in rows(LockList::Freezes, "").await? {
        let freeze: Freeze = read(row)?;
        if freeze.resource.parse::<Resource>().is_ok_and(|frozen| frozen.overlaps(resource)) {
            let (what, why) = (clean(&freeze.resource), clean(&freeze.detail));
            text.push_str(&format!("{what} is frozen since {}: {why}\n", time(&freeze.since)));
        }
    }
    for row in rows(LockList::Locks, &query).await? {
        text.push_str(&story(&read(row)?));
    }
    for row in rows(LockList::Writes, &query).await? {
        let write: Write = read(row)?;
        let intent = write.intent.map(|intent| format!(", to {}", clean(&intent))).unwrap_or_default();
        text.push_str(&format!("{} changed it at {}{intent}\n", write.writer.name(), time(&write.time)));
    }
    if text.is_empty() {
        eprintln!("nothing is going on at {resource}");
    }
    print(&text)?;
    Ok(Exit::Done)
}

fn shown(rows: Vec<Value>, json: bool, none: &str) -> Result<Exit, CommandError> {
    if json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        eprintln!("{none}");
        return Ok(Exit::Done);
    }
    let tickets: Vec<Ticket> = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    print(&table(&tickets))?;
    Ok(Exit::Done)
}

/// The rows of a list, as they came.
async fn rows(of: LockList, query: &str) -> Result<Vec<Value>, CommandError> {
    let mut answer: Value = Way::find()?.ask(LockAsk::List { of, query: query.to_owned() }).await?;
    match answer.get_mut(of.as_str()).map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Err(CommandError::failed(format!("the list of {} does not fit this version", of.as_str()))),
    }
}
