//! Money by day as stacked bars: layout here, SVG in the template. Nothing of it needs a script.

use askama::Template;
use domain::Usd;

mod axis;

/// Amounts by day and series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The series, in any order.
    pub series: Vec<Series>,
    /// The days, oldest first, without gaps; the newest [`DAYS_MAX`] are drawn.
    pub days: Vec<Day>,
}

/// One colour of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its name; none means unattributed.
    pub name: Option<String>,
}

/// One bar of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `2026-11-22`.
    pub date: String,
    /// What it cost, one amount for each series, in their order.
    pub amounts: Vec<Usd>,
}

/// Days drawn at most: a quarter of a year, beyond which a bar would be thinner than 8 units.
const DAYS_MAX: usize = 92;
/// Series that have a colour of their own: more cannot be told apart. The rest becomes one.
const SERIES_MAX: usize = 7;
/// Labels below the bars at most: more would touch.
const LABELS_MAX: usize = 12;

const WIDTH: f64 = 1040.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// The widest bar: a single day should not be a wall.
const BAR_WIDTH_MAX: f64 = 56.0;

/// A chart with every coordinate worked out.
#[derive(Debug, Template)]
#[template(path = "chart.html")]
pub(super) struct Drawing {
    summary: String,
    lines: Vec<Line>,
    labels: Vec<Label>,
    bars: Vec<Bar>,
    legend: Vec<Entry>,
    days_left_out: usize,
}

#[derive(Debug)]
struct Line {
    y: String,
    text_y: String,
    text: String,
}

#[derive(Debug)]
struct Label {
    x: String,
    text: String,
}

#[derive(Debug)]
struct Bar {
    x: String,
    y: String,
    width: String,
    height: String,
    class: String,
    title: String,
}

#[derive(Debug)]
struct Entry {
    class: String,
    name: String,
    total: Usd,
}

/// A series with its colour and the places of its amounts.
struct Group {
    class: String,
    name: String,
    places: Vec<usize>,
}

/// Works out a drawing; none when there is nothing to see.
pub(super) fn draw(chart: &Chart) -> Option<Drawing> {
    let days_left_out = chart.days.len().saturating_sub(DAYS_MAX);
    let days = chart.days.get(days_left_out..)?;
    let (first, last) = (days.first()?, days.last()?);
    let sum_of = |day: &Day| day.amounts.iter().copied().sum::<Usd>();
    let dearest = days.iter().map(sum_of).max().filter(|&dearest| dearest > Usd::ZERO)?;
    let axis = axis::up_to(dearest);
    let groups = groups(&chart.series, days);
    let total: Usd = days.iter().map(sum_of).sum();
    Some(Drawing {
        summary: format!("Cost by day from {} to {}: {total} in all, at most {dearest} a day", first.date, last.date),
        lines: axis.ticks().map(|(amount, text)| line(height_of(amount, axis.top()), text)).collect(),
        labels: labels(days),
        bars: bars(days, &groups, axis.top()),
        legend: legend(days, &groups),
        days_left_out,
    })
}

/// The dearest series first, so that the same one has the same colour on every day; then the rest; then what nobody
/// is named for.
fn groups(series: &[Series], days: &[Day]) -> Vec<Group> {
    let total = |&place: &usize| days.iter().filter_map(|day| day.amounts.get(place)).copied().sum::<Usd>();
    let has_money = |place: &usize| total(place) > Usd::ZERO;
    let is_named = |&place: &usize| series.get(place).is_some_and(|one| one.name.is_some());
    let (mut named, unnamed): (Vec<usize>, Vec<usize>) = (0..series.len()).filter(has_money).partition(is_named);
    named.sort_by_key(|place| std::cmp::Reverse(total(place)));
    let rest = if named.len() > SERIES_MAX { named.split_off(SERIES_MAX - 1) } else { Vec::new() };
    let name = |place: usize| series.get(place).and_then(|one| one.name.clone()).unwrap_or_default();
    let mut groups: Vec<Group> = (0..)
        .zip(named)
        .map(|(colour, place): (usize, usize)| Group {
            class: format!("series-{colour}"),
            name: name(place),
            places: vec![place],
        })
        .collect();
    if !rest.is_empty() {
        groups.push(Group { class: "series-rest".into(), name: format!("{} others", rest.len()), places: rest });
    }
    if !unnamed.is_empty() {
        groups.push(Group { class: "series-none".into(), name: "unattributed".into(), places: unnamed });
    }
    groups
}

fn bars(days: &[Day], groups: &[Group], top: Usd) -> Vec<Bar> {
    let slot = slot(days);
    let width = (slot * 0.76).min(BAR_WIDTH_MAX);
    let mut bars = Vec::new();
    for (index, day) in days.iter().enumerate() {
        let x = centre(index, slot) - width / 2.0;
        let mut below = Usd::ZERO;
        for group in groups {
            let amount = group.amount(day);
            if amount <= Usd::ZERO {
                continue;
            }
            let (base, roof) = (height_of(below, top), height_of(below.plus(amount), top));
            below = below.plus(amount);
            bars.push(Bar {
                x: number(x),
                y: number(roof),
                width: number(width),
                height: number(base - roof),
                class: group.class.clone(),
                title: format!("{}, {}: {amount}", day.date, group.name),
            });
        }
    }
    bars
}

fn labels(days: &[Day]) -> Vec<Label> {
    let step = days.len().div_ceil(LABELS_MAX).max(1);
    let label = |(index, day): (usize, &Day)| Label {
        x: number(centre(index, slot(days))),
        text: day.date.get(5..).unwrap_or(&day.date).to_owned(),
    };
    days.iter().enumerate().step_by(step).map(label).collect()
}

fn legend(days: &[Day], groups: &[Group]) -> Vec<Entry> {
    let entry = |group: &Group| Entry {
        class: group.class.clone(),
        name: group.name.clone(),
        total: days.iter().map(|day| group.amount(day)).sum(),
    };
    groups.iter().map(entry).collect()
}

fn line(y: f64, text: String) -> Line {
    Line { y: number(y), text_y: number(y + 4.0), text }
}

/// Room for one day, in units of the drawing.
fn slot(days: &[Day]) -> f64 {
    (WIDTH - LEFT - RIGHT) / f64::from(u32::try_from(days.len().max(1)).unwrap_or(u32::MAX))
}

fn centre(index: usize, slot: f64) -> f64 {
    LEFT + slot * (f64::from(u32::try_from(index).unwrap_or(u32::MAX)) + 0.5)
}

/// The y of an amount: 0 lies at the bottom. Money is exact everywhere else; here it becomes a picture.
fn height_of(amount: Usd, top: Usd) -> f64 {
    let share = amount.nanos() as f64 / top.nanos().max(1) as f64;
    HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
}

/// One decimal: a tenth of a unit is below a pixel.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

// === impl Group ===

impl Group {
    fn amount(&self, day: &Day) -> Usd {
        self.places.iter().filter_map(|&place| day.amounts.get(place)).copied().sum()
    }
}

#[cfg(test)]
mod tests;
