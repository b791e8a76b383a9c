use super::*;

/// The published matrix, row by row; `N` goes with everything.
#[test]
fn the_matrix_is_the_published_one() {
    use Mode::{IS, IX, S, SIX, X};
    let table = [(IS, "yyyyn"), (IX, "yynnn"), (S, "ynynn"), (SIX, "ynnnn"), (X, "nnnnn")];
    for (row, answers) in table {
        for (column, answer) in [IS, IX, S, SIX, X].into_iter().zip(answers.chars()) {
            assert_eq!(row.goes_with(column), answer == 'y', "{row} with {column}");
        }
    }
    assert!(Mode::ALL.into_iter().all(|mode| mode.goes_with(Mode::N) && Mode::N.goes_with(mode)));
}

#[test]
fn both_together_keep_out_what_either_does() {
    for one in Mode::ALL {
        for other in Mode::ALL {
            let both = one.and(other);
            assert_eq!(both, other.and(one));
            for third in Mode::ALL {
                let apart = one.goes_with(third) && other.goes_with(third);
                assert_eq!(both.goes_with(third), apart, "{one} and {other} with {third}");
            }
        }
    }
}

#[test]
fn names_come_back() {
    for mode in Mode::ALL {
        assert_eq!(mode.as_str().parse(), Ok(mode));
    }
    assert_eq!("x".parse::<Mode>(), Err(ModeError));
}
