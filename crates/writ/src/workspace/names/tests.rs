use domain::SessionId;

use super::{compose_project, database, namespace, own_name, short, slug};

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
    assert_eq!(short(&session), "1W3X5Y7Z");
    assert_eq!(namespace(&session), "s/ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z/");
    assert_eq!(own_name("s/ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z/main"), "main");
    assert_eq!((own_name("s/other/main"), own_name("main")), ("s/other/main", "main"));
    assert_eq!(database("check.out-API", &session), "check_out_api_1w3x5y7z");
    assert_eq!(database("2fast", &session), "d_2fast_1w3x5y7z");
    assert!(database(&"ü".repeat(200), &session).len() <= 63);
    assert_eq!(compose_project("My App", &session), "my-app-1w3x5y7z");
    assert_eq!(compose_project("_x", &session), "x-1w3x5y7z");
    assert_eq!(compose_project("日本", &session), "work-1w3x5y7z");
}
