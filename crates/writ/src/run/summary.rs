//! Five lines about a session that ended.

use serde::Deserialize;

use crate::api::{CostRow, Session};
use crate::client::{Client, escape};
use crate::output::{clean, money, span_between};

/// Prints them on standard error: standard output belongs to the command.
pub(super) async fn print(client: &Client, session: &Session, is_claude: bool) {
    let estimated = estimated_calls(client, session).await;
    eprint!("{}", text(session, estimated));
    if is_claude && session.calls == 0 {
        eprintln!("hint: no model call came through writ; a managed setting on this machine may name another address");
    }
}

/// Says who cut the session off, for an agent that gave up at the refusal before the launcher could end it.
pub(super) fn tell_if_cut_off(session: &Session) {
    if let Some(over) = session.over.as_ref().filter(|_| matches!(session.status.as_str(), "revoked" | "expired")) {
        eprintln!("writ: {}", clean(&over.text));
    }
}

/// How many of the session's calls are estimated; none if that cannot be asked now.
async fn estimated_calls(client: &Client, session: &Session) -> u64 {
    #[derive(Deserialize)]
    struct Answer {
        total: CostRow,
    }
    let path = format!("/v1/cost?by=session&since={}&session={}", escape(&session.opened_at), escape(&session.id));
    client.get::<Answer>(&path).await.map_or(0, |answer| answer.total.estimated_calls)
}

fn text(session: &Session, estimated: u64) -> String {
    let project = session.project.as_ref().map_or("no project", |project| &project.name);
    let over_at = session.over_at.as_deref().unwrap_or(&session.opened_at);
    let duration = span_between(&session.opened_at, over_at).unwrap_or_default();
    let doubt = match estimated {
        0 => String::new(),
        1 => " (1 call estimated)".to_owned(),
        many => format!(" ({many} calls estimated)"),
    };
    let held = if session.held_usd_nanos > 0 { ", some calls not settled yet" } else { "" };
    let budget = session.budget_usd_nanos.map(|nanos| format!(" of {}", money(nanos))).unwrap_or_default();
    let lines = [
        ("session", format!("{}, {}, {}", session.id, project, session.status)),
        ("duration", duration.to_string()),
        ("calls", session.calls.to_string()),
        ("cost", format!("{}{budget}{doubt}{held}", money(session.spent_usd_nanos))),
        ("link", session.url.clone()),
    ];
    lines.iter().map(|(name, value)| format!("writ: {name:<9}{}\n", clean(value))).collect()
}

#[cfg(test)]
mod tests;
