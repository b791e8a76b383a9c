//! `writ workspace list`.

use domain::{Span, Time};
use serde_json::json;

use crate::command_error::{CommandError, Exit};
use crate::output::{Cell, Table, clean, moment, print, print_json_lines};
use crate::workspace::{Listed, Root, State};
use control::seam::Clock;

/// A workspace with what takes a look into it.
struct Row {
    listed: Listed,
    bytes: u64,
    /// None when git does not say.
    changed: Option<usize>,
}

/// Lists all workspaces.
pub(super) async fn list(root: &Root, json: bool) -> Result<Exit, CommandError> {
    let (all, errors) = Listed::all(root)?;
    for error in &errors {
        eprintln!("writ: {error}");
    }
    let mut rows = Vec::new();
    for listed in all {
        // A repository that is gone is shown by its absence, not by an error for the whole list.
        let changed = if listed.state == State::Missing { None } else { listed.changed_files().await.ok() };
        rows.push(Row { bytes: listed.bytes(), changed, listed });
    }
    let now = Clock::System.now();
    if json {
        let values: Vec<_> = rows.iter().map(Row::json).collect();
        print_json_lines(&values)?;
    } else if rows.is_empty() {
        eprintln!("no workspaces in {}", clean(&root.path().to_string_lossy()));
    } else {
        print(&table(&rows, now))?;
    }
    Ok(Exit::Done)
}

fn table(rows: &[Row], now: Time) -> String {
    let mut table = Table::new(["SESSION", "STATE", "REPOSITORY", "BRANCH", "CHANGED", "SIZE", "AGE"]);
    for Row { listed, bytes, changed } in rows {
        let record = &listed.record;
        table.row([
            Cell::text(record.owner.to_string()),
            Cell::text(listed.state.to_string()),
            Cell::text(record.repository.to_string_lossy()),
            Cell::text(&record.branch),
            Cell::number(changed.map_or_else(|| "?".to_owned(), |count| count.to_string())),
            Cell::number(size(*bytes)),
            Cell::number(age(record.made_at, now)),
        ]);
    }
    table.render()
}

/// `12 MiB`.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{}.{} GiB", bytes >> 30, ((bytes >> 20) & 1023) * 10 / 1024),
    }
}

fn age(since: Time, now: Time) -> String {
    let millis = now.unix_millis().saturating_sub(since.unix_millis());
    let seconds = u64::try_from(millis).unwrap_or_default() / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        _ => Span::from_secs(seconds / 60 * 60).to_string(),
    }
}

impl Row {
    fn json(&self) -> serde_json::Value {
        let record = &self.listed.record;
        json!({
            "session.id": record.owner.session,
            "part": record.owner.part,
            "state": self.listed.state.to_string(),
            "repository": record.repository.to_string_lossy(),
            "branch": record.branch,
            "path": self.listed.tree().to_string_lossy(),
            "changed_files": self.changed,
            "bytes": self.bytes,
            "made_at": moment(record.made_at),
            "ended_at": record.ended_at.map(moment),
            "kept": record.kept.as_ref().map(|kept| kept.commit.as_str()),
        })
    }
}
