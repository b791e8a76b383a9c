#![allow(clippy::unwrap_used)]

use domain::{Time, Usd};
use proptest::prelude::*;

use super::{affordable_max_tokens, prompt_tokens_bound, upper_bound};
use crate::billed::{Attempt, AttemptKind, BilledUsage};
use crate::book::PriceBook;
use crate::instant;
use crate::limits;
use crate::price::price;
use crate::request::{Advisor, RequestFacts};

const MODELS: [&str; 6] = [
    "claude-opus-5-5",
    "claude-haiku-5-5",
    "claude-opus-4-6",
    "claude-fable-5-2",
    "us.anthropic.claude-opus-5",
    "unheard-of",
];

fn now() -> Time {
    instant::parse("2026-11-22T00:00:00Z").unwrap()
}

fn facts(max_tokens: u64) -> RequestFacts {
    RequestFacts {
        model: "claude-opus-5-5".to_owned(),
        max_tokens: Some(max_tokens),
        max_tokens_span: Some(0..6),
        prompt_bytes: 60_000,
        ..RequestFacts::default()
    }
}

#[test]
fn a_known_request_has_a_known_bound() {
    // 30,000 + 1,024 prompt tokens at 8 $/M and 128,000 output tokens at 20 $/M, all times 1.1 for a silent workspace.
    let bound = upper_bound(&PriceBook::builtin(), now(), &facts(128_000));
    assert_eq!(bound, "3.0890112".parse().unwrap());
    let global = RequestFacts { inference_geo_global: true, ..facts(128_000) };
    assert_eq!(upper_bound(&PriceBook::builtin(), now(), &global), "2.808192".parse().unwrap());
}

#[test]
fn each_part_of_a_request_adds_to_the_bound() {
    let book = PriceBook::builtin();
    let base = RequestFacts { inference_geo_global: true, ..facts(1000) };
    let more = |facts: RequestFacts| upper_bound(&book, now(), &facts).minus(upper_bound(&book, now(), &base));
    // The prompt is 31,024 tokens; Opus 5.5 costs 4 / 8 (write 1h) / 20, Fable 5.2 costs 8 / 16 / 40 $/M.
    let prompt = 31_024_000;
    let loops = more(RequestFacts { server_tool_uses: 3, ..base.clone() });
    assert_eq!(loops, Usd::from_nanos(3 * prompt * 4));
    let searches = more(RequestFacts { web_search_max_uses: Some(3), ..base.clone() });
    assert_eq!(searches, Usd::from_nanos(30_000_000));
    let fallback_models = vec!["claude-haiku-5-5".to_owned(), "claude-fable-5-2".to_owned()];
    let fallback = more(RequestFacts { fallback_models, ..base.clone() });
    assert_eq!(fallback, Usd::from_nanos(prompt * 16 + 40_000_000), "the dearest one");
    let advisor = Advisor { model: "claude-fable-5-2".to_owned(), uses_max: 2, output_tokens_max: 500 };
    let advised = more(RequestFacts { advisors: vec![advisor], ..base.clone() });
    assert_eq!(advised, Usd::from_nanos(2 * (prompt * 16 + 20_000_000)));
    let fast = more(RequestFacts { fast: true, ..base.clone() });
    assert_eq!(fast, upper_bound(&book, now(), &base), "twice");
}

#[test]
fn an_opaque_source_may_fill_the_window() {
    let facts = RequestFacts { has_opaque_sources: true, ..facts(1) };
    assert_eq!(prompt_tokens_bound(&facts), limits::PROMPT_TOKENS_MAX);
}

#[test]
fn room_clamps_but_not_below_use() {
    let book = PriceBook::builtin();
    let afford = |facts: &RequestFacts, room: &str| affordable_max_tokens(&book, now(), facts, room.parse().unwrap());
    assert_eq!(afford(&facts(128_000), "3.0890112"), Some(128_000));
    assert_eq!(afford(&facts(128_000), "3.0890111"), Some(127_999));
    // 0.2730112 for the prompt and 4,096 × 22 µ$.
    assert_eq!(afford(&facts(128_000), "0.3631232"), Some(4_096));
    assert_eq!(afford(&facts(128_000), "0.3631231"), None);
    assert_eq!(afford(&facts(100), "0.2752112"), Some(100), "a small request needs only what it asks");
    assert_eq!(afford(&facts(100), "0.2752111"), None);
    let thinking = RequestFacts { thinking_budget_tokens: Some(50_000), ..facts(128_000) };
    assert_eq!(afford(&thinking, "1.3730332"), Some(50_001));
    assert_eq!(afford(&thinking, "1.3730331"), None);
    let fixed = RequestFacts { max_tokens_span: None, ..facts(128_000) };
    assert_eq!(afford(&fixed, "3"), None, "what does not stand in the body cannot be lowered");
}

/// A prompt split over the kinds of prompt tokens; later samplings write nothing they wrote before.
fn prompt(attempt: &mut Attempt, tokens: u64, parts: [u64; 3], is_first: bool) {
    let mut left = tokens;
    let mut part = |share: u64| {
        let part = left * share / 100;
        left -= part;
        part
    };
    if is_first {
        attempt.cache_write_5m = part(parts[0]);
        attempt.cache_write_1h = part(parts[1]);
    }
    attempt.cache_read = part(parts[2]);
    attempt.input = left;
}

#[derive(Debug, Clone)]
struct Scenario {
    facts: RequestFacts,
    billed: BilledUsage,
}

/// A request and a usage consistent with it.
fn scenario() -> impl Strategy<Value = Scenario> {
    let request = (
        0..MODELS.len(),
        proptest::option::of(0..MODELS.len()),
        1_u64..200_000,
        0_usize..500_000,
        0_u64..6,
        proptest::option::of((0..MODELS.len(), 0_u64..4, 0_u64..5_000)),
        any::<(bool, bool)>(),
    );
    let answer = (proptest::array::uniform3(0_u64..=100), 0_u64..=100, 0_u64..=100, any::<(bool, bool, bool)>());
    (request, answer).prop_map(|(request, (parts, size, written, (is_fast, is_us, switched)))| {
        let (model, fallback, max_tokens, prompt_bytes, searches, advisor, (fast, global)) = request;
        let facts = RequestFacts {
            model: MODELS[model].to_owned(),
            max_tokens: Some(max_tokens),
            prompt_bytes,
            fast,
            inference_geo_global: global,
            web_search_max_uses: Some(searches),
            server_tool_uses: searches + advisor.map_or(0, |(_, uses, _)| uses),
            fallback_models: fallback.map(|index| MODELS[index].to_owned()).into_iter().collect(),
            advisors: advisor
                .map(|(index, uses_max, output_tokens_max)| Advisor {
                    model: MODELS[index].to_owned(),
                    uses_max,
                    output_tokens_max,
                })
                .into_iter()
                .collect(),
            ..RequestFacts::default()
        };
        let tokens = prompt_tokens_bound(&facts) * size / 100;
        let output = max_tokens * written / 100;
        let mut attempts = Vec::new();
        let mut serve = |model: &str, kind| {
            for index in 0..facts.server_loops() {
                let output = if index == 0 { output } else { 0 };
                let mut attempt = Attempt { kind, model: model.to_owned(), output, ..Attempt::default() };
                prompt(&mut attempt, tokens, parts, index == 0);
                attempts.push(attempt);
            }
        };
        serve(&facts.model, AttemptKind::Message);
        if let (Some(model), true) = (facts.fallback_models.first(), switched) {
            serve(model, AttemptKind::Fallback);
        }
        for advisor in &facts.advisors {
            for _ in 0..advisor.uses_max {
                let (model, output) = (advisor.model.clone(), advisor.output_tokens_max);
                let mut attempt = Attempt { kind: AttemptKind::Advisor, model, output, ..Attempt::default() };
                prompt(&mut attempt, tokens, parts, true);
                attempts.push(attempt);
            }
        }
        let billed = BilledUsage {
            attempts,
            fast: is_fast && fast,
            geo_us: is_us && !global,
            web_searches: searches,
            ..BilledUsage::default()
        };
        Scenario { facts, billed }
    })
}

proptest! {
    #[test]
    fn no_consistent_usage_costs_more_than_the_bound(scenario in scenario(), contract in any::<bool>()) {
        let mut book = PriceBook::builtin();
        if contract {
            book = book.with_multiplier("0.83", true).unwrap();
        }
        let Scenario { facts, mut billed } = scenario;
        billed.region = book.region_of(&facts.model);
        let (cost, bound) = (price(&book, now(), &billed).cost, upper_bound(&book, now(), &facts));
        prop_assert!(cost <= bound, "{} > {}", cost, bound);
    }

    #[test]
    fn what_is_affordable_fits_and_one_more_does_not(max_tokens in 1_u64..200_000, room in 0_i64..6_000_000_000) {
        let book = PriceBook::builtin();
        let (facts, room) = (facts(max_tokens), Usd::from_nanos(room));
        let bound = |tokens| upper_bound(&book, now(), &RequestFacts { max_tokens: Some(tokens), ..facts.clone() });
        match affordable_max_tokens(&book, now(), &facts, room) {
            Some(tokens) => {
                prop_assert!(bound(tokens) <= room && tokens <= max_tokens);
                prop_assert!(tokens == max_tokens || bound(tokens + 1) > room);
                prop_assert!(tokens == max_tokens || tokens >= limits::CLAMP_OUTPUT_TOKENS_MIN);
            }
            None => prop_assert!(bound(max_tokens.min(limits::CLAMP_OUTPUT_TOKENS_MIN)) > room),
        }
    }
}
