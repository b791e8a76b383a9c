#![allow(clippy::unwrap_used)]

use super::{BookError, PriceBook, Region};
use crate::instant;

fn at(text: &str) -> domain::Time {
    instant::parse(text).unwrap()
}

fn book(models: &str) -> Result<PriceBook, BookError> {
    PriceBook::parse(&format!(
        r#"{{"models":[{models}],"per_use":{{"web_search":"0.01"}},
            "multipliers":{{"batch":"0.5","inference_geo_us":"1.1","bedrock_regional_or_geo_profile":"1.1"}}}}"#
    ))
}

fn row(model: &str, period: &str, input: &str, write_5m: &str, write_1h: &str, more: &str) -> String {
    format!(
        r#"{{"model":"{model}",{period},"input":"{input}","cache_write_5m":"{write_5m}","cache_write_1h":"{write_1h}",
            "cache_read":"0.1","output":"5"{more}}}"#
    )
}

const OPEN: &str = r#""from":"2026-01-01T00:00:00Z""#;

#[test]
fn builtin_book_parses() {
    let book = PriceBook::builtin();
    let now = at("2026-11-22T00:00:00Z");
    for model in
        ["claude-opus-5-5", "claude-fable-5-2", "claude-mythos-5", "claude-opus-4-5-20251101", "claude-haiku-3-5"]
    {
        assert!(!book.find(model, now).unpriced, "{model}");
    }
    assert_eq!(book.find("claude-opus-5-5", now).row.base.cache_read, 200_000_000);
    assert_eq!(book.version().len(), 12);
}

#[test]
fn rows_hold_from_inclusive_to_exclusive() {
    let book = PriceBook::builtin();
    let read = |text| book.find("claude-sonnet-5-5", at(text)).row.base.cache_read;
    assert_eq!(read("2026-10-06T23:59:59Z"), 200_000_000);
    assert_eq!(read("2026-10-07T00:00:00Z"), 100_000_000);
    assert!(book.find("claude-sonnet-5-5", at("2026-09-27T23:59:59Z")).unpriced);
    let fast = |text| book.find("claude-opus-4-8", at(text)).row.fast;
    assert_eq!((fast("2026-11-30T23:59:59Z"), fast("2026-12-01T00:00:00Z")), (Some(200), None));
}

#[test]
fn ids_of_platforms_are_found() {
    let book = PriceBook::builtin();
    let now = at("2026-11-22T00:00:00Z");
    let opus = book.find("claude-opus-5-5", now).row;
    for (id, region) in [
        ("claude-opus-5-5[1m]", Region::Global),
        ("global.anthropic.claude-opus-5-5", Region::Global),
        ("us.anthropic.claude-opus-5-5", Region::Regional),
        ("eu.anthropic.claude-opus-5-5-v1:0", Region::Regional),
        ("us-gov.anthropic.claude-opus-5-5", Region::Government),
        ("claude-opus-5-5@20260922", Region::Global),
        ("claude-opus-5-5-20260922", Region::Global),
    ] {
        let found = book.find(id, now);
        assert_eq!((found.row, found.region, found.unpriced), (opus, region, false), "{id}");
    }
}

#[test]
fn the_unknown_gets_the_dearest_of_every_rate() {
    let book = PriceBook::builtin();
    for id in ["", "gpt-9", "claude-opus-6"] {
        let found = book.find(id, at("2026-11-22T00:00:00Z"));
        assert!(found.unpriced, "{id}");
        assert_eq!(found.row.base.output, 75_000_000_000);
        assert_eq!(found.row.base.cache_read, 1_500_000_000);
    }
}

#[test]
fn bad_books_are_refused() {
    let good = row("m", OPEN, "1", "1.25", "2", "");
    assert!(book(&good).is_ok());
    let m = || "m".to_owned();
    let overlapping = format!("{good},{}", row("m", r#""from":"2026-06-01T00:00:00Z""#, "1", "1.25", "2", ""));
    assert_eq!(book(&overlapping).unwrap_err(), BookError::Overlap { model: m() });
    let adjacent = row("m", r#""from":"2025-06-01T00:00:00Z","to":"2026-01-01T00:00:00Z""#, "1", "1.25", "2", "");
    assert!(book(&format!("{good},{adjacent}")).is_ok());
    assert_eq!(book(&row("m", OPEN, "1", "1.2", "2", "")).unwrap_err(), BookError::Ratios { model: m() });
    assert_eq!(book(&row("m", OPEN, "1", "1.25", "0.2", "")).unwrap_err(), BookError::Ratios { model: m() });
    assert_eq!(
        book(&row("m", OPEN, "-1", "1.25", "2", "")).unwrap_err(),
        BookError::Number { what: m(), text: "-1".to_owned() }
    );
    let backwards = r#""from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z""#;
    assert_eq!(book(&row("m", backwards, "1", "1.25", "2", "")).unwrap_err(), BookError::EmptyPeriod { model: m() });
    let band = r#","long_prompt":{"over_prompt_tokens":10,"input":"0.4","cache_write_5m":"0.5","cache_write_1h":"0.8","cache_read":"0.04","output":"2"}"#;
    assert_eq!(book(&row("m", OPEN, "1", "1.25", "2", band)).unwrap_err(), BookError::BandCheaper { model: m() });
    let half_band = r#","long_prompt":{"over_prompt_tokens":10,"input":"4"}"#;
    assert!(matches!(book(&row("m", OPEN, "1", "1.25", "2", half_band)), Err(BookError::Malformed(_))));
    assert!(matches!(book(&row("m", OPEN, "1", "1.25", "2", r#","fast":"2""#)), Err(BookError::Malformed(_))));
    assert_eq!(book("").unwrap_err(), BookError::Missing("what any model costs"));
    assert!(matches!(PriceBook::parse("{}"), Err(BookError::Missing(_))));
}

#[test]
fn overrides_replace_a_model_and_change_the_version() {
    let base = PriceBook::builtin();
    let text = format!(
        r#"{{"models":[{}],"id_map":{{"house-model":"claude-opus-5-5"}}}}"#,
        row("claude-opus-5-5", OPEN, "1", "1.25", "2", "")
    );
    let changed = base.clone().with_overrides(&text).unwrap();
    let now = at("2026-11-22T00:00:00Z");
    assert_eq!(changed.find("claude-opus-5-5", now).row.base.input, 1_000_000_000);
    assert_eq!(changed.find("house-model", now).row.base.input, 1_000_000_000);
    assert_eq!(changed.find("claude-opus-5", now).row, base.find("claude-opus-5", now).row);
    assert_ne!(changed.version(), base.version());
    assert_eq!(base.clone().with_overrides("{}").unwrap().version(), base.version());
    assert_ne!(base.clone().with_multiplier("0.85", false).unwrap().version(), base.version());
    assert_eq!(
        base.clone().with_overrides(r#"{"per_use":{"web_serch":"1"}}"#).unwrap_err(),
        BookError::UnknownKey("web_serch".to_owned())
    );
}

#[test]
fn contracts_are_above_zero_and_at_most_one() {
    for text in ["0", "1.01", "-0.5", "85%", ""] {
        assert_eq!(PriceBook::builtin().with_multiplier(text, true), Err(BookError::Contract(text.to_owned())));
    }
    assert!(PriceBook::builtin().with_multiplier("1", true).is_ok());
}
