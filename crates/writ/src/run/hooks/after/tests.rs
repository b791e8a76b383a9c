use serde_json::json;

use super::{is_partial, is_what_was_seen};
use crate::run::hooks::disk::Look;

#[test]
fn less_than_all_lines_is_a_piece() {
    for (file, expected) in [
        (json!({"startLine": 1, "numLines": 10, "totalLines": 10}), false),
        (json!({"startLine": 1, "numLines": 9, "totalLines": 10}), true),
        (json!({"startLine": 2, "numLines": 9, "totalLines": 10}), true),
        (json!({"base64": ""}), false),
        (json!(null), false),
    ] {
        assert_eq!(is_partial(&file), expected, "{file}");
    }
}

#[test]
fn what_changed_under_the_tool_was_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "\u{feff}one\r\ntwo\r\n").unwrap();
    let look = Look::at(&path);
    let seen = |content: &str, start: u64| is_what_was_seen(&json!({"content": content, "startLine": start}), &look, 5);
    assert!(seen("one\ntwo\n", 1) && seen("one\ntwo", 1) && seen("two", 2));
    assert!(!seen("one\nthree\n", 1) && !seen("one", 2));
    let unknown = Look { stamp: None, ..look.clone() };
    assert!(is_what_was_seen(&json!({"content": "1 one"}), &unknown, 5), "no time, no suspicion");
}
