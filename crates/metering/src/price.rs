//! From usage to money: exact integers throughout, rounded half up once per call.

use domain::{Time, Usage, Usd, limits::ENTRY_USD_NANOS_MAX};

use crate::billed::{Attempt, BilledUsage};
use crate::book::PriceBook;
use crate::limits::TOKENS_MAX;
use crate::rate::{CONTRACT_ONE, MULTIPLIER_ONE};

/// Four list multipliers in hundredths (fast, region, geo, batch), over femto-dollars, make the unit of the sum.
const LIST_SCALE: i128 = MULTIPLIER_ONE * MULTIPLIER_ONE * MULTIPLIER_ONE * MULTIPLIER_ONE;
/// The sum's unit in one nano-dollar.
const NANO: i128 = LIST_SCALE * 1_000_000;

/// The price of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// By list price.
    pub list: Usd,
    /// By contract.
    pub cost: Usd,
    /// The tokens that were billed, summed over the attempts; free attempts are left out.
    pub usage: Usage,
    /// A model was missing from the book, or part of the usage was not understood.
    pub unpriced: bool,
    /// Which book: its version.
    pub book: String,
}

/// Prices a call at the moment it was made. Amounts above [`ENTRY_USD_NANOS_MAX`] are held there.
pub fn price(book: &PriceBook, at: Time, billed: &BilledUsage) -> Priced {
    let mut usage = Usage { web_searches: billed.web_searches.min(TOKENS_MAX), ..Usage::default() };
    let mut unpriced = billed.has_unknown_parts;
    let mut tokens: i128 = 0;
    for attempt in billed.attempts.iter().filter(|attempt| !attempt.is_free) {
        let (amount, known) = price_attempt(book, at, billed, attempt);
        tokens = tokens.saturating_add(amount);
        unpriced |= !known;
        add_tokens(&mut usage, attempt);
    }
    let geo = if billed.geo_us { book.modifiers.geo_us } else { MULTIPLIER_ONE };
    let batch = if billed.batch { book.modifiers.batch } else { MULTIPLIER_ONE };
    let tokens = tokens.saturating_mul(geo).saturating_mul(batch);
    let fees = i128::from(usage.web_searches).saturating_mul(book.modifiers.web_search).saturating_mul(LIST_SCALE);
    let fee_factor = if book.contract.covers_fees { book.contract.factor } else { CONTRACT_ONE };
    let contracted = tokens.saturating_mul(book.contract.factor).saturating_add(fees.saturating_mul(fee_factor));
    Priced {
        list: round(tokens.saturating_add(fees), NANO),
        cost: round(contracted, NANO * CONTRACT_ONE),
        usage,
        unpriced,
        book: book.version().to_owned(),
    }
}

/// An attempt's tokens in femto-dollars × 10⁴ (fast and region applied), and whether its price is known.
fn price_attempt(book: &PriceBook, at: Time, billed: &BilledUsage, attempt: &Attempt) -> (i128, bool) {
    let found = book.find(&attempt.model, at);
    let rates = found.row.rates(attempt.prompt_tokens());
    let parts = [
        (attempt.input, rates.input),
        (attempt.cache_write_5m, rates.cache_write_5m),
        (attempt.cache_write_untold, rates.cache_write_5m),
        (attempt.cache_write_1h, rates.cache_write_1h),
        (attempt.cache_read, rates.cache_read),
        (attempt.output, rates.output),
    ];
    let sum = parts
        .iter()
        .fold(0_i128, |sum, &(count, rate)| sum.saturating_add(i128::from(count.min(TOKENS_MAX)).saturating_mul(rate)));
    let fast = if billed.fast { book.fast(found.row) } else { MULTIPLIER_ONE };
    let fast_known = !billed.fast || found.row.fast.is_some();
    let region = book.region(found.region.max(billed.region));
    (sum.saturating_mul(fast).saturating_mul(region), !found.unpriced && fast_known)
}

fn add_tokens(usage: &mut Usage, attempt: &Attempt) {
    let add = |sum: &mut u64, part: u64| *sum = sum.saturating_add(part.min(TOKENS_MAX));
    add(&mut usage.input_tokens, attempt.input);
    add(&mut usage.cache_write_5m_tokens, attempt.cache_write_5m);
    add(&mut usage.cache_write_5m_tokens, attempt.cache_write_untold);
    add(&mut usage.cache_write_1h_tokens, attempt.cache_write_1h);
    add(&mut usage.cache_read_tokens, attempt.cache_read);
    add(&mut usage.output_tokens, attempt.output);
}

/// Half up, held at the largest amount an entry carries. A saturated sum is far above it, so it lands there too.
fn round(amount: i128, unit: i128) -> Usd {
    let nanos = amount.saturating_add(unit / 2) / unit;
    Usd::from_nanos(i64::try_from(nanos).unwrap_or(ENTRY_USD_NANOS_MAX).min(ENTRY_USD_NANOS_MAX))
}

#[cfg(test)]
mod tests;
