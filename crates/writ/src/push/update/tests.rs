#![allow(clippy::unwrap_used)]

use super::*;

const A: &str = "8a5cbf62656e130fc6c441a8347b64890a3dbde8";
const ZERO: &str = "0000000000000000000000000000000000000000";

#[test]
fn an_update_is_two_ids_and_a_name() {
    let update = Update::parse(format!("{ZERO} {A} refs/heads/s/ses_1/fix").as_bytes()).unwrap();
    assert!(update.old.is_zero());
    assert!(!update.new.is_zero());
    assert_eq!(update.name, "refs/heads/s/ses_1/fix");
    let long = "a".repeat(64);
    assert!(Update::parse(format!("{long} {long} refs/tags/v1").as_bytes()).is_ok());
}

#[test]
fn what_is_no_update_is_refused() {
    let lines = [
        String::new(),
        format!("{A} {A}"),
        format!("{A} refs/heads/main"),
        format!("{A} {} refs/heads/main", &A[1..]),
        format!("{A} {A} main"),
        format!("{A} {A} refs/heads/../main"),
        format!("{A} {A} refs//main"),
        format!("{A} {A} refs/heads/ma in"),
        format!("{A} {A} refs/heads/main\n"),
        format!("{A} {A} refs/heads/.hidden"),
        format!("{A} {A} refs/heads/main.lock"),
        format!("{A} {A} refs/heads/{}", "x".repeat(2000)),
    ];
    for line in lines {
        assert!(Update::parse(line.as_bytes()).is_err(), "{line:?}");
    }
    assert!(Update::parse(&[A.as_bytes(), b" ", A.as_bytes(), b" refs/heads/\xff"].concat()).is_err());
}

#[test]
fn options_for_writ_are_read_and_others_left() {
    let read = Options::read(["ci.skip", "writ.session=ses_1", "writ.token=7", "writ.token=3", "writ.token=7"]);
    let options = read.unwrap();
    assert_eq!(options.session.as_deref(), Some("ses_1"));
    assert_eq!(options.tokens, [3, 7]);
    assert_eq!(options.proof, None);
    for wrong in ["writ.token=", "writ.token=-1", "writ.token=+1", "writ.token=1e3", "writ.tokens=1", "writ.force"] {
        assert!(Options::read([wrong]).is_err(), "{wrong}");
    }
    let many: Vec<String> =
        (0..=crate::push::limits::TOKENS_MAX).map(|number| format!("writ.token={number}")).collect();
    assert!(Options::read(many.iter().map(String::as_str)).is_err());
}

#[test]
fn a_proof_does_not_print() {
    let options = Options::read(["writ.proof=eyJhbGciOi"]).unwrap();
    assert!(!format!("{options:?}").contains("eyJ"));
}
