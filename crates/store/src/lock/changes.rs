//! What a batch of entries does to the rows of locks: each ticket is written once, however much happened to it. The rows
//! come out the same wherever one batch ends and the next begins.

use std::collections::BTreeMap;

use domain::lock::{Granted, Holder, How, Over, Priority, Queued, Wants};
use domain::{Event, TicketId, Time};

use crate::bulk::Bulk;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{NewEntry, StoreError};

/// Tickets that a batch moves.
#[derive(Default)]
pub(crate) struct LockChanges<'a> {
    tickets: BTreeMap<TicketId, Change<'a>>,
    /// By resource as text, and by holder as text: the newest ticket and its token.
    holders: BTreeMap<(String, String), (TicketId, u64)>,
}

#[derive(Default)]
struct Change<'a> {
    asked: Option<Asked<'a>>,
    /// When, and the token.
    granted: Option<(Time, u64)>,
    over: Option<(Time, &'a How)>,
    holder: Option<Holder>,
}

/// What a ticket's row says from the start.
struct Asked<'a> {
    wants: &'a Wants,
    priority: Priority,
    intent: Option<&'a String>,
    at: Time,
    /// Whether it begins here: it was granted at once, or put into the queue.
    is_new: bool,
}

const COLUMNS: usize = 10;
const INTO: &str = "INSERT INTO locks (ticket, holder, wants, priority, intent, asked_at, granted_at, token, over_at,
    over_how) VALUES";

/// A ticket that was put into the queue in this batch: nothing is known of it from before.
static BEGUN: Bulk = Bulk::new(
    INTO,
    COLUMNS,
    "ON CONFLICT (ticket) DO UPDATE SET holder = excluded.holder, wants = excluded.wants, priority = excluded.priority,
        intent = excluded.intent, asked_at = excluded.asked_at, granted_at = excluded.granted_at,
        token = excluded.token, over_at = excluded.over_at, over_how = excluded.over_how",
);

/// One that was granted in this batch: it may have waited since an earlier one.
static GRANTED: Bulk = Bulk::new(
    INTO,
    COLUMNS,
    "ON CONFLICT (ticket) DO UPDATE SET holder = excluded.holder, wants = excluded.wants, priority = excluded.priority,
        intent = excluded.intent, granted_at = excluded.granted_at, token = excluded.token, over_at = excluded.over_at,
        over_how = excluded.over_how",
);

/// One that is over, and about which this batch says nothing else.
static OVER: Bulk = Bulk::new(
    INTO,
    COLUMNS,
    "ON CONFLICT (ticket) DO UPDATE SET over_at = excluded.over_at, over_how = excluded.over_how",
);

static HOLDERS: Bulk = Bulk::new(
    "INSERT INTO lock_holders (resource, holder, ticket, token) VALUES",
    4,
    "ON CONFLICT (resource, holder) DO UPDATE SET ticket = excluded.ticket, token = excluded.token",
);

impl<'a> LockChanges<'a> {
    /// Notes what an entry says about a lock, if it does.
    pub(crate) fn note(&mut self, new: &'a NewEntry) {
        match &new.entry.event {
            Event::LockQueued(event) => self.queued(new, event),
            Event::LockGranted(event) => self.granted(new, event),
            Event::LockOver(event) => self.over(new, event),
            _ => {}
        }
    }

    fn queued(&mut self, new: &'a NewEntry, event: &'a Queued) {
        let Queued { ticket, holder, wants, priority, intent } = event;
        let asked = Asked { wants, priority: *priority, intent: intent.as_ref(), at: new.entry.time, is_new: true };
        self.tickets.insert(*ticket, Change { asked: Some(asked), granted: None, over: None, holder: Some(*holder) });
    }

    fn granted(&mut self, new: &'a NewEntry, event: &'a Granted) {
        let Granted { ticket, holder, wants, priority, intent } = event;
        let change = self.tickets.entry(*ticket).or_default();
        let is_new = change.asked.as_ref().is_some_and(|asked| asked.is_new);
        let at = change.asked.as_ref().map_or(new.entry.time, |asked| asked.at);
        change.asked = Some(Asked { wants, priority: *priority, intent: intent.as_ref(), at, is_new });
        (change.granted, change.over) = (Some((new.entry.time, new.position)), None);
        change.holder = Some(*holder);
        for want in wants {
            self.holders.insert((want.resource.to_string(), holder.to_string()), (*ticket, new.position));
        }
    }

    fn over(&mut self, new: &'a NewEntry, event: &'a Over) {
        let change = self.tickets.entry(event.ticket).or_default();
        change.over = Some((new.entry.time, &event.how));
        change.holder = Some(event.holder);
    }

    pub(crate) async fn write(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let (mut begun, mut granted, mut over) = (Vec::new(), Vec::new(), Vec::new());
        for (ticket, change) in &self.tickets {
            let rows = match &change.asked {
                Some(asked) if asked.is_new => &mut begun,
                Some(_) => &mut granted,
                None => &mut over,
            };
            push(rows, *ticket, change)?;
        }
        transaction.insert(&BEGUN, begun).await?;
        transaction.insert(&GRANTED, granted).await?;
        transaction.insert(&OVER, over).await?;
        let mut holders = Vec::with_capacity(self.holders.len() * 4);
        for ((resource, holder), (ticket, token)) in self.holders {
            holders.extend([
                Value::Text(Some(resource)),
                Value::Text(Some(holder)),
                Value::text(ticket),
                Value::count(token),
            ]);
        }
        transaction.insert(&HOLDERS, holders).await
    }
}

/// Of a ticket that is only over, the row is there: what else is given here only fills columns that may not be empty, and is
/// not written.
fn push(values: &mut Vec<Value>, ticket: TicketId, change: &Change<'_>) -> Result<(), StoreError> {
    let asked = change.asked.as_ref();
    let (over_at, over_how) = change.over.unzip();
    values.extend([
        Value::text(ticket),
        Value::text_or_null(change.holder),
        asked.map_or_else(|| Ok(Value::text("[]")), |asked| Value::json(asked.wants))?,
        Value::text(asked.map_or(Priority::Normal, |asked| asked.priority).as_str()),
        Value::text_or_null(asked.and_then(|asked| asked.intent)),
        asked.map_or(Value::from(0), |asked| asked.at.into()),
        Value::Int(change.granted.map(|(at, _)| at.unix_millis())),
        change.granted.map_or(Value::Int(None), |(_, token)| Value::count(token)),
        Value::Int(over_at.map(Time::unix_millis)),
        over_how.map_or(Ok(Value::Text(None)), Value::json)?,
    ]);
    Ok(())
}
