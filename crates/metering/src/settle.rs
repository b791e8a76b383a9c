//! From what was seen to what is charged: exact, estimated, or the reserved bound.

use domain::call::Quality;
use domain::{Time, Usage, Usd};

use crate::billed::{Attempt, BilledUsage};
use crate::book::PriceBook;
use crate::bound::prompt_tokens_bound;
use crate::limits::CHARS_PER_TOKEN;
use crate::observer::Observed;
use crate::price::price;
use crate::request::RequestFacts;

/// The most that one entry can carry, where prices stop.
const COST_MAX: Usd = Usd::from_nanos(domain::limits::ENTRY_USD_NANOS_MAX);

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// By contract; charged to budgets.
    pub cost: Usd,
    /// By list price. Where the bound stands in, the bound.
    pub list: Usd,
    /// What was billed, as far as known.
    pub usage: Usage,
    /// How well the cost is known.
    pub quality: Quality,
    /// A model was missing from the book, or part of the usage was not understood.
    pub unpriced: bool,
    /// The model that served, if the answer said so.
    pub model: Option<String>,
    /// Version of the price book.
    pub book: String,
    /// The provider's id of the message.
    pub message_id: Option<String>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// Type of the error that the answer is, or that broke it off.
    pub error: Option<String>,
    /// The answer was whole.
    pub complete: bool,
}

impl Observed {
    /// Settles the call.
    ///
    /// * A whole answer: its usage, exactly. An error in place of an answer costs nothing.
    /// * Usage lost, or nothing seen: the `hold`.
    /// * An answer that broke off after it began: its prompt as reported, its output as far as reported or visible
    ///   (a character count, at most `max_tokens`). Hidden thinking makes this a floor.
    /// * A stream that is an error from its first event: the prompt by its size, since what the provider bills is not
    ///   documented, and "nothing" would be the one certainly wrong answer.
    pub fn settle(mut self, book: &PriceBook, at: Time, facts: &RequestFacts, hold: Usd) -> Settled {
        let usage = self.usage.take().map(|usage| completed(usage, book, facts));
        let is_error = self.error.is_some();
        let (usage, quality) = match usage {
            _ if self.complete && is_error && !self.started => (BilledUsage::default(), Quality::Exact),
            usage if self.lost => (usage.unwrap_or_default(), Quality::Bound),
            Some(usage) if self.complete => (usage, Quality::Exact),
            Some(usage) => (self.estimated(usage, facts), Quality::Estimated),
            None if self.started || is_error => (self.estimated(prompt_only(book, facts), facts), Quality::Estimated),
            None => (BilledUsage::default(), Quality::Bound),
        };
        let priced = price(book, at, &usage);
        // As much as an entry can say at most is not what a call costs, but what a broken or hostile answer claims.
        let quality = if priced.cost.max(priced.list) >= COST_MAX { Quality::Bound } else { quality };
        let is_bound = quality == Quality::Bound;
        Settled {
            cost: if is_bound { hold } else { priced.cost },
            list: if is_bound { hold } else { priced.list },
            usage: priced.usage,
            quality,
            unpriced: priced.unpriced || (is_bound && book.find(&facts.model, at).unpriced),
            model: self.model,
            book: priced.book,
            message_id: self.message_id,
            stop_reason: self.stop_reason,
            error: self.error,
            complete: self.complete,
        }
    }

    /// Adds what was streamed but not reported yet. A reported stop reason means that the report is final.
    fn estimated(&self, mut usage: BilledUsage, facts: &RequestFacts) -> BilledUsage {
        if self.stop_reason.is_some() {
            return usage;
        }
        let visible = self.visible_chars.div_ceil(CHARS_PER_TOKEN).min(facts.max_tokens.unwrap_or(u64::MAX));
        let unreported = visible.saturating_sub(usage.serving_output());
        if let Some(last) = usage.attempts.iter_mut().rev().find(|attempt| attempt.is_serving() && !attempt.is_free) {
            last.output = last.output.saturating_add(unreported);
        }
        usage.web_searches = usage.web_searches.max(self.searches_seen);
        usage
    }
}

/// With what only the request tells: the life of cache writes, the endpoint's region, the model of a silent answer.
fn completed(mut usage: BilledUsage, book: &PriceBook, facts: &RequestFacts) -> BilledUsage {
    if facts.cache_ttl_1h {
        usage.assume_ttl_1h();
    }
    usage.region = book.region_of(&facts.model);
    for attempt in usage.attempts.iter_mut().filter(|attempt| attempt.is_serving() && attempt.model.is_empty()) {
        attempt.model.clone_from(&facts.model);
    }
    usage
}

/// The prompt by its size in characters, uncached.
fn prompt_only(book: &PriceBook, facts: &RequestFacts) -> BilledUsage {
    let input = (facts.prompt_bytes as u64).div_ceil(CHARS_PER_TOKEN).min(prompt_tokens_bound(facts));
    BilledUsage {
        attempts: vec![Attempt { model: facts.model.clone(), input, ..Attempt::default() }],
        fast: facts.fast,
        geo_us: facts.inference_geo_us,
        region: book.region_of(&facts.model),
        ..BilledUsage::default()
    }
}
