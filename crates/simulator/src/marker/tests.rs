#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

fn parsed(text: &str) -> Marker {
    Marker::find(text).expect("a marker").expect("a good one")
}

fn refused(text: &str) -> String {
    Marker::find(text).expect("a marker").expect_err("a bad one").message
}

#[test]
fn prose_about_markers_is_not_one() {
    assert!(Marker::find("write SCENARIO:<name> into the prompt").is_none());
    assert_eq!(parsed("SCENARIO:<name>, say SCENARIO:hello").name, "hello", "the first real one counts");
}

#[test]
fn a_bare_name_ends_at_the_first_other_character() {
    let marker = parsed("do SCENARIO:tool_bash go");
    assert_eq!(marker.name, "tool_bash");
    assert_eq!(marker.written, "tool_bash");
    assert_eq!(marker.args, Args::default());
}

#[test]
fn arguments_plain_and_quoted() {
    let marker = parsed(r#"SCENARIO:tool_bash( command="echo \"a, (b)\"\n", then='it is done' , times=2 ) and more"#);
    assert_eq!(marker.args.text("command"), Some("echo \"a, (b)\"\n"));
    assert_eq!(marker.args.text("then"), Some("it is done"));
    assert_eq!(marker.args.number("times", 9).unwrap(), Some(2));
    assert!(marker.written.ends_with("times=2 )"), "{}", marker.written);
}

#[test]
fn a_marker_inside_a_quoted_argument_belongs_to_the_argument() {
    let marker = parsed(r#"SCENARIO:agent(prompt="SCENARIO:sub(command=ls)")"#);
    assert_eq!(marker.name, "agent");
    assert_eq!(marker.args.text("prompt"), Some("SCENARIO:sub(command=ls)"));
}

#[test]
fn empty_brackets_are_no_arguments() {
    assert_eq!(parsed("SCENARIO:hello() x").written, "hello()");
}

#[test]
fn mistakes_are_named() {
    assert_eq!(refused("SCENARIO:long(evnts=3)"), "unknown scenario argument `evnts`");
    assert_eq!(refused("SCENARIO:long(events=3"), "scenario arguments have no closing bracket");
    assert_eq!(refused("SCENARIO:long(events"), "scenario arguments have no closing bracket");
    assert_eq!(refused("SCENARIO:long(then=\"x"), "scenario argument has no closing quote");
    let args = parsed("SCENARIO:long(events=many)").args;
    assert_eq!(
        args.number("events", 9).unwrap_err().message,
        "scenario argument `events` is `many`, it must be a whole number up to 9"
    );
}

#[test]
fn keys_are_sorted_so_that_a_missing_one_is_seen() {
    assert!(KEYS.is_sorted());
}
