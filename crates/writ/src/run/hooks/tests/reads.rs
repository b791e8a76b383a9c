//! What was read, by whom, and what became of it.

use serde_json::json;

use super::{Stage, assert_says, context, digest, resource};

#[test]
fn what_was_read_may_be_changed_and_the_change_is_told() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\nsize = 5\n");
    stage.read("pool.toml");
    assert_eq!(stage.asks_to_edit("pool.toml"), None);
    stage.write("pool.toml", "two\nsize = 5\n");
    let input = json!({"file_path": stage.path("pool.toml"), "old_string": "one", "new_string": "two"});
    assert_eq!(stage.used("Edit", &input), None);
    let changes = stage.plane.changes.lock().unwrap();
    let told = serde_json::to_value(&changes[0]).unwrap();
    assert_eq!(
        told,
        json!({"writes": [{
            "resource": resource("pool.toml"),
            "before": digest("one\nsize = 5\n"),
            "after": digest("two\nsize = 5\n"),
            "hunks": [{"old": digest("one\n"), "new": digest("two\n")}],
            "lines": [{"at": 0, "old": 1, "new": 1}],
            "diff": "@ line 1\n-one\n+two\n",
        }]})
    );
    drop(changes);
    assert_eq!(stage.asks_to_edit("pool.toml"), None, "its own change is no surprise");
    assert_eq!(stage.plane.asks(), 1, "one lock for both");
}

#[test]
fn what_changed_since_is_refused_with_what_changed_until_it_is_read_again() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\nsize = 5\n");
    stage.read("pool.toml");
    stage.write("pool.toml", "one\nsize = 50\n");
    for said in [stage.asks_to_edit("pool.toml"), stage.asks_to_write("pool.toml")] {
        assert_says(said, &["pool.toml is not what you read", "-size = 5\n+size = 50", "Read it again"]);
    }
    assert_eq!(stage.plane.asks(), 0, "no lock is asked for what is refused anyway");
    stage.read("pool.toml");
    assert_eq!(stage.asks_to_edit("pool.toml"), None);
}

#[test]
fn who_changed_it_is_known_from_the_stream_or_from_the_log() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read("pool.toml");
    stage.write("pool.toml", "theirs\n");
    let row = json!({"position": 9, "time": "2026-11-26T14:02:31Z", "resource": resource("pool.toml"),
        "writer": {"session.id": "ses_2", "developer.name": "ana"}, "after": digest("theirs\n"), "intent": "raise the pool size"});
    stage.plane.told_before.lock().unwrap().push(row);
    let expected = ["ana's session ses_2 changed it at 14:02 UTC", "saying \"raise the pool size\"", "+theirs"];
    assert_says(stage.asks_to_edit("pool.toml"), &expected);
    stage.plane.told_before.lock().unwrap().clear();
    stage.hears_write(9, "pool.toml", "one\n", "theirs\n");
    assert_says(stage.asks_to_edit("pool.toml"), &expected);
}

#[test]
fn what_was_never_read_is_not_overwritten() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    assert_says(stage.asks_to_write("pool.toml"), &["pool.toml exists and you have not read it"]);
    assert_eq!(stage.asks_to_edit("pool.toml"), None, "the tool compares the part it replaces");
    assert_eq!(stage.asks_to_write("new.toml"), None);
    let pieces = json!({"tool_name": "Read", "tool_use_id": "r", "tool_input": {"file_path": stage.path("pool.toml")},
        "tool_response": {"type": "text", "file": {"content": "one", "startLine": 1, "numLines": 1, "totalLines": 9}}});
    stage.hook("PostToolUse", pieces);
    assert_says(stage.asks_to_write("pool.toml"), &["only pieces of pool.toml"]);
}

#[test]
fn a_search_that_shows_lines_shows_pieces() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\ntwo\n");
    let found = json!({"tool_name": "Grep", "tool_use_id": "g", "tool_input": {"pattern": "one", "output_mode": "content"},
        "tool_response": {"mode": "content", "filenames": [stage.path("pool.toml")]}});
    stage.hook("PostToolUse", found);
    assert_says(stage.asks_to_write("pool.toml"), &["only pieces"]);
    stage.write("pool.toml", "one\nthree\n");
    assert_says(stage.asks_to_edit("pool.toml"), &["not what you read"]);
}

#[test]
fn a_change_in_another_working_tree_is_told_and_stops_once() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.write("other.toml", "other\n");
    stage.read("pool.toml");
    stage.hears_write(9, "pool.toml", "one\n", "theirs\n");
    assert_says(context(&stage.read("other.toml")), &["ana's session ses_2 changed pool.toml", "read it again"]);
    assert_eq!(context(&stage.read("other.toml")), None, "told once");
    let row = json!({"position": 9, "writer": {"session.id": "ses_2"}, "resource": resource("pool.toml"), "diff": "-one\n+theirs\n"});
    stage.plane.told_before.lock().unwrap().push(row);
    for _ in 0..2 {
        let said = stage.asks_to_edit("pool.toml");
        assert_says(said, &["in another working tree", "-one\n+theirs"]);
    }
    stage.read("pool.toml");
    assert_eq!(stage.asks_to_edit("pool.toml"), None, "it was looked at again");
    stage.hears_write(9, "pool.toml", "one\n", "theirs\n");
    assert_eq!(stage.asks_to_edit("pool.toml"), None, "the same news twice is no news");
    stage.hears_write(10, "pool.toml", "theirs\n", "more\n");
    assert_says(stage.asks_to_edit("pool.toml"), &["in another working tree"]);
}

#[test]
fn who_reads_what_another_wrote_is_told_whose_it_is_in_either_order() {
    for stream_comes_first in [true, false] {
        let stage = Stage::new();
        stage.write("pool.toml", "theirs\n");
        let said = if stream_comes_first {
            stage.hears_write(9, "pool.toml", "one\n", "theirs\n");
            context(&stage.read("pool.toml"))
        } else {
            assert_eq!(context(&stage.read("pool.toml")), None);
            stage.hears_write(9, "pool.toml", "one\n", "theirs\n");
            context(&stage.hook("UserPromptSubmit", json!({"prompt": "go on"})))
        };
        assert_says(said, &["ana's session ses_2 changed pool.toml", "that is the content you read"]);
        assert_eq!(stage.asks_to_edit("pool.toml"), None);
    }
}

#[test]
fn what_another_has_just_put_there_is_read_before_it_is_edited() {
    let stage = Stage::new();
    stage.write("pool.toml", "theirs\n");
    stage.hears_write(9, "pool.toml", "one\n", "theirs\n");
    let said = ["you have not read pool.toml", "ana's session ses_2 changed it", "Read it, then make your change"];
    assert_says(stage.asks_to_edit("pool.toml"), &said);
    stage.read("pool.toml");
    assert_eq!(stage.asks_to_edit("pool.toml"), None);
}

#[test]
fn its_own_changes_in_the_stream_are_no_news() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read("pool.toml");
    stage.heard(
        "write",
        &json!({"position": 9, "session.id": "ses_1", "resource": resource("pool.toml"), "after": digest("x")}),
    );
    assert_eq!(stage.asks_to_edit("pool.toml"), None);
}

#[test]
fn agents_have_not_seen_what_others_of_the_session_saw() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read_of("helper", "pool.toml");
    assert_says(stage.asks_to_write("pool.toml"), &["you have not read it"]);
    stage.read("pool.toml");
    let input = json!({"tool_name": "Write", "tool_use_id": "t", "tool_input": {"file_path": stage.path("pool.toml"), "content": "two\n"}});
    assert_eq!(super::reason(&stage.hook_of("helper", "PreToolUse", input.clone())), None);
    stage.write("pool.toml", "two\n");
    stage.hook_of("helper", "PostToolUse", input);
    assert_says(stage.asks_to_edit("pool.toml"), &["not what you read"]);
}

#[test]
fn a_symbolic_link_is_the_file_it_leads_to() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    std::os::unix::fs::symlink("pool.toml", stage.path("link.toml")).unwrap();
    stage.read("link.toml");
    assert_eq!(stage.asks_to_write("pool.toml"), None);
    stage.write("pool.toml", "theirs\n");
    assert_says(stage.asks_to_write("link.toml"), &["not what you read"]);
}

#[test]
fn time_stamps_do_not_count() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read("pool.toml");
    let path = stage.path("pool.toml");
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    stage.write("pool.toml", "two\n");
    std::fs::File::open(&path).unwrap().set_modified(before).unwrap();
    assert_says(stage.asks_to_write("pool.toml"), &["not what you read"]);
    stage.write("pool.toml", "one\n");
    assert_eq!(stage.asks_to_write("pool.toml"), None, "changed and changed back");
}

#[test]
fn files_outside_of_repositories_are_checked_and_need_no_lock() {
    let stage = Stage::new();
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("notes");
    std::fs::write(&path, "one\n").unwrap();
    let input = json!({"file_path": path, "content": "x"});
    assert_says(stage.asks("Write", &input), &["you have not read it"]);
    stage.runs(&format!("cat {}", path.display()));
    assert_eq!(stage.asks("Write", &input), None);
    assert_eq!(stage.plane.asks(), 0);
}
