//! Round numbers for a money axis.

use domain::Usd;

const USD: i64 = 1_000_000_000;
/// Lines wanted above zero: the step is the smallest round one that needs no more.
const LINES_MAX: i64 = 5;

/// Steps of 1, 2 or 5 times a power of ten from zero up to at least some amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    step_nanos: i64,
    lines: i64,
}

/// The axis that fits an amount above zero.
pub(super) fn up_to(amount: Usd) -> Axis {
    let wanted = amount.nanos().max(1);
    let mut power = 1_i64;
    // ends: ten to the power of 18 is the last that fits, and then the steps are long enough
    loop {
        for factor in [1, 2, 5] {
            let step_nanos = power.saturating_mul(factor);
            let lines = wanted.div_euclid(step_nanos) + i64::from(wanted.rem_euclid(step_nanos) > 0);
            if lines <= LINES_MAX {
                return Axis { step_nanos, lines };
            }
        }
        power = power.saturating_mul(10);
    }
}

// === impl Axis ===

impl Axis {
    /// The amount of the highest line.
    pub(super) fn top(self) -> Usd {
        Usd::from_nanos(self.step_nanos.saturating_mul(self.lines))
    }

    /// Each line with its label, from zero up.
    pub(super) fn ticks(self) -> impl Iterator<Item = (Usd, String)> {
        (0..=self.lines).map(move |line| {
            let nanos = self.step_nanos.saturating_mul(line);
            (Usd::from_nanos(nanos), label(nanos, decimals(self.step_nanos)))
        })
    }
}

/// Decimals that a step needs, and cents at least as soon as it is not whole dollars.
fn decimals(step_nanos: i64) -> usize {
    if step_nanos % USD == 0 {
        return 0;
    }
    (2_u32..9).find(|&digits| step_nanos % (USD / 10_i64.pow(digits)) == 0).map_or(9, |digits| digits as usize)
}

/// Exact: the digits beyond `decimals` are zero.
fn label(nanos: i64, decimals: usize) -> String {
    let (whole, fraction) = (nanos / USD, format!("{:09}", nanos % USD));
    match fraction.get(..decimals) {
        Some(digits) if !digits.is_empty() => format!("${whole}.{digits}"),
        _ => format!("${}", super::super::count(whole.unsigned_abs())),
    }
}
