//! Running sums of calls: per session, and per hour, developer, project, team and model.

use std::collections::BTreeMap;

use domain::call::{Dimensions, Quality, Reserved, Settled};
use domain::{DeveloperId, ProjectId, SessionId, TeamId, Time, Usage, Usd};
use ledger::Entry;

use crate::StoreError;
use crate::bulk::Bulk;
use crate::call::push_usage;
use crate::transaction::Transaction;
use crate::value::Value;

/// What a batch of entries adds to the sums. Ordered maps: rows are met in the same order by every node.
#[derive(Default)]
pub(crate) struct SumChanges<'a> {
    sessions: BTreeMap<SessionId, Sum>,
    hours: BTreeMap<HourKey<'a>, Sum>,
}

/// A row of the hourly sums.
type HourKey<'a> = (Time, DeveloperId, Option<ProjectId>, Option<TeamId>, &'a str);

#[derive(Default)]
struct Sum {
    calls: i64,
    cost: Usd,
    list: Usd,
    held: Usd,
    estimated: i64,
    unpriced: i64,
    usage: Usage,
}

/// The statement that adds a batch's sums to those stored, for a table with some key columns.
macro_rules! add_sums {
    ($table:literal, $key:literal, $columns:literal) => {
        Bulk::new(
            concat!(
                "INSERT INTO ", $table, " (", $key, ", calls, cost, list, held, estimated, unpriced, input_tokens,
                cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens, output_tokens, web_searches) VALUES"
            ),
            $columns + 12,
            concat!(
                "ON CONFLICT (", $key, ") DO UPDATE SET
                calls = ", $table, ".calls + excluded.calls,
                cost = ", $table, ".cost + excluded.cost,
                list = ", $table, ".list + excluded.list,
                held = ", $table, ".held + excluded.held,
                estimated = ", $table, ".estimated + excluded.estimated,
                unpriced = ", $table, ".unpriced + excluded.unpriced,
                input_tokens = ", $table, ".input_tokens + excluded.input_tokens,
                cache_write_5m_tokens = ", $table, ".cache_write_5m_tokens + excluded.cache_write_5m_tokens,
                cache_write_1h_tokens = ", $table, ".cache_write_1h_tokens + excluded.cache_write_1h_tokens,
                cache_read_tokens = ", $table, ".cache_read_tokens + excluded.cache_read_tokens,
                output_tokens = ", $table, ".output_tokens + excluded.output_tokens,
                web_searches = ", $table, ".web_searches + excluded.web_searches"
            ),
        )
    };
}

static ADD_TO_SESSIONS: Bulk = add_sums!("session_cost", "session", 1);
static ADD_TO_HOURS: Bulk = add_sums!("cost_hourly", "hour, developer, project, team, model", 5);

impl<'a> SumChanges<'a> {
    /// A call counts, and holds money, from its reservation on.
    pub(crate) fn reserve(&mut self, entry: &Entry, event: &'a Reserved) {
        self.each(event.session, entry.time, &event.dimensions, |sum| {
            sum.calls += 1;
            sum.held = sum.held.plus(event.hold);
        });
    }

    pub(crate) fn settle(&mut self, event: &'a Settled) {
        let settlement = &event.settlement;
        self.each(event.session, event.reserved_at, &event.dimensions, |sum| {
            sum.held = sum.held.minus(event.hold);
            sum.cost = sum.cost.plus(settlement.cost);
            sum.list = sum.list.plus(settlement.list);
            sum.estimated += i64::from(settlement.quality != Quality::Exact);
            sum.unpriced += i64::from(settlement.unpriced);
            add_usage(&mut sum.usage, &settlement.usage);
        });
    }

    fn each(&mut self, session: SessionId, at: Time, of: &'a Dimensions, change: impl Fn(&mut Sum)) {
        let key = (at.hour(), of.developer, of.project, of.team, of.model.as_str());
        change(self.sessions.entry(session).or_default());
        change(self.hours.entry(key).or_default());
    }

    pub(crate) async fn write(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let mut values = Vec::new();
        for (session, sum) in &self.sessions {
            values.push(Value::text(session));
            sum.push(&mut values);
        }
        transaction.insert(&ADD_TO_SESSIONS, values).await?;
        let mut values = Vec::new();
        for ((hour, developer, project, team, model), sum) in &self.hours {
            values.extend([(*hour).into(), Value::text(developer), text_or_empty(project), text_or_empty(team)]);
            values.push(Value::text(model));
            sum.push(&mut values);
        }
        transaction.insert(&ADD_TO_HOURS, values).await
    }
}

impl Sum {
    fn push(&self, values: &mut Vec<Value>) {
        let counts = (self.calls, self.estimated, self.unpriced);
        values.extend([counts.0.into(), self.cost.into(), self.list.into(), self.held.into()]);
        values.extend([counts.1.into(), counts.2.into()]);
        push_usage(values, &self.usage);
    }
}

/// No project and no team are part of the key too, which takes no NULL.
fn text_or_empty(id: &Option<impl ToString>) -> Value {
    Value::Text(Some(id.as_ref().map(ToString::to_string).unwrap_or_default()))
}

fn add_usage(sum: &mut Usage, usage: &Usage) {
    let add = |sum: &mut u64, count: u64| *sum = sum.saturating_add(count);
    add(&mut sum.input_tokens, usage.input_tokens);
    add(&mut sum.cache_write_5m_tokens, usage.cache_write_5m_tokens);
    add(&mut sum.cache_write_1h_tokens, usage.cache_write_1h_tokens);
    add(&mut sum.cache_read_tokens, usage.cache_read_tokens);
    add(&mut sum.output_tokens, usage.output_tokens);
    add(&mut sum.web_searches, usage.web_searches);
}
