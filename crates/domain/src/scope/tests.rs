use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{ANY, Outside, Scope};

fn scope(dimensions: &[(&str, &[&str])]) -> Scope {
    let value = |(name, values): &(&str, &[&str])| {
        (name.parse().unwrap(), values.iter().map(|&value| value.to_owned()).collect::<BTreeSet<_>>())
    };
    Scope::new(dimensions.iter().map(value).collect())
}

#[test]
fn what_was_not_asked_about_stays_whole() {
    let granted = scope(&[("permissions", &["contents:read"]), ("repositories", &["api", "web"])]);
    let narrowed = granted.narrowed(&scope(&[("repositories", &["api"])])).unwrap();
    assert_eq!(narrowed.to_string(), "permissions=contents:read repositories=api");
    assert_eq!(granted.narrowed(&Scope::default()).unwrap(), granted);
}

#[test]
fn a_refusal_says_what_would_be_allowed() {
    let granted = scope(&[("repositories", &["api", "web"])]);
    let outside = |dimension: &str, asked: &str, allowed: &[&str]| {
        let allowed = allowed.iter().map(|&value| value.to_owned()).collect();
        Err(Outside { dimension: dimension.to_owned(), asked: asked.to_owned(), allowed })
    };
    let asked = scope(&[("repositories", &["api", "secrets"])]);
    assert_eq!(granted.narrowed(&asked), outside("repositories", "secrets", &["api", "web"]));
    assert_eq!(granted.narrowed(&scope(&[("environments", &["prod"])])), outside("environments", "prod", &[]));
}

#[test]
fn only_who_grants_says_any() {
    let granted = scope(&[("repositories", &[ANY])]);
    assert_eq!(granted.narrowed(&scope(&[("repositories", &["api"])])).unwrap(), scope(&[("repositories", &["api"])]));
    assert!(granted.narrowed(&scope(&[("repositories", &[ANY])])).is_err());
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let values = proptest::collection::btree_set("[abc*]", 1..4);
    proptest::collection::btree_map("[xyz]".prop_map(|name| name.parse().unwrap()), values, 0..4).prop_map(Scope::new)
}

proptest! {
    /// Whatever is asked, what comes out is never more than what was granted, and asking for it again changes nothing.
    #[test]
    fn narrowing_never_widens(granted in any_scope(), asked in any_scope()) {
        let Ok(narrowed) = granted.narrowed(&asked) else { return Ok(()) };
        for (dimension, values) in narrowed.iter() {
            let of_grant = granted.values(dimension).expect("no dimension appears from nowhere");
            prop_assert!(of_grant.contains(ANY) || values.is_subset(of_grant));
        }
        prop_assert_eq!(narrowed.iter().count(), granted.iter().count());
        prop_assert_eq!(granted.narrowed(&asked).unwrap(), narrowed);
    }
}
