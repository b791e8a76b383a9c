//! A budget as a bar: what is spent, what calls in flight hold, what is left.

use askama::Template;
use domain::Usd;

/// What is spent and held of a budget. The bar is an SVG with its meaning as text.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "budget.html")]
pub struct Budget {
    text: String,
    pub(super) limit: String,
    spent_permille: i64,
    held_permille: i64,
}

/// Thousandths: the width of the bar.
const WHOLE: i64 = 1000;
/// Anything spent at all is visible: about one pixel.
const VISIBLE_PERMILLE: i64 = 12;

// === impl Budget ===

impl Budget {
    /// A budget of `limit`, of which `spent` is gone and `held` is set aside; in dollars.
    pub fn new(spent: Usd, held: Usd, limit: Usd) -> Self {
        let spent_permille = permille(spent, limit);
        let held_permille = permille(held, limit).min(WHOLE - spent_permille);
        let holding = if held > Usd::ZERO { format!(", {held} held") } else { String::new() };
        Self {
            text: format!("{spent} of {limit} spent{holding}"),
            limit: limit.to_string(),
            spent_permille,
            held_permille,
        }
    }

    /// Nothing is left.
    fn is_used_up(&self) -> bool {
        self.spent_permille + self.held_permille >= WHOLE
    }
}

fn permille(part: Usd, whole: Usd) -> i64 {
    if part <= Usd::ZERO {
        return 0;
    }
    let exact = i128::from(part.nanos()) * i128::from(WHOLE) / i128::from(whole.nanos().max(1));
    // at most WHOLE, so it fits
    i64::try_from(exact).unwrap_or(WHOLE).clamp(VISIBLE_PERMILLE, WHOLE)
}

#[cfg(test)]
mod tests;
