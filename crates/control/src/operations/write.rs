//! Writes: say what a session changed, or is about to; look at who changed what.

use std::collections::BTreeMap;

use domain::write::{Change, Record};
use domain::{Actor, Command, Event, Refusal, Resource, SessionId};
use store::{Attachment, Diff, WriteRow};

use super::{lock, project};
use crate::error::Error;
use crate::limits::WRITES_SHOWN_MAX;
use crate::plane::{Asker, ControlPlane};

/// What a session changed, or is about to.
#[derive(Debug, Clone)]
pub struct NewWrites {
    /// What, each with what changed in short.
    pub changes: Vec<(Change, Option<String>)>,
    /// What for.
    pub intent: Option<String>,
    /// Whether they are still to come.
    pub intended: bool,
}

/// What became of them.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// Where in the log they are, in their order; none of what is still to come.
    pub positions: Vec<u64>,
    /// What is frozen from now on because of them.
    pub frozen: Vec<Resource>,
}

/// Records changes of the asking session; of those that are still to come, only looks whether they may be made.
///
/// # Errors
/// The asker is no live session, there are too many, or what is still to come would change what is frozen: perhaps from now
/// on, because it undoes what another session did.
pub async fn record(plane: &ControlPlane, asker: Asker, new: NewWrites) -> Result<Recorded, Error> {
    let Actor::Session(session) = asker.by else { return Err(Error::for_sessions("only a session records changes")) };
    let attachments = if new.intended { Vec::new() } else { diffs(plane, session, &new.changes) };
    let changes: Vec<Change> = new.changes.into_iter().map(|(change, _)| change).collect();
    let resources: Vec<Resource> = changes.iter().map(|change| change.resource.clone()).collect();
    let record = Record { session, changes, intent: new.intent, intended: new.intended };
    let command = Command::RecordWrite(Box::new(record));
    let receipt = plane.propose_with(asker, command, attachments).await?;
    if new.intended {
        plane.view.read(|state| {
            let frozen = resources.iter().find_map(|resource| state.frozen_at(resource));
            frozen.map_or(Ok(()), |(resource, _)| Err(Refusal::ResourceFrozen(resource.clone())))
        })?;
    }
    let mut recorded = Recorded::default();
    for (position, event) in (receipt.position..).zip(&receipt.events) {
        match event {
            Event::ResourceWritten(_) => recorded.positions.push(position),
            Event::ResourceFrozen(frozen) => recorded.frozen.push(frozen.resource.clone()),
            _ => {}
        }
    }
    Ok(recorded)
}

fn diffs(plane: &ControlPlane, session: SessionId, changes: &[(Change, Option<String>)]) -> Vec<Attachment> {
    let at = plane.clock.now();
    let diff = |(change, text): &(Change, Option<String>)| {
        let (resource, after) = (change.resource.clone(), change.after);
        Some(Attachment::Diff(Diff { session, resource, after, at, text: text.clone()? }))
    };
    changes.iter().filter_map(diff).collect()
}

/// The last changes of a resource, the newest first. What changed is shown to those who work on the same project only, and to
/// those who may see the session.
///
/// # Errors
/// The asker's session is over, or the store is away.
pub async fn list(plane: &ControlPlane, asker: Asker, resource: &Resource) -> Result<Vec<WriteRow>, Error> {
    lock::check_may_look(plane, asker)?;
    let mut rows = plane.store.writes_of(resource, WRITES_SHOWN_MAX).await?;
    let mut may_read: BTreeMap<SessionId, bool> = BTreeMap::new();
    for row in &mut rows {
        if row.diff.is_none() {
            continue;
        }
        let may = match may_read.get(&row.session) {
            Some(may) => *may,
            None => may_read_text(plane, asker, row.session).await?,
        };
        may_read.insert(row.session, may);
        row.diff = row.diff.take().filter(|_| may);
    }
    Ok(rows)
}

async fn may_read_text(plane: &ControlPlane, asker: Asker, writer: SessionId) -> Result<bool, Error> {
    if asker.by == Actor::Session(writer) {
        return Ok(true);
    }
    let Some(session) = plane.store.session(writer).await? else { return Ok(false) };
    let action = policy::ReadSession { developer: session.developer };
    let may_see = plane.view.read(|state| policy::authorize(state, asker.by, action).is_ok());
    Ok(may_see || session.project.is_some_and(|id| project::works_on(plane, asker, id)))
}
