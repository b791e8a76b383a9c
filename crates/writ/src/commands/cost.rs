//! `writ cost`.

use serde::Deserialize;
use serde_json::Value;

use crate::api::{CostRow, read};
use crate::cli::{Cost, Dimension};
use crate::client::escape;
use crate::command_error::{CommandError, Exit};
use crate::credentials::Home;
use crate::output::{Cell, Table, csv_line, money, print, print_json_lines};

/// Figures of a row after its keys, as named in the API.
const FIGURES: [&str; 12] = [
    "calls",
    "cost_usd",
    "list_usd",
    "held_usd",
    "input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "web_searches",
    "estimated_calls",
    "unpriced_calls",
];

#[derive(Deserialize)]
struct Answer {
    rows: Vec<Value>,
    #[serde(default)]
    total: CostRow,
}

/// Shows what calls cost.
pub(super) async fn cost(arguments: Cost) -> Result<Exit, CommandError> {
    let by = dimensions(&arguments.by);
    let answer: Answer = Home::find()?.client(None)?.get(&query(&arguments, &by)).await?;
    if arguments.json {
        print_json_lines(&answer.rows)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<CostRow> = answer.rows.into_iter().map(read).collect::<Result<_, _>>()?;
    print(&if arguments.csv { csv(&by, &rows) } else { table(&by, &rows, &answer.total) })?;
    Ok(Exit::Done)
}

/// Each once, in the order asked for.
fn dimensions(by: &[Dimension]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for name in by.iter().map(|one| one.as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn query(arguments: &Cost, by: &[&str]) -> String {
    let mut query = format!("/v1/cost?by={}&since={}", by.join(","), escape(&arguments.since));
    if let Some(until) = &arguments.until {
        query.push_str(&format!("&until={}", escape(until)));
    }
    query
}

/// How a key is shown: its name where it has one, `unattributed` where there is none.
fn key(row: &CostRow, dimension: &str) -> String {
    let value = row.keys.get(dimension).unwrap_or(&Value::Null);
    let named = ["login", "name", "id"].iter().find_map(|field| value.get(field).and_then(Value::as_str));
    named.or_else(|| value.as_str()).unwrap_or("unattributed").to_owned()
}

fn table(by: &[&str], rows: &[CostRow], total: &CostRow) -> String {
    let header = by.iter().map(|name| name.to_uppercase());
    let figures = ["CALLS", "COST", "INPUT", "CACHE WRITE", "CACHE READ", "OUTPUT"].map(str::to_owned);
    let mut table = Table::new(header.chain(figures));
    for row in rows {
        let keys = by.iter().map(|dimension| Cell::text(key(row, dimension)));
        table.row(keys.chain(figures_of(row)));
    }
    let labels = (0..by.len()).map(|index| Cell::text(if index == 0 { "total" } else { "" }));
    table.row(labels.chain(figures_of(total)));
    format!("{}{}", table.render(), notes(total))
}

fn figures_of(row: &CostRow) -> [Cell; 6] {
    [
        Cell::number(row.calls),
        Cell::number(money(row.cost_usd_nanos)),
        Cell::number(row.input_tokens),
        Cell::number(row.cache_write_5m_tokens + row.cache_write_1h_tokens),
        Cell::number(row.cache_read_tokens),
        Cell::number(row.output_tokens),
    ]
}

/// What a reader must know before trusting the sum.
fn notes(total: &CostRow) -> String {
    let mut notes = String::new();
    if total.held_usd_nanos > 0 {
        notes.push_str(&format!("{} more is held by calls in flight\n", money(total.held_usd_nanos)));
    }
    if total.estimated_calls > 0 {
        notes.push_str(&format!("{} of {} calls are estimated\n", total.estimated_calls, total.calls));
    }
    if total.unpriced_calls > 0 {
        notes
            .push_str(&format!("{} calls used a model without a price: priced at the dearest\n", total.unpriced_calls));
    }
    notes
}

fn csv(by: &[&str], rows: &[CostRow]) -> String {
    let mut text = csv_line(by.iter().copied().chain(FIGURES));
    for row in rows {
        let keys = by.iter().map(|dimension| key(row, dimension));
        text.push_str(&csv_line(keys.chain(csv_figures(row))));
    }
    text
}

fn csv_figures(row: &CostRow) -> [String; 12] {
    [
        row.calls.to_string(),
        dollars(row.cost_usd_nanos),
        dollars(row.list_usd_nanos),
        dollars(row.held_usd_nanos),
        row.input_tokens.to_string(),
        row.cache_write_5m_tokens.to_string(),
        row.cache_write_1h_tokens.to_string(),
        row.cache_read_tokens.to_string(),
        row.output_tokens.to_string(),
        row.web_searches.to_string(),
        row.estimated_calls.to_string(),
        row.unpriced_calls.to_string(),
    ]
}

/// Exact dollars for a spreadsheet: nine decimals, no sign of currency.
fn dollars(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    format!("{sign}{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

#[cfg(test)]
mod tests;
