//! Tickets, fencing tokens and resources.

use domain::lock::{Holder, Phase};
use domain::{ArtifactKind, Event, Resource, TicketId};

use super::{Finds, Found};
use crate::error::Error;
use crate::limits::WHO_ROWS_READ_MAX;
use crate::operations::who::Kind;
use crate::plane::ControlPlane;

/// A ticket: who asked.
pub(super) async fn by_ticket(plane: &ControlPlane, ticket: TicketId, finds: &mut Finds) -> Result<(), Error> {
    finds.note([Kind::Ticket], vec![ticket.to_string()], "all tickets that ever waited or held, by id");
    let row = plane.store.lock(ticket).await?;
    finds.found.extend(row.map(|row| found(Kind::Ticket, ticket.to_string(), row.holder, row.token)));
    Ok(())
}

/// `lock:1234`: a fencing token is the position of the entry that grants.
pub(super) async fn by_token(plane: &ControlPlane, token: u64, finds: &mut Finds) -> Result<(), Error> {
    let (kind, name) = (Kind::Artifact(ArtifactKind::LockToken), format!("lock:{token}"));
    finds.note([kind], vec![name.clone()], "the entry at that position");
    let entry = plane.store.entry(token).await?.and_then(|stored| ledger::decode(&stored.bytes).ok());
    if let Some(Event::LockGranted(granted)) = entry.map(|entry| entry.event) {
        finds.found.push(found(kind, name, granted.holder, Some(token)));
    }
    Ok(())
}

/// A resource: who holds it, or something in it, or what contains it; else who held or changed it last.
pub(super) async fn by_resource(plane: &ControlPlane, resource: &Resource, finds: &mut Finds) -> Result<(), Error> {
    let name = resource.to_string();
    finds.note([Kind::Resource], vec![name.clone()], "who holds it now, and who held or changed it last");
    let now = holders_now(plane, resource);
    if !now.is_empty() {
        finds.found.extend(now);
        return Ok(());
    }
    let held = plane.store.holders_of(resource, 1).await?.into_iter().map(|by| (by.token, by.holder));
    let wrote = plane.store.writes_of(resource, 1).await?.into_iter();
    let wrote = wrote.map(|row| (row.position, Holder::Session(row.session)));
    let last = held.chain(wrote).max_by_key(|(position, _)| *position);
    finds.found.extend(last.map(|(position, holder)| found(Kind::Resource, name, holder, Some(position))));
    Ok(())
}

fn holders_now(plane: &ControlPlane, resource: &Resource) -> Vec<Found> {
    plane.view.read(|state| {
        let ids = state.locks.at(resource, WHO_ROWS_READ_MAX).into_iter();
        let held = ids.filter_map(|id| state.locks.tickets.get(&id)).filter_map(|ticket| match ticket.phase {
            Phase::Held { token, .. } => {
                let want = ticket.wants.iter().find(|want| want.resource.overlaps(resource))?;
                Some(found(Kind::Resource, want.resource.to_string(), ticket.holder, Some(token)))
            }
            _ => None,
        });
        held.collect()
    })
}

fn found(kind: Kind, value: String, holder: Holder, position: Option<u64>) -> Found {
    let developer = match holder {
        Holder::Developer(developer) => Some(developer),
        Holder::Session(_) => None,
    };
    Found { kind, value, session: holder.session(), developer, position }
}
