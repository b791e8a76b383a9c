#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;

fn read(variables: &[(&str, &str)]) -> Result<Options, Strange> {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    options(|name| variables.get(name).map(|value| (*value).to_owned()))
}

#[test]
fn options_come_in_numbered_variables() {
    assert_eq!(read(&[]), Ok(Options::default()));
    let two = [("GIT_PUSH_OPTION_COUNT", "2"), ("GIT_PUSH_OPTION_0", "writ.token=7"), ("GIT_PUSH_OPTION_1", "ci.skip")];
    assert_eq!(read(&two).unwrap().tokens, [7]);
    assert!(read(&two[..2]).is_err(), "one is missing");
    assert!(read(&[("GIT_PUSH_OPTION_COUNT", "many")]).is_err());
    assert!(read(&[("GIT_PUSH_OPTION_COUNT", "100000")]).is_err());
}

#[test]
fn updates_are_lines_and_bounded() {
    let id = "8a5cbf62656e130fc6c441a8347b64890a3dbde8";
    let line = format!("{id} {id} refs/heads/x\n");
    assert_eq!(updates(line.as_bytes()).unwrap().len(), 1);
    assert_eq!(updates(line.repeat(UPDATES_MAX).as_bytes()).unwrap().len(), UPDATES_MAX);
    assert!(updates(line.repeat(UPDATES_MAX + 1).as_bytes()).is_err());
    assert!(updates(&b"nonsense\n"[..]).is_err());
}
