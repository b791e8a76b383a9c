//! What was spent, sliced: by developer, project, session, model, team or day.

use domain::{DeveloperId, ProjectId, SessionId, Span, Time, Usage, Usd};

use crate::call::{of_session, read_usage};
use crate::conn::composed;
use crate::limits::COST_DIMENSIONS_MAX;
use crate::row::Row;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

/// What costs are sliced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The human; keys are ids.
    Developer,
    /// What the work was for; keys are ids, none is unattributed.
    Project,
    /// The session; keys are ids.
    Session,
    /// The model asked for.
    Model,
    /// The team; keys are ids, none is unattributed.
    Team,
    /// The UTC day of the reservation; keys are `2026-11-22`.
    Day,
}

/// What to sum, and how to slice it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostQuery {
    /// The slices; those beyond [`COST_DIMENSIONS_MAX`] are left out, and none gives one row with the total.
    pub by: Vec<Dimension>,
    /// Calls reserved from the hour that holds this moment on.
    pub since: Option<Time>,
    /// Calls reserved before the end of the hour that holds the moment before this one.
    pub until: Option<Time>,
    /// Only of this human.
    pub developer: Option<DeveloperId>,
    /// Only for this project.
    pub project: Option<ProjectId>,
    /// Only of this session and its sub-agents.
    pub session: Option<SessionId>,
    /// At most this many rows.
    pub limit: u32,
}

/// One slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostRow {
    /// One per slice asked for; none means unattributed.
    pub keys: Vec<Option<String>>,
    /// Calls, open ones included.
    pub calls: i64,
    /// What they cost by contract.
    pub cost: Usd,
    /// What they cost by list price.
    pub list: Usd,
    /// What the open ones hold.
    pub held: Usd,
    /// What they used.
    pub usage: Usage,
    /// Calls whose cost is not exactly known.
    pub estimated: i64,
    /// Calls of models that the price book does not have.
    pub unpriced: i64,
}

/// Where the sums come from: the smallest table that knows all that is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Sums by hour; knows no sessions.
    Hours,
    /// Sums by session; knows no time and no model.
    Sessions,
    /// The calls themselves.
    Calls,
}

/// A sum over a whole table, in the order of [`CostRow::read`].
const SUMS: [&str; 12] = [
    "calls",
    "cost",
    "list",
    "held",
    "estimated",
    "unpriced",
    "input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "web_searches",
];

impl Store {
    /// Costs by slices, dearest first. Time is cut at whole hours (UTC), whatever the slices, so that every view of
    /// the same span sums to the same.
    ///
    /// # Errors
    /// The database failed.
    pub async fn cost(&self, query: &CostQuery) -> Result<Vec<CostRow>, StoreError> {
        let by = query.by.get(..COST_DIMENSIONS_MAX).unwrap_or(&query.by);
        let source = Source::of(query, by);
        let mut values = vec![limit(query.limit as usize)];
        let mut sql = "SELECT ".to_owned();
        by.iter().for_each(|dimension| sql.push_str(&format!("{} AS {}, ", source.key(*dimension), dimension.alias())));
        let sums = SUMS.map(|sum| format!("CAST(COALESCE(SUM({}), 0) AS BIGINT) AS sum_{sum}", source.sum(sum)));
        sql.push_str(&sums.join(", "));
        sql.push_str(&format!(" FROM {} WHERE 1 = 1", source.table()));
        for (condition, value) in source.conditions(query) {
            values.push(value);
            sql.push_str(&format!(" AND {condition} ${}", values.len()));
        }
        if let Some(session) = query.session {
            values.push(Value::text(session));
            let column = if source == Source::Sessions { "sessions.id" } else { "session" };
            sql.push_str(&format!(" AND {}", of_session(column, values.len())));
        }
        let keys: Vec<_> = by.iter().map(|dimension| source.key(*dimension)).collect();
        if !keys.is_empty() {
            sql.push_str(&format!(" GROUP BY {}", keys.join(", ")));
        }
        let order: Vec<_> = std::iter::once("sum_cost DESC").chain(by.iter().map(|by| by.alias())).collect();
        sql.push_str(&format!(" ORDER BY {} LIMIT $1", order.join(", ")));
        let rows = self.fetch(composed(sql), values).await?;
        rows.iter().map(|row| CostRow::read(row, by)).collect()
    }
}

impl Source {
    fn of(query: &CostQuery, by: &[Dimension]) -> Self {
        let sessions = by.contains(&Dimension::Session) || query.session.is_some();
        let timed = by.contains(&Dimension::Day) || query.since.is_some() || query.until.is_some();
        match sessions {
            false => Self::Hours,
            true if timed || by.contains(&Dimension::Model) => Self::Calls,
            true => Self::Sessions,
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Hours => "cost_hourly",
            Self::Sessions => "session_cost JOIN sessions ON sessions.id = session_cost.session",
            Self::Calls => "calls",
        }
    }

    /// The expression of a slice; '' where there is none.
    const fn key(self, dimension: Dimension) -> &'static str {
        match (dimension, self) {
            (Dimension::Developer, _) => "developer",
            (Dimension::Project, _) => "COALESCE(project, '')",
            (Dimension::Team, _) => "COALESCE(team, '')",
            (Dimension::Session, Self::Sessions) => "sessions.id",
            (Dimension::Session, _) => "session",
            (Dimension::Model, _) => "model",
            (Dimension::Day, Self::Calls) => "reserved_at / 86400000",
            (Dimension::Day, _) => "hour / 86400000",
        }
    }

    fn sum(self, sum: &'static str) -> &'static str {
        match (self, sum) {
            (Self::Calls, "calls") => "1",
            (Self::Calls, "held") => "CASE WHEN settled_at IS NULL THEN hold ELSE 0 END",
            (Self::Calls, "estimated") => "CASE WHEN quality <> 'exact' THEN 1 ELSE 0 END",
            _ => sum,
        }
    }

    fn conditions(self, query: &CostQuery) -> Vec<(&'static str, Value)> {
        let from = if self == Self::Hours { "hour >=" } else { "reserved_at >=" };
        let before = if self == Self::Hours { "hour <" } else { "reserved_at <" };
        let conditions = [
            (from, query.since.map(|since| since.hour().into())),
            (before, query.until.map(|until| end_of_hour(until).into())),
            ("developer =", query.developer.map(Value::text)),
            ("project =", query.project.map(Value::text)),
        ];
        conditions.into_iter().filter_map(|(text, value)| value.map(|value| (text, value))).collect()
    }
}

impl Dimension {
    /// The name of its column in the answer: distinct from every column of the tables.
    const fn alias(self) -> &'static str {
        match self {
            Self::Developer => "by_developer",
            Self::Project => "by_project",
            Self::Session => "by_session",
            Self::Model => "by_model",
            Self::Team => "by_team",
            Self::Day => "by_day",
        }
    }
}

impl CostRow {
    fn read(row: &Row, by: &[Dimension]) -> Result<Self, StoreError> {
        let key = |(column, dimension): (usize, &Dimension)| match dimension {
            Dimension::Day => row.int(column).map(|days| Some(date(days))),
            _ => row.text(column).map(|key| Some(key).filter(|key| !key.is_empty())),
        };
        let first = by.len();
        Ok(Self {
            keys: by.iter().enumerate().map(key).collect::<Result<_, _>>()?,
            calls: row.int(first)?,
            cost: row.usd(first + 1)?,
            list: row.usd(first + 2)?,
            held: row.usd(first + 3)?,
            estimated: row.int(first + 4)?,
            unpriced: row.int(first + 5)?,
            usage: read_usage(row, first + 6)?,
        })
    }
}

/// The start of the hour, or of the next one if it has begun.
fn end_of_hour(time: Time) -> Time {
    let hour = time.hour();
    if hour == time { hour } else { hour + Span::from_secs(3600) }
}

/// The Gregorian date of a day counted from 1970-01-01: `2026-11-22`. Four centuries have 146,097 days; years are
/// counted from March, so that the leap day comes last.
fn date(days: i64) -> String {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
