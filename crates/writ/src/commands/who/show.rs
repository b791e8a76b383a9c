//! The answer for people.

use super::answer::{Candidate, CredentialTold, Link, Neighbours, Outcome, Place, Told};
use crate::api::read;
use crate::command_error::CommandError;
use crate::output::{Cell, Table, clean, money, time};

/// The text of an outcome.
pub(super) fn text(outcome: &Outcome) -> Result<String, CommandError> {
    match outcome {
        Outcome::Found(found) => Ok(found_text(&found.told()?)),
        Outcome::Ambiguous(value) => {
            let candidates: Vec<Candidate> = read(value["candidates"].clone())?;
            Ok(ambiguous_text(&candidates, value["hidden"].as_u64().unwrap_or(0)))
        }
        Outcome::Unknown(value) => {
            let searched: Vec<Place> = read(value["searched"].clone())?;
            Ok(unknown_text(value["thing"].as_str().unwrap_or_default(), &searched))
        }
    }
}

fn found_text(told: &Told) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &'static str, text: String| lines.push(format!("{name:<10} {}\n", clean(&text)));
    if let Some(commit) = &told.commit {
        line("commit", format!("{} \"{}\", by {}", commit.id, commit.subject, commit.author));
        line("signature", commit.signature.clone());
    }
    if let Some(session) = &told.session {
        let ended = session.over.as_ref().map(|over| &over.text).filter(|text| !text.is_empty());
        let ended = ended.map(|text| format!(": {text}")).unwrap_or_default();
        line("session", format!("{}, {}, opened {}{ended}", session.id, session.status, time(&session.opened_at)));
        if let Some(parent) = &session.parent {
            let agent = session.agent.as_ref().map(|agent| format!(", as its sub-agent {agent}")).unwrap_or_default();
            line("parent", format!("{parent}{agent}"));
        }
    }
    line("human", human(told));
    if let Some(session) = &told.session {
        line("agent", agent(told));
        let project = session.project.as_ref().map_or("unattributed", |project| &project.name);
        let team = told.team.as_ref().map(|team| format!(", team {team}")).unwrap_or_default();
        line("project", format!("{project}{team}"));
        line("policy", told.policy.clone().unwrap_or_else(|| "no policy yet".to_owned()));
        line("approvals", if told.approvals.is_empty() { "none".to_owned() } else { told.approvals.join(", ") });
        line("cost", cost(told));
    }
    if let Some(credential) = &told.credential {
        line("credential", self::credential(credential));
    }
    for link in &told.links {
        line("link", self::link(link));
    }
    for contradiction in &told.contradictions {
        line("CONFLICT", contradiction.clone());
    }
    for proof in &told.proofs {
        line(if proof.outcome == "failed" { "NOT PROVEN" } else { "log" }, proof.text.clone());
    }
    if told.hidden > 0 {
        line("hidden", format!("{} more, of sessions that are not yours to see", told.hidden));
    }
    lines.concat() + &neighbours(told.session.is_some(), &told.neighbours)
}

fn human(told: &Told) -> String {
    let human = &told.human;
    let name = if human.display_name == human.login { String::new() } else { format!(" ({})", human.display_name) };
    let disabled = if human.disabled { ", locked out" } else { "" };
    format!("{}{name}, {}{disabled}", human.login, human.id)
}

/// Claims, every one.
fn agent(told: &Told) -> String {
    let agent = &told.agent;
    let mut parts = agent.user_agents.clone();
    parts.extend(agent.client_sessions.iter().map(|id| format!("client session {id}")));
    parts.extend(agent.agents.iter().map(|id| format!("sub-agent {id}")));
    if parts.is_empty() { "did not say".to_owned() } else { format!("{} (claims)", parts.join(", ")) }
}

fn cost(told: &Told) -> String {
    let Some(session) = &told.session else { return String::new() };
    let of_session = format!("session {} for {} calls", money(session.spent_usd_nanos), session.calls);
    let Some(call) = &told.call else { return of_session };
    let of_call = call.cost_usd_nanos.map_or_else(|| "not settled yet".to_owned(), money);
    let quality = call.quality.as_ref().map(|quality| format!(" ({quality})")).unwrap_or_default();
    format!("this call {of_call}{quality}, {}, {}; {of_session}", call.model, call.id)
}

/// What it is, where it is good, whether it still is, since when and until when.
fn credential(told: &CredentialTold) -> String {
    let kind = told.kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
    let due = told.due.as_ref().map(|due| format!(" ({})", due.replace('_', " "))).unwrap_or_default();
    let status = told.status.replace('_', " ");
    let issued = told.issued_at.as_ref().map(|at| format!(", issued {}", time(at))).unwrap_or_default();
    let until = match &told.over_at {
        Some(over) => format!("over {}", time(over)),
        None => format!("expires {}", time(&told.expires_at)),
    };
    format!("{}, {}/{}{kind}, {status}{due}{issued}, {until}", told.id, told.broker, told.target)
}

fn link(link: &Link) -> String {
    let mut text = format!("{}: {} {}: {}", link.evidence, link.kind, link.value, link.says);
    if let Some(position) = link.position {
        text.push_str(&format!("; entry {position}"));
    }
    if let Some(entry_type) = &link.entry_type {
        text.push_str(&format!(" ({entry_type})"));
    }
    if let Some(at) = &link.time {
        text.push_str(&format!(" at {}", time(at)));
    }
    if let Some(by) = &link.by {
        text.push_str(&format!(", by {by}"));
    }
    text
}

fn neighbours(has_session: bool, neighbours: &Neighbours) -> String {
    if neighbours.before.is_empty() && neighbours.after.is_empty() {
        return "neighbours none\n".to_owned();
    }
    let what =
        if has_session { format!("sessions of the same {}", neighbours.of) } else { "newest sessions".to_owned() };
    let mut table = Table::new(["SESSION", "DEVELOPER", "STATUS", "OPENED", "THEN"]);
    for (rows, then) in [(&neighbours.before, "over already"), (&neighbours.after, "opened later")] {
        for row in rows {
            table.row([
                Cell::text(&row.session),
                Cell::text(&row.developer),
                Cell::text(&row.status),
                Cell::text(time(&row.opened_at)),
                Cell::text(if row.was_active { "at work" } else { then }),
            ]);
        }
    }
    format!("\n{what}:\n{}", table.render())
}

fn ambiguous_text(candidates: &[Candidate], hidden: u64) -> String {
    let mut table = Table::new(["KIND", "NAME", "SESSION", "DEVELOPER", "SINCE"]);
    for candidate in candidates {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let since = candidate.opened_at.as_deref().map(time).or_else(|| candidate.subject.clone());
        table.row([
            Cell::text(&candidate.kind),
            Cell::text(&candidate.value),
            Cell::text(or_none(&candidate.session)),
            Cell::text(or_none(&candidate.developer)),
            Cell::text(since.unwrap_or_else(|| "-".to_owned())),
        ]);
    }
    let hidden = if hidden > 0 { format!("and {hidden} more that are not yours to see\n") } else { String::new() };
    format!(
        "this may mean {} things:\n{}{hidden}ask again with a longer id, a session's id, or --kind\n",
        candidates.len(),
        table.render()
    )
}

fn unknown_text(thing: &str, searched: &[Place]) -> String {
    let mut text = format!("nothing is known of `{}`; it was looked for in:\n", clean(thing));
    for place in searched {
        let (kinds, names) = (place.kinds.join(", "), place.names.join(", "));
        text.push_str(&clean(&format!("- {} (as {kinds}: {names})", place.place)));
        text.push('\n');
    }
    text
}
