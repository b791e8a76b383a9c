//! Shell commands: what they are seen to do, and what is found out afterwards.

use serde_json::json;

use super::{Stage, assert_says, git, resource};

#[test]
fn a_command_s_own_changes_are_no_surprise_and_are_told() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.write("other.toml", "one\n");
    stage.read("pool.toml");
    stage.read("other.toml");
    stage.runs("sed -i s/one/two/ pool.toml");
    // Nothing in its text says that it changes the other.
    stage.runs("python3 -c \"open('other.toml', 'w').write('three')\"");
    assert_eq!(stage.asks_to_edit("pool.toml"), None);
    assert_eq!(stage.asks_to_write("other.toml"), None);
    assert_eq!(stage.plane.told(false), [resource("pool.toml"), resource("other.toml")]);
}

#[test]
fn a_command_is_held_to_what_was_read() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.runs("cat pool.toml");
    assert_eq!(stage.asks_to_write("pool.toml"), None, "shown is read");
    stage.write("pool.toml", "theirs\n");
    for command in [
        "sed -i s/one/two/ pool.toml",
        "echo x > pool.toml",
        "cd . && bash -c 'echo x >> pool.toml'",
        "cp /dev/null pool.toml",
        "rm pool.toml",
        "git rm pool.toml",
        "mv pool.toml away.toml",
        "rm -rf *.toml; cat <<EOF >./pool.toml\nx\nEOF",
    ] {
        assert_says(stage.asks_to_run(command), &["pool.toml is not what you read"]);
    }
    assert_eq!(stage.asks_to_run("cat pool.toml | wc -l"), None);
    assert_eq!(stage.asks_to_run("echo x > new.toml"), None);
}

#[test]
fn folders_are_held_to_what_is_in_them() {
    let stage = Stage::new();
    stage.write("conf/pool.toml", "one\n");
    stage.read("conf/pool.toml");
    assert_eq!(stage.asks_to_run("rm -rf conf"), None);
    stage.write("conf/pool.toml", "theirs\n");
    assert_says(stage.asks_to_run("rm -rf conf"), &["conf/pool.toml is not what you read"]);
}

#[test]
fn a_command_does_not_overwrite_what_was_never_read_unless_git_ignores_it() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.write("build.log", "old\n");
    stage.write(".gitignore", "*.log\n");
    assert_says(stage.asks_to_run("echo x > pool.toml"), &["you have not read it"]);
    assert_eq!(stage.asks_to_run("echo x >> pool.toml"), None, "adding loses nothing");
    let asked = stage.plane.asks();
    stage.runs("echo x > build.log");
    assert_eq!((stage.plane.asks(), stage.plane.told(false).len()), (asked, 0), "nobody else gets what git ignores");
}

#[test]
fn what_git_brings_is_read_before_it_is_changed() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    git(&stage.path(""), &["add", "."]);
    git(&stage.path(""), &["commit", "--quiet", "-m", "One"]);
    git(&stage.path(""), &["checkout", "--quiet", "-b", "side"]);
    stage.write("pool.toml", "theirs\n");
    git(&stage.path(""), &["commit", "--quiet", "-a", "-m", "Two"]);
    git(&stage.path(""), &["checkout", "--quiet", "main"]);
    stage.read("pool.toml");
    stage.runs("git merge --quiet side");
    assert_says(stage.asks_to_write("pool.toml"), &["a git command of yours put another version", "-one\n+theirs"]);
    assert!(stage.plane.told(false).is_empty(), "it is not this session's change");
    stage.read("pool.toml");
    assert_eq!(stage.asks_to_write("pool.toml"), None);
}

#[test]
fn another_session_s_change_during_a_command_is_not_its_own() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read("pool.toml");
    let input = json!({"command": "make"});
    assert_eq!(stage.asks("Bash", &input), None);
    stage.write("pool.toml", "theirs\n");
    stage.hears_write(9, "pool.toml", "one\n", "theirs\n");
    stage.used("Bash", &input);
    assert_says(stage.asks_to_edit("pool.toml"), &["ana's session ses_2 changed it"]);
    assert!(stage.plane.told(false).is_empty());
}

#[test]
fn a_change_before_a_command_is_not_the_command_s() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read("pool.toml");
    stage.write("pool.toml", "somebody's\n");
    stage.runs("true");
    assert_says(stage.asks_to_edit("pool.toml"), &["not what you read"]);
}

#[test]
fn a_command_that_fails_has_changed_what_it_changed() {
    let stage = Stage::new();
    stage.write("pool.toml", "one\n");
    stage.read("pool.toml");
    let input = json!({"command": "sed -i s/one/two/ pool.toml && false"});
    assert_eq!(stage.asks("Bash", &input), None);
    stage.write("pool.toml", "two\n");
    stage.hook(
        "PostToolUseFailure",
        json!({"tool_name": "Bash", "tool_use_id": "t", "tool_input": input, "error": "1"}),
    );
    assert_eq!(stage.asks_to_edit("pool.toml"), None);
}

#[test]
fn what_is_asked_for_twice_or_strangely_is_no_crash() {
    let stage = Stage::new();
    for input in
        [json!({}), json!(null), json!({"command": 7}), json!({"file_path": ""}), json!({"file_path": "\u{0}"})]
    {
        for tool in ["Edit", "Write", "Bash", "NotebookEdit", "mcp__x__y", "", "Nothing"] {
            let said = stage.asks(tool, &input);
            assert!(said.is_none(), "{tool} {input}: {said:?}");
            stage.used(tool, &input);
        }
    }
    std::fs::create_dir(stage.path("folder")).unwrap();
    assert_eq!(stage.asks_to_write("folder"), None, "the tool itself will fail");
    stage.runs("mkfifo pipe");
    assert_eq!(stage.asks_to_write("pipe"), None, "and is not waited for");
}
