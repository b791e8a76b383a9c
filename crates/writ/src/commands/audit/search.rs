//! `writ audit search`: the control plane looks through a part of the log at a time; this goes on until the end.

use serde::Deserialize;
use serde_json::Value;

use crate::cli::AuditSearch;
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::limits::SEARCH_PAGE_ENTRIES;
use crate::output::print_json_lines;

#[derive(Deserialize)]
struct Page {
    entries: Vec<Value>,
    next: Option<u64>,
}

/// Searches the log.
pub(super) async fn search(arguments: AuditSearch) -> Result<Exit, CommandError> {
    let client = Home::find()?.client(None)?;
    let query = query(&arguments);
    let (mut from, mut left) = (0, arguments.limit);
    while left > 0 {
        let limit = left.min(SEARCH_PAGE_ENTRIES);
        let page: Page = client.get(&format!("/v1/audit/search?from={from}&limit={limit}{query}")).await?;
        print_json_lines(&page.entries)?;
        left = left.saturating_sub(page.entries.len() as u64);
        match page.next {
            Some(next) if next > from => from = next,
            _ => return Ok(Exit::Done),
        }
    }
    eprintln!("there may be more: ask with a larger --limit, or from the time of the last entry on");
    Ok(Exit::Done)
}

fn query(arguments: &AuditSearch) -> String {
    let conditions = [
        ("developer", &arguments.developer),
        ("project", &arguments.project),
        ("session", &arguments.session),
        ("kind", &arguments.kind),
        ("since", &arguments.since),
        ("until", &arguments.until),
        ("text", &arguments.text),
    ];
    let given = conditions.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    given.map(|(name, value)| format!("&{name}={}", escape(value))).collect()
}
