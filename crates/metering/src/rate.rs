//! Rates: what one token costs, as exact integers, and the rows of the price book.

use domain::Time;

/// Decimals a price may have: dollars per million tokens with nine decimals are whole femto-dollars per token.
pub(crate) const PRICE_DECIMALS: u32 = 9;
/// Decimals of a list multiplier (`1.1`, `0.5`).
pub(crate) const MULTIPLIER_DECIMALS: u32 = 2;
/// Decimals of a contract multiplier (`0.85`).
pub(crate) const CONTRACT_DECIMALS: u32 = 6;
/// A list multiplier of one, in hundredths.
pub(crate) const MULTIPLIER_ONE: i128 = 100;
/// A contract multiplier of one, in millionths.
pub(crate) const CONTRACT_ONE: i128 = 1_000_000;
/// Digits before the point: prices above a million dollars are typing errors.
const WHOLE_DIGITS_MAX: usize = 6;

/// What one token of each kind costs, in femto-dollars (10⁻¹⁵ USD).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// A prompt token that no cache is involved in.
    pub input: i128,
    /// A token written to the five-minute cache.
    pub cache_write_5m: i128,
    /// A token written to the one-hour cache.
    pub cache_write_1h: i128,
    /// A token read from a cache.
    pub cache_read: i128,
    /// An output token.
    pub output: i128,
}

/// Prices for prompts above a threshold: every token of such an attempt is charged at them, output included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongPrompt {
    /// The largest prompt that is still in the lower band, in tokens.
    pub over_prompt_tokens: u64,
    /// The rates above it.
    pub rates: Rates,
}

/// The price of one model during one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// First moment it holds.
    pub from: Time,
    /// First moment it no longer holds; none for an open end.
    pub to: Option<Time>,
    /// The rates of the lower (or only) band.
    pub base: Rates,
    /// The upper band, where the model has one.
    pub long: Option<LongPrompt>,
    /// What fast mode multiplies by, in hundredths, where the model has it.
    pub fast: Option<i128>,
}

impl Rates {
    /// The larger of both, component by component.
    #[must_use]
    pub fn max(&self, other: &Self) -> Self {
        Self {
            input: self.input.max(other.input),
            cache_write_5m: self.cache_write_5m.max(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.max(other.cache_write_1h),
            cache_read: self.cache_read.max(other.cache_read),
            output: self.output.max(other.output),
        }
    }

    /// Whether the provider's fixed ratios hold: 5-minute writes cost 1.25 × input, 1-hour writes 2 × input,
    /// reads at most the input. Bounds rely on it.
    pub(crate) fn has_known_ratios(&self) -> bool {
        self.cache_write_5m * 4 == self.input * 5
            && self.cache_write_1h == self.input * 2
            && self.cache_read <= self.input
    }
}

impl Row {
    /// The rates for an attempt with this many prompt tokens (cached ones included).
    pub fn rates(&self, prompt_tokens: u64) -> &Rates {
        match &self.long {
            Some(long) if prompt_tokens > long.over_prompt_tokens => &long.rates,
            _ => &self.base,
        }
    }

    /// Whether the row holds at a moment.
    pub fn holds_at(&self, at: Time) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// A decimal text as a whole number of 10^-`decimals`; `None` for signs, exponents, blanks or more decimals.
pub(crate) fn decimal(text: &str, decimals: u32) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let places = decimals as usize;
    if !digits(whole) || !digits(fraction) || whole.len() > WHOLE_DIGITS_MAX || fraction.len() > places {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("0.01", 9), Some(10_000_000));
        assert_eq!(decimal("12.5", 9), Some(12_500_000_000));
        assert_eq!(decimal("10", 9), Some(10_000_000_000));
        assert_eq!(decimal("1.1", 2), Some(110));
        assert_eq!(decimal("0.000000001", 9), Some(1));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1,5", "0.0000000001", "1000000000", "1.2.3"] {
            assert_eq!(decimal(text, 9), None, "{text}");
        }
    }
}
