//! Money: whole nano-dollars in an `i64`. Per-token rates go below a micro-dollar, so nothing coarser is exact.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const NANOS_PER_USD: i64 = 1_000_000_000;

/// An amount of US dollars in nano-dollars (10⁻⁹ USD). Sums saturate: an `i64` holds 9.2 billion dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(i64);

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected dollars such as `5` or `0.25`, with at most 9 decimals")]
pub struct UsdError;

impl Usd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount from nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The sum, held at the largest amount instead of wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, held at the smallest amount instead of wrapping.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

impl fmt::Display for Usd {
    /// Four decimals, rounded half up: `$1.2345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenth_mills = (self.0.unsigned_abs() + 50_000) / 100_000;
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}${}.{:04}", tenth_mills / 10_000, tenth_mills % 10_000)
    }
}

impl FromStr for Usd {
    type Err = UsdError;

    /// Reads `5`, `5.00`, `$0.25`: never negative, at most 9 decimals, exact.
    fn from_str(text: &str) -> Result<Self, UsdError> {
        let digits = text.strip_prefix('$').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
            return Err(UsdError);
        }
        let whole: i64 = whole.parse().map_err(|_| UsdError)?;
        let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| UsdError)?;
        whole.checked_mul(NANOS_PER_USD).and_then(|sum| sum.checked_add(nanos)).map(Self).ok_or(UsdError)
    }
}

#[cfg(test)]
mod tests;
