use domain::SessionId;

use super::{branch_of, compose_project, database, namespace, own_name, slug};
use crate::workspace::Owner;

fn session() -> SessionId {
    "ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z".parse().unwrap()
}

#[test]
fn a_slug_is_one_component_of_a_reference() {
    for (text, expected) in [
        ("main", "main"),
        ("feature/retry payments", "feature-retry-payments"),
        ("größe", "gr-e"),
        ("..", "work"),
        ("", "work"),
        ("-x", "x"),
        ("a.lock", "a"),
        ("a.lock.lock", "a"),
        (".lock", "lock"),
        ("a..b", "a.b"),
        ("a@{b", "a-b"),
        ("line\nbreak", "line-break"),
    ] {
        assert_eq!(slug(text), expected, "{text:?}");
    }
    assert_eq!(slug(&"x".repeat(500)).len(), 40);
}

#[test]
fn names_come_from_the_repository_and_the_session() {
    let session = session();
    let owner = Owner::from(session);
    assert_eq!(namespace(&session), "s/ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z/");
    assert_eq!(own_name("s/ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z/main"), "main");
    assert_eq!((own_name("s/other/main"), own_name("main")), ("s/other/main", "main"));
    assert_eq!(database("check.out-API", &owner), "check_out_api_1w3x5y7z");
    assert_eq!(database("2fast", &owner), "d_2fast_1w3x5y7z");
    assert!(database(&"ü".repeat(200), &owner).len() <= 63);
    assert_eq!(compose_project("My App", &owner), "my-app-1w3x5y7z");
    assert_eq!(compose_project("_x", &owner), "x-1w3x5y7z");
    assert_eq!(compose_project("日本", &owner), "work-1w3x5y7z");
}

#[test]
fn those_of_a_part_are_its_own() {
    let part = Owner::from(session()).with_part("agent-a24ebde5b6e2d3ff5");
    assert_eq!(database("checkout", &part), "checkout_1w3x5y7z_agent_a24ebde5b6e2d3ff5");
    let (long, long_part) = ("x".repeat(200), Owner::from(session()).with_part(&"y".repeat(200)));
    assert_eq!(database(&long, &long_part).len(), 63 - 2);
    assert_eq!(compose_project("My App", &part), "my-app-1w3x5y7z-agent-a24ebde5b6e2d3ff5");
    for (branch, expected) in [
        ("agent-a24ebde5b6e2d3ff5", "agent-a24ebde5b6e2d3ff5"),
        ("s/ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z/agent-a24ebde5b6e2d3ff5", "agent-a24ebde5b6e2d3ff5"),
        ("s/ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z/main", "agent-a24ebde5b6e2d3ff5-main"),
        ("fix", "agent-a24ebde5b6e2d3ff5-fix"),
    ] {
        assert_eq!(branch_of(&part, branch), expected, "{branch}");
    }
}
