use serde_json::json;

use super::run;

fn bash(command: &str) -> Result<String, String> {
    run("Bash", &json!({ "command": command })).map(|done| done.result)
}

#[test]
fn only_two_commands_run_and_never_a_shell() {
    assert_eq!(bash("echo a  b"), Ok("a b".to_owned()));
    assert_eq!(bash("echo $(id) > x; ls"), Ok("$(id) > x; ls".to_owned()));
    for command in ["ls", "rm -rf /", "cat", "cat a b", "", "sh -c echo"] {
        assert!(bash(command).is_err(), "{command}");
    }
}

#[test]
fn files_stay_in_the_working_folder() {
    for path in ["/etc/passwd", "../x", "a/b", ".", "..", "", "/"] {
        assert!(bash(&format!("cat {path}")).is_err(), "{path}");
        assert!(run("Write", &json!({ "file_path": path, "content": "x" })).is_err(), "{path}");
    }
}

#[test]
fn unknown_tools_and_missing_input_are_answered() {
    assert_eq!(run("Fetch", &json!({})), Err("there is no tool `Fetch`".to_owned()));
    assert_eq!(run("Bash", &json!({})), Err("`command` is missing".to_owned()));
}
