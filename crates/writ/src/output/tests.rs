use jiff::tz::{Offset, TimeZone};

use super::{Cell, Table, clean, csv_line, local_time, money, span_between};

#[test]
fn tables_align_and_cut_nothing() {
    let mut table = Table::new(["NAME", "CALLS"]);
    table.row([Cell::text("a long name"), Cell::number(7)]);
    table.row([Cell::text("ü"), Cell::number(1234)]);
    insta::assert_snapshot!(table.render(), @r"
    NAME         CALLS
    a long name      7
    ü             1234
    ");
}

#[test]
fn csv_quotes_what_needs_it_and_defuses_formulas() {
    let line = csv_line(["plain", "a,b", "say \"x\"", "two\nlines", "=1+1", "-0.5", "", "@home"]);
    assert_eq!(line, "plain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",'=1+1,-0.5,,'@home\n");
}

#[test]
fn strangers_text_cannot_redraw_the_terminal() {
    assert_eq!(clean("a\u{1b}[2Jb\nc"), "a [2Jb c");
    assert_eq!(Cell::text("x\u{7}"), Cell::Text("x ".to_owned()));
}

#[test]
fn times_are_local_for_people() {
    let zone = TimeZone::fixed(Offset::constant(2));
    assert_eq!(local_time("2026-11-22T22:30:05.123Z", &zone), "2026-11-23 00:30");
    assert_eq!(local_time("soon", &zone), "soon");
}

#[test]
fn spans_between_times() {
    let span = |from, until| span_between(from, until).map(|span| span.to_string());
    assert_eq!(span("2026-11-22T10:00:00.000Z", "2026-11-22T10:01:01.500Z").as_deref(), Some("1m1s"));
    assert_eq!(span("2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00.250Z").as_deref(), Some("250ms"));
    assert_eq!(span("2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z"), None);
    assert_eq!(span("x", "y"), None);
}

#[test]
fn money_has_four_decimals() {
    assert_eq!(money(1_234_567_890), "$1.2346");
}
