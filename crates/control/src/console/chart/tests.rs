#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

fn usd(cents: i64) -> Usd {
    Usd::from_nanos(cents * 10_000_000)
}

fn chart(names: &[Option<&str>], days: &[&[i64]]) -> Chart {
    let series = names.iter().map(|name| Series { name: name.map(str::to_owned) }).collect();
    let day = |(index, cents): (usize, &&[i64])| Day {
        date: format!("2026-{:02}-{:02}", 1 + index / 28, 1 + index % 28),
        amounts: cents.iter().copied().map(usd).collect(),
    };
    Chart { series, days: days.iter().enumerate().map(day).collect() }
}

fn axis_labels(nanos: i64) -> Vec<String> {
    axis::up_to(Usd::from_nanos(nanos)).ticks().map(|(_, text)| text).collect()
}

#[test]
fn axes_are_round_and_reach_the_top() {
    assert_eq!(axis_labels(37_000_000_000), ["$0", "$10", "$20", "$30", "$40"]);
    assert_eq!(axis_labels(40_000_000_000), ["$0", "$10", "$20", "$30", "$40"]);
    assert_eq!(axis_labels(7_100_000_000), ["$0", "$2", "$4", "$6", "$8"]);
    assert_eq!(axis_labels(1_300_000_000), ["$0.00", "$0.50", "$1.00", "$1.50"]);
    assert_eq!(axis_labels(4_000_000), ["$0.000", "$0.001", "$0.002", "$0.003", "$0.004"]);
    assert_eq!(axis_labels(1), ["$0.000000000", "$0.000000001"]);
    assert_eq!(axis_labels(12_345_000_000_000), ["$0", "$5,000", "$10,000", "$15,000"]);
}

#[test]
fn every_amount_has_an_axis_above_it() {
    for nanos in (0..63).map(|power| (1_i64 << power) - 1).chain([i64::MAX]) {
        let axis = axis::up_to(Usd::from_nanos(nanos));
        assert!(axis.top() >= Usd::from_nanos(nanos), "{nanos}");
        assert!((2..=6).contains(&axis.ticks().count()), "{nanos}");
    }
}

#[test]
fn nothing_to_see_is_no_chart() {
    assert!(draw(&chart(&[], &[])).is_none());
    assert!(draw(&chart(&[Some("ada")], &[&[0], &[0]])).is_none());
}

#[test]
fn bars_stack_without_gap_and_stay_inside() {
    let drawing = draw(&chart(&[Some("ada"), None, Some("ben")], &[&[100, 50, 250], &[0, 0, 400]])).unwrap();
    let value = |text: &str| text.parse::<f64>().unwrap();
    let stack: Vec<_> = drawing.bars.iter().map(|bar| (bar.class.as_str(), bar.title.as_str())).collect();
    assert_eq!(
        stack,
        [
            ("series-0", "2026-01-01, ben: $2.5000"),
            ("series-1", "2026-01-01, ada: $1.0000"),
            ("series-none", "2026-01-01, unattributed: $0.5000"),
            ("series-0", "2026-01-02, ben: $4.0000"),
        ]
    );
    assert_eq!(value(&drawing.bars[1].y) + value(&drawing.bars[1].height), value(&drawing.bars[0].y));
    for bar in &drawing.bars {
        assert!(value(&bar.x) >= LEFT && value(&bar.x) + value(&bar.width) <= WIDTH - RIGHT);
        assert!(value(&bar.y) >= TOP && value(&bar.y) + value(&bar.height) <= HEIGHT - BOTTOM);
    }
    assert_eq!(value(&drawing.bars[3].y), TOP, "four dollars are the top of a four-dollar axis");
}

#[test]
fn too_many_series_become_one_and_no_money_is_lost() {
    let names: Vec<String> = (0..20).map(|number| format!("dev{number}")).collect();
    let names: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).chain([None]).collect();
    let cents: Vec<i64> = (1..=21).collect();
    let drawing = draw(&chart(&names, &[&cents])).unwrap();
    let legend: Vec<_> = drawing.legend.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(legend, ["dev19", "dev18", "dev17", "dev16", "dev15", "dev14", "14 others", "unattributed"]);
    assert_eq!(drawing.legend.iter().map(|entry| entry.total).sum::<Usd>(), usd(21 * 22 / 2));
}

#[test]
fn too_many_days_keep_the_newest_and_say_so() {
    let days = vec![[100_i64].as_slice(); 100];
    let drawing = draw(&chart(&[Some("ada")], &days)).unwrap();
    assert_eq!((drawing.bars.len(), drawing.days_left_out), (DAYS_MAX, 100 - DAYS_MAX));
    assert!(drawing.labels.len() <= LABELS_MAX);
    assert!(drawing.bars.last().unwrap().title.starts_with("2026-04-16"));
}
