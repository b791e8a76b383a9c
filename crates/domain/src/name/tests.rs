#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn good_names() {
    for text in ["a", "0", "core", "a.b_c-d", "9lives", &"x".repeat(NAME_CHARS_MAX)] {
        let name: Name = text.parse().unwrap();
        assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Name>(&json).unwrap(), name);
    }
}

#[test]
fn bad_names() {
    let long = "x".repeat(NAME_CHARS_MAX + 1);
    for text in ["", ".a", "_a", "-a", "A", "aB", "a b", "a/b", "ä", "a\u{0}", "a\n", &long] {
        assert_eq!(text.parse::<Name>(), Err(NameError), "{text}");
        let json = serde_json::to_string(text).unwrap();
        assert!(serde_json::from_str::<Name>(&json).is_err(), "{text}");
    }
    assert_eq!(
        NameError.to_string(),
        "a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit"
    );
}
