//! Tickets as a table.

use crate::output::{Cell, Table, time};
use crate::ticket::Ticket;

/// A line for each resource.
pub(super) fn table(tickets: &[Ticket]) -> String {
    let mut table = Table::new(["RESOURCE", "MODE", "STATE", "WHO", "PROJECT", "SINCE", "TOKEN", "TICKET", "FOR"]);
    for one in tickets {
        let state = match one.position {
            0 => one.state.clone(),
            ahead => format!("{} ({ahead} ahead)", one.state),
        };
        for want in &one.wants {
            table.row([
                Cell::text(&want.resource),
                Cell::text(&want.mode),
                Cell::text(&state),
                Cell::text(one.holder.name()),
                Cell::text(one.holder.project.as_deref().unwrap_or_default()),
                Cell::text(time(&one.since)),
                Cell::text(one.token.map(|token| token.to_string()).unwrap_or_default()),
                Cell::text(&one.ticket),
                Cell::text(one.intent.as_deref().unwrap_or_default()),
            ]);
        }
    }
    table.render()
}
