//! `/v1/cost`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use domain::{Span, Time};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use store::{CostRow, Dimension};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Query, SignedIn};
use super::problem::{self, Problem};
use crate::operations::cost::{CostSlice, DIMENSIONS, dimension_name, key_name, report};
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/cost", get(cost))
}

/// How to slice cost, and what of.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slice {
    /// One to three of developer, project, session, model, team, day; comma separated. Developer when absent.
    pub(crate) by: Option<String>,
    /// From when on: `7d`, `24h`, a date, or RFC 3339.
    pub(crate) since: Option<String>,
    /// Until when, likewise.
    pub(crate) until: Option<String>,
    /// Only this developer's, by id or sign-in name.
    pub(crate) developer: Option<String>,
    /// Only this project's, by id or name.
    pub(crate) project: Option<String>,
    /// Only this session's.
    pub(crate) session: Option<String>,
}

/// Cost, sliced.
#[derive(Serialize, ToSchema)]
pub(crate) struct Report {
    pub(crate) by: Vec<&'static str>,
    since: Option<String>,
    until: Option<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) total: Sums,
}

/// One slice.
#[derive(Serialize, ToSchema)]
pub(crate) struct Row {
    /// By dimension; null means unattributed.
    #[schema(value_type = std::collections::BTreeMap<String, Key>)]
    pub(crate) keys: BTreeMap<&'static str, Option<Key>>,
    #[serde(flatten)]
    pub(crate) sums: Sums,
}

/// What a slice is of.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    id: String,
    pub(crate) name: String,
}

/// Sums over the calls of a slice.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Sums {
    pub(crate) calls: i64,
    pub(crate) cost_usd_nanos: i64,
    pub(crate) list_usd_nanos: i64,
    /// Held by calls in flight.
    pub(crate) held_usd_nanos: i64,
    pub(crate) input_tokens: u64,
    pub(crate) cache_write_5m_tokens: u64,
    pub(crate) cache_write_1h_tokens: u64,
    pub(crate) cache_read_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) web_searches: u64,
    /// Calls whose cost is estimated or a bound.
    pub(crate) estimated_calls: i64,
    /// Calls of models that the price book does not know.
    pub(crate) unpriced_calls: i64,
}

/// Cost by any one to three dimensions, dearest first.
#[utoipa::path(get, path = "/v1/cost", tag = "cost", params(Slice),
    responses((status = 200, body = Report), (status = "4XX", body = Problem)))]
pub(super) async fn cost(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Query(slice): Query<Slice>,
) -> Result<Answer<Report>, Problem> {
    Ok(Answer(build(&shared.plane, signed_in, slice).await?))
}

/// The report behind both the API and the console.
pub(crate) async fn build(plane: &ControlPlane, signed_in: SignedIn, slice: Slice) -> Result<Report, Problem> {
    let now = plane.clock.now();
    let by = dimensions(slice.by.as_deref().unwrap_or("developer"))?;
    let since = slice.since.as_deref().map(|text| moment(text, now)).transpose()?;
    let until = slice.until.as_deref().map(|text| moment(text, now)).transpose()?;
    let session = slice.session.as_deref().map(str::parse).transpose();
    let session = session.map_err(|error| problem::unreadable(format!("`session`: {error}")))?;
    let (developer, project) = (slice.developer, slice.project);
    let asked = CostSlice { by: by.clone(), since, until, developer, project, session };
    let rows = report(plane, signed_in.asker(), asked).await?;
    let mut total = Sums::default();
    rows.iter().for_each(|row| total.add(row));
    Ok(Report {
        by: by.iter().map(|&dimension| dimension_name(dimension)).collect(),
        since: since.map(text::rfc3339),
        until: until.map(text::rfc3339),
        rows: rows.iter().map(|row| shape(plane, &by, row)).collect(),
        total,
    })
}

fn shape(plane: &ControlPlane, by: &[Dimension], row: &CostRow) -> Row {
    let keys = by.iter().zip(&row.keys).map(|(&dimension, key)| {
        let key = key.as_ref().map(|id| {
            let name = key_name(plane, dimension, id).unwrap_or_else(|| id.clone());
            Key { id: id.clone(), name }
        });
        (dimension_name(dimension), key)
    });
    let mut sums = Sums::default();
    sums.add(row);
    Row { keys: keys.collect(), sums }
}

impl Sums {
    fn add(&mut self, row: &CostRow) {
        self.calls += row.calls;
        self.cost_usd_nanos += row.cost.nanos();
        self.list_usd_nanos += row.list.nanos();
        self.held_usd_nanos += row.held.nanos();
        self.input_tokens += row.usage.input_tokens;
        self.cache_write_5m_tokens += row.usage.cache_write_5m_tokens;
        self.cache_write_1h_tokens += row.usage.cache_write_1h_tokens;
        self.cache_read_tokens += row.usage.cache_read_tokens;
        self.output_tokens += row.usage.output_tokens;
        self.web_searches += row.usage.web_searches;
        self.estimated_calls += row.estimated;
        self.unpriced_calls += row.unpriced;
    }
}

fn dimensions(text: &str) -> Result<Vec<Dimension>, Problem> {
    let mut found = Vec::new();
    for name in text.split(',').map(str::trim) {
        let dimension = DIMENSIONS.iter().find(|(_, known)| *known == name).map(|(dimension, _)| *dimension);
        let unknown = || {
            let name = name.escape_default();
            problem::unreadable(format!(
                "cannot slice by `{name}`: use developer, project, session, model, team or day"
            ))
        };
        let dimension = dimension.ok_or_else(unknown)?;
        if !found.contains(&dimension) {
            found.push(dimension);
        }
    }
    Ok(found)
}

/// `7d`, `24h`, `30m`, a date (its start in UTC) or RFC 3339.
pub(super) fn moment(text: &str, now: Time) -> Result<Time, Problem> {
    let unit = |suffix, seconds: u64| {
        let number = text.strip_suffix(suffix)?.parse::<u64>().ok()?;
        Some((now - Span::from_secs(number.saturating_mul(seconds))).max(Time::default()))
    };
    let relative = || unit('d', 86_400).or_else(|| unit('h', 3_600)).or_else(|| unit('m', 60));
    let date = || {
        let zoned = text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(Time::from_unix_millis(zoned.timestamp().as_millisecond()))
    };
    let exact = || text.parse::<Timestamp>().ok().map(|at| Time::from_unix_millis(at.as_millisecond()));
    let unreadable =
        || problem::unreadable(format!("`{}` is no time: use `7d`, `24h`, a date, or RFC 3339", text.escape_default()));
    relative().or_else(exact).or_else(date).ok_or_else(unreadable)
}
