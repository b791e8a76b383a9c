#![allow(clippy::unwrap_used)]

use domain::{Time, Usd};
use proptest::prelude::*;

use super::price;
use crate::billed::{Attempt, BilledUsage};
use crate::book::PriceBook;
use crate::instant;

fn now() -> Time {
    instant::parse("2026-11-22T00:00:00Z").unwrap()
}

fn one(attempt: Attempt) -> BilledUsage {
    BilledUsage { attempts: vec![attempt], ..BilledUsage::default() }
}

fn haiku_read(tokens: u64) -> BilledUsage {
    let attempt = Attempt { model: "claude-haiku-5-5".to_owned(), cache_read: tokens, ..Attempt::default() };
    BilledUsage { geo_us: true, batch: true, ..one(attempt) }
}

#[test]
fn the_smallest_amount_is_rounded_once_per_call() {
    let book = PriceBook::builtin();
    let cost = |billed: &BilledUsage| price(&book, now(), billed).cost.nanos();
    assert_eq!(cost(&haiku_read(1)), 6, "5.5 goes up");
    let twice = BilledUsage { attempts: [haiku_read(1).attempts, haiku_read(1).attempts].concat(), ..haiku_read(1) };
    assert_eq!(cost(&twice), 11, "two attempts of 5.5 are 11, not 12");
}

#[test]
fn the_contract_applies_after_list_and_to_fees_only_if_it_says_so() {
    let attempt = Attempt { model: "claude-opus-5-5".to_owned(), input: 1_000_000, ..Attempt::default() };
    let billed = BilledUsage { web_searches: 100, ..one(attempt) };
    let priced = |fees| price(&PriceBook::builtin().with_multiplier("0.85", fees).unwrap(), now(), &billed);
    assert_eq!(priced(false).list, "5".parse().unwrap());
    assert_eq!(priced(false).cost, "4.4".parse().unwrap());
    assert_eq!(priced(true).cost, "4.25".parse().unwrap());
    let book = PriceBook::builtin().with_multiplier("0.85", true).unwrap();
    assert_eq!(price(&book, now(), &haiku_read(1)).cost.nanos(), 5, "4.675 goes up");
}

#[test]
fn lying_counts_are_held_at_the_largest_amount() {
    let attempt = Attempt { model: "x".to_owned(), input: u64::MAX, output: u64::MAX, ..Attempt::default() };
    let billed =
        BilledUsage { attempts: vec![attempt; 64], fast: true, web_searches: u64::MAX, ..BilledUsage::default() };
    let priced = price(&PriceBook::builtin(), now(), &billed);
    assert_eq!(priced.cost, Usd::from_nanos(domain::limits::ENTRY_USD_NANOS_MAX));
    assert_eq!(priced.list, priced.cost);
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let model = prop_oneof![Just("claude-opus-5-5"), Just("claude-haiku-5-5"), Just("claude-sonnet-5-5"), Just("new")];
    let count = || 0_u64..200_000;
    (model, count(), count(), count(), count(), count()).prop_map(|(model, input, short, long, read, output)| Attempt {
        model: model.to_owned(),
        input,
        cache_write_5m: short,
        cache_write_1h: long,
        cache_read: read,
        output,
        ..Attempt::default()
    })
}

proptest! {
    #[test]
    fn one_more_token_never_costs_less(attempt in attempt(), which in 0..5, fast in any::<bool>()) {
        let book = PriceBook::builtin();
        let before = BilledUsage { fast, ..one(attempt.clone()) };
        let mut more = attempt;
        *match which {
            0 => &mut more.input,
            1 => &mut more.cache_write_5m,
            2 => &mut more.cache_write_1h,
            3 => &mut more.cache_read,
            _ => &mut more.output,
        } += 1;
        let after = BilledUsage { fast, ..one(more) };
        prop_assert!(price(&book, now(), &before).cost <= price(&book, now(), &after).cost);
    }

    #[test]
    fn cost_is_list_times_the_contract_within_half_a_nano(attempts in proptest::collection::vec(attempt(), 1..4)) {
        let billed = BilledUsage { attempts, geo_us: true, ..BilledUsage::default() };
        let book = PriceBook::builtin().with_multiplier("0.85", false).unwrap();
        let priced = price(&book, now(), &billed);
        let distance = priced.cost.nanos() * 100 - priced.list.nanos() * 85;
        prop_assert!(distance.abs() <= 93, "{} and {}", priced.cost, priced.list);
    }
}
