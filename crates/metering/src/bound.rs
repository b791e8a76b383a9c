//! The most a request can cost: what is held before it is forwarded.
//!
//! The law, tested as a property: for every usage that is consistent with the request, its price is at most the bound.
//! The same function prices both. Consistent means: each prompt is at most [`prompt_tokens_bound`]; serving attempts
//! of the first model write at most `max_tokens` together; at most one fallback is billed besides; tools stay inside
//! their `max_uses` and `max_tokens`, or the caps of [`limits`] where they name none; fast mode and a regional
//! endpoint only if the request asks for them; `inference_geo: us` unless the request says `global`.
//!
//! A server-side tool loop samples several times and sends the prompt again each time. The bound counts
//! [`RequestFacts::server_loops`] samplings: the first at the dearest write rate, each further one at the uncached rate,
//! since what was written a moment ago is read, not written again. Tool results fed back are not counted apart: bytes
//! per token are taken at about half of what text really has.

use domain::{Time, Usd};

use crate::billed::{Attempt, AttemptKind, BilledUsage};
use crate::book::PriceBook;
use crate::limits;
use crate::price::price;
use crate::request::RequestFacts;

/// The most prompt tokens one attempt of this request can have.
pub fn prompt_tokens_bound(facts: &RequestFacts) -> u64 {
    if facts.has_opaque_sources {
        return limits::PROMPT_TOKENS_MAX;
    }
    let text = (facts.prompt_bytes as u64).div_ceil(limits::BYTES_PER_TOKEN_MIN);
    let added = limits::PROMPT_TOKENS_ADDED
        .saturating_add(facts.typed_tools.saturating_mul(limits::TYPED_TOOL_TOKENS))
        .saturating_add(facts.images.saturating_mul(limits::IMAGE_TOKENS));
    text.saturating_add(added).min(limits::PROMPT_TOKENS_MAX)
}

/// The most this request can cost, by contract: the amount to hold.
pub fn upper_bound(book: &PriceBook, at: Time, facts: &RequestFacts) -> Usd {
    price(book, at, &worst_case(book, at, facts, max_tokens(facts))).cost
}

/// How many output tokens fit into `room`: the request's own `max_tokens` if all of it does, fewer if the call must be
/// clamped. `None` if the room is below [`limits::CLAMP_OUTPUT_TOKENS_MIN`] tokens (or below a smaller request), does
/// not leave more than the thinking budget, or the request names no `max_tokens` that could be lowered.
pub fn affordable_max_tokens(book: &PriceBook, at: Time, facts: &RequestFacts, room: Usd) -> Option<u64> {
    let fits = |tokens| price(book, at, &worst_case(book, at, facts, tokens)).cost <= room;
    let asked = max_tokens(facts);
    if fits(asked) {
        return Some(asked);
    }
    facts.max_tokens_span.as_ref()?;
    let floor = facts.thinking_budget_tokens.map_or(0, |budget| budget.saturating_add(1));
    let floor = floor.max(limits::CLAMP_OUTPUT_TOKENS_MIN);
    if floor >= asked || !fits(floor) {
        return None;
    }
    // `low` fits, `high` does not; at most 40 rounds, since `asked` is at most TOKENS_MAX.
    let (mut low, mut high) = (floor, asked);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    Some(low)
}

fn max_tokens(facts: &RequestFacts) -> u64 {
    facts.max_tokens.unwrap_or(limits::OUTPUT_TOKENS_DEFAULT).min(limits::TOKENS_MAX)
}

/// The dearest usage that is consistent with the request.
fn worst_case(book: &PriceBook, at: Time, facts: &RequestFacts, max_tokens: u64) -> BilledUsage {
    let prompt = prompt_tokens_bound(facts);
    let mut attempts = serving(facts, &facts.model, AttemptKind::Message, prompt, max_tokens);
    let fallback_output = max_tokens.max(facts.fallback_max_tokens.unwrap_or(0));
    let fallbacks = facts.fallback_models.iter();
    let dearest = fallbacks
        .map(|model| serving(facts, model, AttemptKind::Fallback, prompt, fallback_output))
        .max_by_key(|attempts| {
            let alone = BilledUsage { attempts: attempts.clone(), fast: facts.fast, ..BilledUsage::default() };
            price(book, at, &alone).list
        });
    attempts.extend(dearest.into_iter().flatten());
    for advisor in &facts.advisors {
        let per_use = || attempt(&advisor.model, AttemptKind::Advisor, prompt, advisor.output_tokens_max);
        attempts.extend(multiplied(per_use(), advisor.uses_max));
    }
    BilledUsage {
        attempts,
        fast: facts.fast,
        geo_us: !facts.inference_geo_global,
        batch: false,
        region: book.region_of(&facts.model),
        web_searches: facts.web_search_max_uses.unwrap_or(0),
        has_unknown_parts: false,
    }
}

/// One model's samplings: the first writes the prompt to the dearest cache, the loop's others send it again.
fn serving(facts: &RequestFacts, model: &str, kind: AttemptKind, prompt: u64, output: u64) -> Vec<Attempt> {
    let mut attempts = vec![attempt(model, kind, prompt, output)];
    let again = Attempt { model: model.to_owned(), kind, input: prompt, ..Attempt::default() };
    attempts.extend(multiplied(again, facts.server_loops().saturating_sub(1)));
    attempts
}

/// An hour's cache write is the dearest prompt token (twice the input; the book's ratios are checked on load).
fn attempt(model: &str, kind: AttemptKind, prompt: u64, output: u64) -> Attempt {
    Attempt { kind, model: model.to_owned(), cache_write_1h: prompt, output, ..Attempt::default() }
}

/// The same attempt several times; the count is held at the number of attempts any answer is believed to have.
fn multiplied(attempt: Attempt, times: u64) -> impl Iterator<Item = Attempt> {
    let times = usize::try_from(times).unwrap_or(usize::MAX).min(limits::ITERATIONS_MAX);
    std::iter::repeat_n(attempt, times)
}

#[cfg(test)]
mod tests;
