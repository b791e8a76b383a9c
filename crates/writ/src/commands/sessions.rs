//! `writ sessions` and `writ session`.

use serde_json::Value;

use crate::api::{Call, Session, read, rows_of};
use crate::cli::{SessionCommand, Sessions};
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, clean, money, print, print_json_lines, time};

/// Sessions asked for: more than a screen, less than the server's bound.
const LIMIT: u32 = 100;

/// Lists sessions.
pub(super) async fn list(arguments: Sessions) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let filter = if arguments.all { "" } else { "&live=true" };
    let rows = rows_of(&client, &format!("/v1/sessions?limit={LIMIT}{filter}"), "sessions").await?;
    if arguments.json {
        print_json_lines(&rows)?;
        return Ok(Exit::Done);
    }
    let sessions: Vec<Session> = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    if sessions.is_empty() {
        eprintln!("no {}sessions", if arguments.all { "" } else { "live " });
        return Ok(Exit::Done);
    }
    print(&table(&sessions))?;
    Ok(Exit::Done)
}

/// Shows one session and its calls.
pub(super) async fn show(arguments: SessionCommand) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let path = format!("/v1/sessions/{}", escape(&arguments.id));
    let value: Value = client.get(&path).await?;
    if arguments.json {
        print_json_lines([&value])?;
        return Ok(Exit::Done);
    }
    let session: Session = read(value)?;
    let calls = rows_of(&client, &format!("{path}/calls?limit={LIMIT}"), "calls").await?;
    let calls: Vec<Call> = calls.into_iter().map(read).collect::<Result<_, _>>()?;
    print(&format!("{}{}", details(&session), call_table(&calls)))?;
    Ok(Exit::Done)
}

fn table(sessions: &[Session]) -> String {
    let mut table = Table::new(["SESSION", "DEVELOPER", "PROJECT", "STATUS", "OPENED", "CALLS", "COST"]);
    for session in sessions {
        table.row([
            Cell::text(&session.id),
            Cell::text(&session.developer.login),
            Cell::text(project(session)),
            Cell::text(&session.status),
            Cell::text(time(&session.opened_at)),
            Cell::number(session.calls),
            Cell::number(money(session.spent_usd_nanos)),
        ]);
    }
    table.render()
}

fn project(session: &Session) -> &str {
    session.project.as_ref().map_or("unattributed", |project| &project.name)
}

fn details(session: &Session) -> String {
    let (end, at) = match (&session.over, &session.over_at) {
        (Some(over), _) => ("over", over.text.clone()),
        (None, Some(at)) => ("over", time(at)),
        (None, None) => ("expires", time(&session.expires_at)),
    };
    let budget = session.budget_usd_nanos.map_or_else(|| "none of its own".to_owned(), money);
    let held =
        if session.held_usd_nanos > 0 { format!(", {} held", money(session.held_usd_nanos)) } else { String::new() };
    let mut lines = vec![
        ("session", session.id.clone()),
        ("developer", session.developer.login.clone()),
        ("project", project(session).to_owned()),
        ("profile", session.profile.clone()),
        ("status", session.status.clone()),
        ("opened", time(&session.opened_at)),
        (end, at),
        ("cost", format!("{}{held}, budget {budget}", money(session.spent_usd_nanos))),
    ];
    if let Some(parent) = &session.parent {
        lines.insert(1, ("parent", parent.clone()));
    }
    if !session.url.is_empty() {
        lines.push(("page", session.url.clone()));
    }
    lines.iter().map(|(name, value)| format!("{name:<10} {}\n", clean(value))).collect()
}

fn call_table(calls: &[Call]) -> String {
    if calls.is_empty() {
        return "no calls\n".to_owned();
    }
    let mut table = Table::new(["CALL", "TIME", "MODEL", "OUTCOME", "STATUS", "COST", "QUALITY"]);
    for call in calls {
        table.row([
            Cell::text(&call.id),
            Cell::text(time(&call.reserved_at)),
            Cell::text(&call.model),
            Cell::text(call.outcome.as_deref().unwrap_or("open")),
            Cell::number(call.status.map_or_else(|| "-".to_owned(), |status| status.to_string())),
            Cell::number(call.cost_usd_nanos.map_or_else(|| "-".to_owned(), money)),
            Cell::text(call.quality.as_deref().unwrap_or("-")),
        ]);
    }
    format!("\n{}", table.render())
}
