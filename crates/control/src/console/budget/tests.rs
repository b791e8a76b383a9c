use super::*;

fn widths(spent: i64, held: i64, limit: i64) -> (i64, i64, bool) {
    let budget = Budget::new(Usd::from_nanos(spent), Usd::from_nanos(held), Usd::from_nanos(limit));
    (budget.spent_permille, budget.held_permille, budget.is_used_up())
}

#[test]
fn the_bar_never_leaves_its_track() {
    assert_eq!(widths(0, 0, 5_000), (0, 0, false));
    assert_eq!(widths(1_250, 500, 5_000), (250, 100, false));
    assert_eq!(widths(1, 0, 5_000_000_000), (12, 0, false), "a little is visible");
    assert_eq!(widths(4_000, 1_000, 5_000), (800, 200, true));
    assert_eq!(widths(4_000, 9_000, 5_000), (800, 200, true));
    assert_eq!(widths(9_000, 1_000, 5_000), (1000, 0, true));
    assert_eq!(widths(1, 1, 0), (1000, 0, true), "a budget of nothing");
    assert_eq!(widths(i64::MAX, i64::MAX, i64::MAX), (1000, 0, true));
}

#[test]
fn the_text_says_it_in_dollars() {
    let text = |held| Budget::new(Usd::from_nanos(1_234_500_000), held, Usd::from_nanos(5_000_000_000)).text;
    assert_eq!(text(Usd::ZERO), "$1.2345 of $5.0000 spent");
    assert_eq!(text(Usd::from_nanos(50_000_000)), "$1.2345 of $5.0000 spent, $0.0500 held");
}
