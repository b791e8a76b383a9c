//! What a batch of entries does to the rows of calls: each call is written once, however much happened to it.

use std::collections::BTreeMap;

use domain::CallId;
use domain::call::{Reserved, Settled};

use super::push_usage;
use crate::bulk::Bulk;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{NewEntry, StoreError};

/// Calls reserved or settled in one batch.
#[derive(Default)]
pub(crate) struct CallChanges<'a> {
    calls: BTreeMap<CallId, Change<'a>>,
}

#[derive(Default)]
struct Change<'a> {
    reserved: Option<(&'a NewEntry, &'a Reserved)>,
    settled: Option<(&'a NewEntry, &'a Settled)>,
}

const RESERVED_COLUMNS: usize = 14;
const ALL_COLUMNS: usize = 31;

static INSERT_RESERVED: Bulk = Bulk::new(
    "INSERT INTO calls (id, session, developer, project, team, model, node, reserved_at, hold, client_session, agent,
        user_agent, request, reserved_position) VALUES",
    RESERVED_COLUMNS,
    "",
);

/// A call that was reserved earlier keeps what its reservation said. An upsert and not an update from a list, because
/// it finds its row by the key whatever the planner believes about the table's size.
static INSERT_SETTLED: Bulk = Bulk::new(
    "INSERT INTO calls (id, session, developer, project, team, model, node, reserved_at, hold, client_session, agent,
        user_agent, request, reserved_position, settled_at, settled_position, outcome, cost, list, quality, unpriced, model_served, status, upstream,
        upstream_request, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens,
        output_tokens, web_searches) VALUES",
    ALL_COLUMNS,
    "ON CONFLICT (id) DO UPDATE SET settled_at = excluded.settled_at,
        settled_position = excluded.settled_position, outcome = excluded.outcome,
        cost = excluded.cost, list = excluded.list, quality = excluded.quality, unpriced = excluded.unpriced,
        model_served = excluded.model_served, status = excluded.status, upstream = excluded.upstream,
        upstream_request = excluded.upstream_request, input_tokens = excluded.input_tokens,
        cache_write_5m_tokens = excluded.cache_write_5m_tokens,
        cache_write_1h_tokens = excluded.cache_write_1h_tokens, cache_read_tokens = excluded.cache_read_tokens,
        output_tokens = excluded.output_tokens, web_searches = excluded.web_searches",
);

impl<'a> CallChanges<'a> {
    pub(crate) fn reserve(&mut self, entry: &'a NewEntry, event: &'a Reserved) {
        self.calls.entry(event.call).or_default().reserved = Some((entry, event));
    }

    /// Returns whether this is the first settlement of the call in the batch: the only one that counts.
    pub(crate) fn settle(&mut self, entry: &'a NewEntry, event: &'a Settled) -> bool {
        let settled = &mut self.calls.entry(event.call).or_default().settled;
        let first = settled.is_none();
        if first {
            *settled = Some((entry, event));
        }
        first
    }

    pub(crate) async fn write(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let (mut reserved, mut settled) = (Vec::new(), Vec::new());
        for change in self.calls.values() {
            match (change.reserved, change.settled) {
                (Some((entry, event)), None) => push_reserved(&mut reserved, entry, event),
                (Some((entry, event)), Some((at, end))) => {
                    push_reserved(&mut settled, entry, event);
                    push_settlement(&mut settled, at, end);
                }
                (None, Some((at, end))) => {
                    push_reserved_earlier(&mut settled, end);
                    push_settlement(&mut settled, at, end);
                }
                (None, None) => {}
            }
        }
        transaction.insert(&INSERT_RESERVED, reserved).await?;
        transaction.insert(&INSERT_SETTLED, settled).await
    }
}

fn push_reserved(values: &mut Vec<Value>, entry: &NewEntry, event: &Reserved) {
    let claims = &event.claims;
    // The metadata is harder to forge than the header, so it wins where both speak.
    let client_session = claims.metadata_session.as_ref().or(claims.client_session.as_ref());
    values.extend([
        Value::text(event.call),
        Value::text(event.session),
        Value::text(event.dimensions.developer),
        Value::text_or_null(event.dimensions.project),
        Value::text_or_null(event.dimensions.team),
        Value::text(&event.dimensions.model),
        Value::text(event.node),
        entry.entry.time.into(),
        event.hold.into(),
        Value::text_or_null(client_session),
        Value::text_or_null(claims.agent.as_ref()),
        Value::text_or_null(claims.user_agent.as_ref()),
        Value::text_or_null(entry.entry.request),
        Value::count(entry.position),
    ]);
}

/// The row is there: these only fill the columns that may not be empty, and are not written.
fn push_reserved_earlier(values: &mut Vec<Value>, event: &Settled) {
    let nothing = Value::Text(None);
    let empty = Value::Text(Some(String::new()));
    values.extend([
        Value::text(event.call),
        empty.clone(),
        empty.clone(),
        nothing.clone(),
        nothing.clone(),
        empty.clone(),
        empty,
        event.reserved_at.into(),
        event.hold.into(),
        nothing.clone(),
        nothing.clone(),
        nothing.clone(),
        nothing,
        Value::from(-1),
    ]);
}

fn push_settlement(values: &mut Vec<Value>, entry: &NewEntry, event: &Settled) {
    let settlement = &event.settlement;
    values.extend([
        entry.entry.time.into(),
        Value::count(entry.position),
        Value::text(settlement.outcome.as_str()),
        settlement.cost.into(),
        settlement.list.into(),
        Value::text(settlement.quality.as_str()),
        settlement.unpriced.into(),
        Value::text_or_null(settlement.model.as_ref()),
        Value::Int(settlement.status.map(i64::from)),
        Value::text_or_null(settlement.upstream.as_ref()),
        Value::text_or_null(settlement.upstream_request.as_ref()),
    ]);
    push_usage(values, &settlement.usage);
}
