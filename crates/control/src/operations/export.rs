//! Exports: where they stand, what they gave up on, and the log's entries in their shapes.

use domain::Time;
use store::{DeadRow, ExportRow};

use crate::error::Error;
use crate::export::{Line, lines_of};
use crate::limits::EVENTS_PAGE_MAX;
use crate::plane::{Asker, ControlPlane};
use crate::settings::ExportSettings;

/// An export as this process knows it.
#[derive(Debug, Clone)]
pub struct ExportState {
    /// Its name.
    pub name: String,
    /// How it is configured here; none when it is configured no more.
    pub settings: Option<ExportSettings>,
    /// How far it came; none when it has not begun.
    pub row: Option<ExportRow>,
    /// Entries of the log that it has not passed yet.
    pub lag: u64,
}

/// Which entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventsQuery {
    /// Only those after this position.
    pub after: Option<u64>,
    /// Only those decided at this time or later.
    pub since: Option<Time>,
    /// How many at most.
    pub limit: u32,
}

/// All exports, those of the configuration first.
///
/// # Errors
/// When the asker may not read the log, or the store is away.
pub async fn list(plane: &ControlPlane, asker: Asker) -> Result<Vec<ExportState>, Error> {
    may_read(plane, asker)?;
    let mut rows = plane.store.exports().await?;
    let next = plane.view.next();
    let mut states = Vec::new();
    for settings in &plane.exports {
        let found = rows.iter().position(|row| row.name == settings.name);
        let row = found.map(|index| rows.remove(index));
        states.push(ExportState { name: settings.name.clone(), settings: Some(settings.clone()), row, lag: 0 });
    }
    states.extend(rows.into_iter().map(|row| ExportState {
        name: row.name.clone(),
        settings: None,
        row: Some(row),
        lag: 0,
    }));
    for state in &mut states {
        let begins = if state.settings.as_ref().is_some_and(|settings| settings.from_now) { next } else { 0 };
        state.lag = next.saturating_sub(state.row.as_ref().map_or(begins, |row| row.next));
    }
    Ok(states)
}

/// Entries that an export gave up on, from a position on.
///
/// # Errors
/// When the asker may not read the log, there is no such export, or the store is away.
pub async fn dead(
    plane: &ControlPlane,
    asker: Asker,
    name: &str,
    from: u64,
    limit: u32,
) -> Result<Vec<DeadRow>, Error> {
    may_read(plane, asker)?;
    find(plane, name).await?;
    Ok(plane.store.export_dead(name, from, limit as usize).await?)
}

/// Has entries that an export gave up on tried once more: these, or all. The node that delivers finds them by itself.
/// Returns how many there are.
///
/// # Errors
/// When the asker is no administrator, there is no such export or entry, or the store is away.
pub async fn retry(plane: &ControlPlane, asker: Asker, name: &str, positions: Option<&[u64]>) -> Result<u64, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageExports).map(drop))?;
    find(plane, name).await?;
    let Some(positions) = positions else { return Ok(plane.store.export_retry(name, None).await?) };
    let mut marked = 0;
    for &position in positions {
        let found = plane.store.export_retry(name, Some(position)).await?;
        if found == 0 {
            return Err(Error::not_found("dead entry of this export at position", position));
        }
        marked += found;
    }
    Ok(marked)
}

/// Entries of the log in order, to be shown in the shapes of the exports.
///
/// # Errors
/// When the asker may not read the log, the store is away, or an entry is not one that this writ reads.
pub async fn events(plane: &ControlPlane, asker: Asker, query: EventsQuery) -> Result<Vec<Line>, Error> {
    may_read(plane, asker)?;
    let mut after = query.after;
    if let Some(since) = query.since {
        after = after.max(first_since(plane, since).await?.checked_sub(1));
    }
    let stored = plane.store.entries(after, query.limit.min(EVENTS_PAGE_MAX) as usize).await?;
    let lines = lines_of(plane, stored).await?.into_iter().collect::<Result<_, _>>();
    lines.map_err(|error| Error::Unavailable(error.to_string()))
}

/// The position of the first entry decided at a time or later. Time never runs backwards inside the log, so it is
/// found by halving.
async fn first_since(plane: &ControlPlane, since: Time) -> Result<u64, Error> {
    let (mut low, mut high) = (0, plane.view.next());
    while low < high {
        let middle = low + (high - low) / 2;
        let stored = plane.store.entry(middle).await?;
        let at = stored.and_then(|stored| ledger::decode(&stored.bytes).ok()).map(|entry| entry.time);
        // What cannot be read is for the caller to meet.
        if at.is_some_and(|at| at < since) { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}

fn may_read(plane: &ControlPlane, asker: Asker) -> Result<(), Error> {
    Ok(plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadLog).map(drop))?)
}

/// Configured here, or begun once and not configured any more.
async fn find(plane: &ControlPlane, name: &str) -> Result<(), Error> {
    let is_configured = plane.exports.iter().any(|export| export.name == name);
    if is_configured || plane.store.exports().await?.iter().any(|row| row.name == name) {
        return Ok(());
    }
    Err(Error::not_found("export", name))
}
