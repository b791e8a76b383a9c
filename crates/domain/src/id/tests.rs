#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// The example of the ULID specification: `ulid(1469918176385)` begins with `01ARYZ6S41`.
#[test]
fn published_example() {
    let random = decode("00000000000TSV4RRFFQ69G5FAV".get(1..).unwrap()).unwrap();
    let id = SessionId::new(Time::from_unix_millis(1_469_918_176_385), random);
    assert_eq!(id.to_string(), "ses_01ARYZ6S41TSV4RRFFQ69G5FAV");
}

#[test]
fn alphabet_is_crockfords() {
    assert_eq!(ALPHABET, b"0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    for excluded in "ILOUilou".chars() {
        let text = format!("ses_{}{excluded}", "0".repeat(25));
        assert_eq!(text.parse::<SessionId>(), Err(IdError::Character { position: 26 }));
    }
}

#[test]
fn one_error_per_cause() {
    let check = |text: &str, error: IdError| assert_eq!(text.parse::<TeamId>(), Err(error), "{text}");
    let prefix = || IdError::Prefix { expected: "team" };
    for text in ["", "team", "Team_01ARYZ6S41TSV4RRFFQ69G5FAV", "ses_01ARYZ6S41TSV4RRFFQ69G5FAV"] {
        check(text, prefix());
    }
    check("team_", IdError::Length { found: 0 });
    check("team_01ARYZ6S41TSV4RRFFQ69G5FA", IdError::Length { found: 25 });
    check("team_01ARYZ6S41TSV4RRFFQ69G5FAVV", IdError::Length { found: 27 });
    check("team_ééééééééééééé!!", IdError::Length { found: 15 });
    check("team_éééééééééééééé", IdError::Length { found: 14 });
    check("team_01ARYZ6S41TSV4RRFFQ69G5FA\u{e9}", IdError::Length { found: 26 });
    check("team_u1ARYZ6S41TSV4RRFFQ69G5FAV", IdError::Character { position: 1 });
    check("team_01aRYZ6S41TSV4RRFFQ69G5FAV", IdError::Character { position: 3 });
    check("team_01ARYZ6S41TSV4RRFFQ69G5F-V", IdError::Character { position: 25 });
    check("team_80000000000000000000000000", IdError::Overflow);
    assert_eq!("team_7ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse(), Ok(TeamId(u128::MAX)));
}

#[test]
fn errors_say_what_was_expected() {
    let text = |text: &str| text.parse::<CallId>().unwrap_err().to_string();
    assert_eq!(text("x"), "expected an id that starts with `call_`");
    assert_eq!(text("call_x"), "expected 26 characters after the prefix, found 1");
    assert_eq!(text("call_0000000000000000000000000o"), "character 26 is not upper-case Crockford base 32");
    assert_eq!(text("call_8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), "the value is larger than 128 bits");
}

#[test]
fn every_kind_has_a_prefix_of_its_own() {
    let at = Time::default();
    let texts = [
        SessionId::new(at, 0).to_string(),
        DeveloperId::new(at, 0).to_string(),
        ProjectId::new(at, 0).to_string(),
        TeamId::new(at, 0).to_string(),
        CallId::new(at, 0).to_string(),
        NodeId::new(at, 0).to_string(),
        RequestId::new(at, 0).to_string(),
        SignInId::new(at, 0).to_string(),
    ];
    let prefixes = texts.each_ref().map(|text| text.split_once('_').unwrap().0);
    assert_eq!(prefixes, ["ses", "dev", "prj", "team", "call", "node", "req", "sin"]);
    assert_eq!(prefixes[0], SessionId::PREFIX);
}

#[test]
fn what_does_not_fit_is_cut() {
    assert_eq!(SessionId::new(Time::from_unix_millis(-1), u128::MAX).0, RANDOM_MASK);
    assert_eq!(SessionId::new(Time::from_unix_millis(1 << 48), 0).0, 0);
}

proptest! {
    #[test]
    fn round_trip(value: u128) {
        let id = SessionId(value);
        let text = id.to_string();
        prop_assert_eq!(text.len(), 30);
        prop_assert_eq!(text.parse(), Ok(id));
        prop_assert_eq!(format!("{id:?}"), text.clone());
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<SessionId>(&json).unwrap(), id);
    }

    #[test]
    fn order_is_the_order_of_making(a in 0..1_i64 << 48, b in 0..1_i64 << 48, x: u128, y: u128) {
        let make = |at, random| SessionId::new(Time::from_unix_millis(at), random);
        let (first, second) = (make(a, x), make(b, y));
        if a != b {
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        }
        prop_assert_eq!(first.cmp(&second), first.to_string().cmp(&second.to_string()));
    }

    #[test]
    fn parsing_never_panics(text: String) {
        let _ = text.parse::<SessionId>();
        let _ = format!("ses_{text}").parse::<SessionId>();
    }
}

#[test]
fn an_id_says_when_it_was_made() {
    for millis in [0, 1, 1_795_351_234_567, (1 << 48) - 1] {
        let at = crate::Time::from_unix_millis(millis);
        assert_eq!(crate::SessionId::new(at, u128::MAX).made_at(), at);
    }
}
