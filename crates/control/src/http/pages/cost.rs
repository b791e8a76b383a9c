//! `/cost`, `/cost.csv`, `/cost.json`.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::{Span, Time, Usd};
use http::Uri;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::{Failed, frame, html, money, to_sign_in};
use crate::console::{Chart, CostFilter, CostPage, CostRow, Day, Figures, Link, Series, cost_page, count};
use crate::http::cost::{Key, Report, Slice, Sums, build};
use crate::http::extract::{Query, SignedIn, Visitor};
use crate::http::problem::{self, Problem};
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::text;

/// Days shown when nobody says.
const DAYS_DEFAULT: u64 = 30;
/// Days drawn at most.
const DAYS_MAX: u64 = 92;

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    visitor: Visitor,
    Query(asked): Query<Slice>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    match view(&shared.plane, signed_in, asked).await {
        Ok(view) => html(cost_page(&view)),
        Err(problem) => Failed::new(&shared, visitor, problem).into_response(),
    }
}

pub(super) async fn csv(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    visitor: Visitor,
    Query(asked): Query<Slice>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    match build(&shared.plane, signed_in, exact(&shared.plane, &asked)).await {
        Ok(report) => {
            let headers =
                [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"cost.csv\"")];
            (headers, as_csv(&report)).into_response()
        }
        Err(problem) => Failed::new(&shared, visitor, problem).into_response(),
    }
}

pub(super) async fn json(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    visitor: Visitor,
    Query(asked): Query<Slice>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    match build(&shared.plane, signed_in, exact(&shared.plane, &asked)).await {
        Ok(report) => Answer(report).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn view(plane: &ControlPlane, signed_in: SignedIn, asked: Slice) -> Result<CostPage, Problem> {
    let slice = exact(plane, &asked);
    let by = slice.by.clone().unwrap_or_default();
    if by.contains(',') {
        return Err(problem::unreadable("this page slices by one key; the exports and `/v1/cost` take up to three"));
    }
    let (since, until) = (day(slice.since.as_deref()), last_day(plane, &asked));
    let (csv, json) = (address("/cost.csv", &slice), address("/cost.json", &slice));
    let chart = chart(plane, signed_in, &slice, &since, &until).await?;
    let report = build(plane, signed_in, slice).await?;
    Ok(CostPage {
        frame: frame(plane, signed_in),
        filter: filter(plane, signed_in, &by, &since, &asked),
        period: format!("{since} to {until}, UTC"),
        chart,
        rows: report.rows.iter().map(|row| line(&by, row.keys.get(by.as_str()), &row.sums)).collect(),
        total: figures(&report.total),
        csv,
        json,
    })
}

/// The question with its defaults filled in and its last day included.
fn exact(plane: &ControlPlane, asked: &Slice) -> Slice {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let default_since = || date_of(plane.clock.now() - Span::from_secs((DAYS_DEFAULT - 1) * 86_400));
    let until = given(&asked.until).map(|day| match day.parse::<jiff::civil::Date>() {
        Ok(date) => date.tomorrow().map_or(day, |next| next.to_string()),
        Err(_) => day,
    });
    Slice {
        by: Some(given(&asked.by).unwrap_or_else(|| "developer".to_owned())),
        since: Some(given(&asked.since).unwrap_or_else(default_since)),
        until,
        developer: given(&asked.developer),
        project: given(&asked.project),
        session: given(&asked.session),
    }
}

fn day(text: Option<&str>) -> String {
    text.map(|text| text.get(..10).unwrap_or(text).to_owned()).unwrap_or_default()
}

fn last_day(plane: &ControlPlane, asked: &Slice) -> String {
    asked.until.clone().filter(|day| !day.is_empty()).unwrap_or_else(|| date_of(plane.clock.now()))
}

fn date_of(at: Time) -> String {
    day(Some(&text::rfc3339(at)))
}

fn filter(plane: &ControlPlane, signed_in: SignedIn, by: &str, since: &str, asked: &Slice) -> CostFilter {
    let everything = policy::ReadCost { of: None };
    let (projects, sees_all, ids) = plane.view.read(|state| {
        let projects = state.projects.values().take(500).map(|project| project.name.to_string()).collect();
        let sees_all = policy::authorize(state, signed_in.asker().by, everything).is_ok();
        (projects, sees_all, state.developers.keys().take(500).copied().collect::<Vec<_>>())
    });
    let developers = if sees_all { ids.into_iter().map(|id| plane.people.login(id)).collect() } else { Vec::new() };
    CostFilter {
        by: by.to_owned(),
        since: since.to_owned(),
        until: asked.until.clone().unwrap_or_default(),
        project: asked.project.clone().unwrap_or_default(),
        developer: asked.developer.clone().unwrap_or_default(),
        session: asked.session.clone().unwrap_or_default(),
        projects,
        developers,
    }
}

/// Money by day, split by the same key; by project where the key is the day itself. A session's own calls have no days.
async fn chart(
    plane: &ControlPlane,
    signed_in: SignedIn,
    slice: &Slice,
    since: &str,
    until: &str,
) -> Result<Option<Chart>, Problem> {
    let by = match slice.by.as_deref() {
        Some("day" | "session") => "project",
        Some(by) => by,
        None => "developer",
    };
    let (Ok(first), Ok(last)) = (since.parse::<jiff::civil::Date>(), until.parse::<jiff::civil::Date>()) else {
        return Ok(None);
    };
    let dates: Vec<String> = first
        .series(jiff::Span::new().days(1))
        .take_while(|date| *date <= last)
        .take(DAYS_MAX as usize * 4)
        .map(|date| date.to_string())
        .collect();
    let question = Slice {
        by: Some(format!("{by},day")),
        since: slice.since.clone(),
        until: slice.until.clone(),
        developer: slice.developer.clone(),
        project: slice.project.clone(),
        session: slice.session.clone(),
    };
    let report = build(plane, signed_in, question).await?;
    let name = |row: &crate::http::cost::Row| row.keys.get(by).and_then(|key| key.as_ref().map(|key| key.name.clone()));
    let mut names: Vec<Option<String>> = report.rows.iter().map(name).collect();
    names.sort();
    names.dedup();
    let mut days: Vec<Day> =
        dates.into_iter().map(|date| Day { date, amounts: vec![Usd::ZERO; names.len()] }).collect();
    for row in &report.rows {
        let date = row.keys.get("day").and_then(|key| key.as_ref().map(|key| key.name.clone()));
        let place = names.binary_search(&name(row));
        if let (Some(day), Ok(place)) = (days.iter_mut().find(|day| Some(&day.date) == date.as_ref()), place) {
            day.amounts[place] = day.amounts[place].plus(Usd::from_nanos(row.sums.cost_usd_nanos));
        }
    }
    Ok(Some(Chart { series: names.into_iter().map(|name| Series { name }).collect(), days }))
}

fn line(by: &str, key: Option<&Option<Key>>, sums: &Sums) -> CostRow {
    let key = key.and_then(Option::as_ref).map(|key| {
        let href = match by {
            "session" => format!("/sessions/{}", key.name),
            "developer" | "project" => format!("/sessions?{by}={}", key.name),
            _ => String::new(),
        };
        Link::new(key.name.clone(), href)
    });
    CostRow { key, figures: figures(sums) }
}

fn figures(sums: &Sums) -> Figures {
    let some = |number: i64| if number == 0 { String::new() } else { count(number.unsigned_abs()) };
    Figures {
        calls: count(sums.calls.unsigned_abs()),
        cost: money(sums.cost_usd_nanos),
        list: money(sums.list_usd_nanos),
        held: money(sums.held_usd_nanos),
        input_tokens: count(sums.input_tokens),
        cache_write_tokens: count(sums.cache_write_5m_tokens + sums.cache_write_1h_tokens),
        cache_read_tokens: count(sums.cache_read_tokens),
        output_tokens: count(sums.output_tokens),
        estimated_calls: some(sums.estimated_calls),
        unpriced_calls: some(sums.unpriced_calls),
    }
}

/// The address of the same question in another form. Every part was parsed before, so plain characters suffice.
fn address(path: &str, slice: &Slice) -> String {
    let parts = [
        ("by", &slice.by),
        ("since", &slice.since),
        ("until", &slice.until),
        ("developer", &slice.developer),
        ("project", &slice.project),
        ("session", &slice.session),
    ];
    let given = parts.into_iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    let query: Vec<String> = given
        .map(|(name, value)| {
            let value: String = value
                .bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                    other => format!("%{other:02X}"),
                })
                .collect();
            format!("{name}={value}")
        })
        .collect();
    format!("{path}?{}", query.join("&"))
}

/// RFC 4180: keys first, then the figures; an empty key is unattributed.
fn as_csv(report: &Report) -> String {
    let mut text = report.by.join(",");
    text.push_str(",calls,cost_usd_nanos,list_usd_nanos,held_usd_nanos,input_tokens,cache_write_5m_tokens,");
    text.push_str(
        "cache_write_1h_tokens,cache_read_tokens,output_tokens,web_searches,estimated_calls,unpriced_calls\r\n",
    );
    for row in &report.rows {
        for by in &report.by {
            let name = row.keys.get(by).and_then(Option::as_ref).map_or("", |key| key.name.as_str());
            text.push_str(&quoted(name));
            text.push(',');
        }
        let sums = &row.sums;
        let figures = [
            sums.calls.to_string(),
            sums.cost_usd_nanos.to_string(),
            sums.list_usd_nanos.to_string(),
            sums.held_usd_nanos.to_string(),
            sums.input_tokens.to_string(),
            sums.cache_write_5m_tokens.to_string(),
            sums.cache_write_1h_tokens.to_string(),
            sums.cache_read_tokens.to_string(),
            sums.output_tokens.to_string(),
            sums.web_searches.to_string(),
            sums.estimated_calls.to_string(),
            sums.unpriced_calls.to_string(),
        ];
        text.push_str(&figures.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Quoted when needed; a leading formula sign is disarmed, because spreadsheets run what they open.
fn quoted(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
