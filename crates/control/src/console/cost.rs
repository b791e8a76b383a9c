//! What it cost, by developer, project, session, model, team or day.

use askama::Template;

use super::frame::{Frame, Place, Shell};
use super::{Chart, Link, chart};

/// What the cost page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostPage {
    /// Who looks.
    pub frame: Frame,
    /// What was asked.
    pub filter: CostFilter,
    /// The period in words: `2026-11-01 to 2026-11-22, UTC`.
    pub period: String,
    /// Money by day, if there is any.
    pub chart: Option<Chart>,
    /// One row for each key, dearest first; bounded by the handler.
    pub rows: Vec<CostRow>,
    /// The sum of all rows.
    pub total: Figures,
    /// Address of the same as CSV.
    pub csv: String,
    /// Address of the same as JSON.
    pub json: String,
}

/// What was asked: the values of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostFilter {
    /// The key: `developer`, `project`, `session`, `model`, `team` or `day`.
    pub by: String,
    /// First day, `2026-11-01`; empty for the default.
    pub since: String,
    /// Last day; empty for today.
    pub until: String,
    /// A project's name; empty for all.
    pub project: String,
    /// A developer's sign-in name; empty for all.
    pub developer: String,
    /// A session's id; empty for all.
    pub session: String,
    /// Names to choose a project from; bounded by the handler.
    pub projects: Vec<String>,
    /// Names to choose a developer from; empty for somebody who sees only their own.
    pub developers: Vec<String>,
}

/// One key and its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostRow {
    /// The key, with where it leads (empty: nowhere); none means unattributed.
    pub key: Option<Link>,
    /// Its figures.
    pub figures: Figures,
}

/// Figures, ready to show: money as `$1.2345`, counts made by [`super::count`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "figures.html")]
pub struct Figures {
    /// Calls.
    pub calls: String,
    /// What they cost.
    pub cost: String,
    /// What they would have cost at list price.
    pub list: String,
    /// What calls in flight hold.
    pub held: String,
    /// Input tokens that were not cached.
    pub input_tokens: String,
    /// Tokens written to the cache.
    pub cache_write_tokens: String,
    /// Tokens read from the cache.
    pub cache_read_tokens: String,
    /// Output tokens.
    pub output_tokens: String,
    /// Calls whose cost is estimated or a bound; empty for none.
    pub estimated_calls: String,
    /// Calls of a model that is not in the price book; empty for none.
    pub unpriced_calls: String,
}

#[derive(Template)]
#[template(path = "cost.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a CostPage,
    drawing: Option<chart::Drawing>,
}

/// The keys one can group by.
const KEYS: [&str; 6] = ["developer", "project", "session", "model", "team", "day"];

/// `GET /cost`.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn cost_page(view: &CostPage) -> Result<String, askama::Error> {
    let shell = Shell::new(Some(&view.frame), Place::Cost);
    Page { shell, view, drawing: view.chart.as_ref().and_then(chart::draw) }.render()
}
