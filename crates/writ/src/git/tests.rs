#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::Place;

#[test]
fn places_are_told_from_other_names() {
    let check = |text: &str, expected: Option<(&str, u64)>| {
        let place = Place::parse(text);
        assert_eq!(place, expected.map(|(file, line)| Place { file: file.into(), line }), "{text}");
    };
    check("src/main.rs:42", Some(("src/main.rs", 42)));
    check("src/main.rs:42:7", Some(("src/main.rs", 42)));
    check("a:b:3", Some(("a:b", 3)));
    check("https://host/x:3", None);
    check("main.rs:0", None);
    check("main.rs:", None);
    check(":4", None);
    check("main.rs:+4", None);
    check("main.rs", None);
    check("x:99999999999999999999", None);
}
