#![allow(clippy::unwrap_used, clippy::panic)]

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{Bound, ClaudeArguments, SettingsFile, is_claude};
use crate::api::Opened;

fn take(arguments: &[&str]) -> Result<ClaudeArguments, String> {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    ClaudeArguments::take(&arguments).map_err(|error| error.to_string())
}

fn settings(arguments: &[&str]) -> Value {
    let carried = [
        ("CLAUDE_CODE_EXTRA_METADATA".to_owned(), OsString::from(r#"{"writ.session.id":"ses_1"}"#)),
        ("OTEL_RESOURCE_ATTRIBUTES".to_owned(), OsString::from("writ.session.id=ses_1,enduser.id=dev_1")),
        ("BAGGAGE".to_owned(), OsString::from("not the client's")),
    ];
    bound(arguments, &carried, &[])
}

fn bound(arguments: &[&str], carried: &[(String, OsString)], delivered: &[(String, OsString)]) -> Value {
    let (server, opened) = (&"http://127.0.0.1:1".parse().unwrap(), &opened());
    take(arguments).unwrap().settings(&Bound { server, opened, key_helper: "give-key", carried, delivered })
}

fn opened() -> Opened {
    serde_json::from_value(json!({
        "token": "writ_ses_x",
        "session": {
            "id": "ses_1", "developer": { "id": "dev_1", "login": "grace" }, "status": "active", "url": "http://x/ses_1",
            "opened_at": "2026-11-22T00:00:00.000Z", "expires_at": "2026-11-22T08:00:00.000Z",
        },
    }))
    .unwrap()
}

#[test]
fn claude_is_known_by_its_name() {
    for (program, known) in
        [("claude", true), ("/opt/bin/claude", true), ("./claude", true), ("claude-code", false), ("bash", false)]
    {
        assert_eq!(is_claude(OsStr::new(program)), known, "{program}");
    }
}

#[test]
fn the_session_wins_over_the_developers_settings() {
    let theirs = r#"{"model":"opus","apiKeyHelper":"steal","env":{"FOO":"1","ANTHROPIC_BASE_URL":"http://evil","ANTHROPIC_API_KEY":"k"}}"#;
    let merged = settings(&["-p", "--settings", theirs, "go"]);
    assert_eq!(merged["model"], "opus");
    assert_eq!(merged["apiKeyHelper"], "give-key");
    assert_eq!(merged["env"]["FOO"], "1");
    assert_eq!(merged["env"]["ANTHROPIC_BASE_URL"], "http://127.0.0.1:1");
    assert_eq!(merged["env"]["ANTHROPIC_AUTH_TOKEN"], "");
    assert_eq!(merged["env"]["ANTHROPIC_API_KEY"], "");
    // A week: the longest that a session lives.
    assert_eq!(merged["env"]["CLAUDE_CODE_API_KEY_HELPER_TTL_MS"], "604800000");
    assert_eq!(merged["env"]["CLAUDE_CODE_USE_BEDROCK"], "0");
    assert!(!merged.to_string().contains("writ_ses_"), "the bearer is in no file: {merged}");
}

#[test]
fn a_client_inside_has_its_own_settings_below_the_session_s() {
    let theirs = r#"{"model":"opus","apiKeyHelper":"steal","env":{"FOO":"1","ANTHROPIC_API_KEY":"k"}}"#;
    let arguments = take(&["-p", "--settings", theirs, "go"]).unwrap();
    assert!(arguments.has_settings() && !take(&["-p", "go"]).unwrap().has_settings());
    let Value::Object(session) = settings(&[]) else { panic!("no object") };
    let merged = arguments.below(session);
    assert_eq!((&merged["model"], &merged["apiKeyHelper"]), (&json!("opus"), &json!("give-key")));
    let env = ["FOO", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"].map(|name| merged["env"][name].as_str().unwrap());
    assert_eq!(env, ["1", "", "http://127.0.0.1:1"]);
}

#[test]
fn what_carries_the_session_goes_over_the_developers_settings() {
    let merged = settings(&[]);
    assert_eq!(merged["env"]["CLAUDE_CODE_EXTRA_METADATA"], r#"{"writ.session.id":"ses_1"}"#);
    assert_eq!(merged["env"]["OTEL_RESOURCE_ATTRIBUTES"], "writ.session.id=ses_1,enduser.id=dev_1");
    assert_eq!(merged["env"].get("BAGGAGE"), None);
    let theirs = r#"{"env":{"OTEL_RESOURCE_ATTRIBUTES":"service.name=shop","CLAUDE_CODE_EXTRA_METADATA":"{\"a\":1}"}}"#;
    let merged = settings(&["--settings", theirs]);
    let attributes = "service.name=shop,writ.session.id=ses_1,enduser.id=dev_1";
    assert_eq!(merged["env"]["OTEL_RESOURCE_ATTRIBUTES"], attributes);
    assert_eq!(merged["env"]["CLAUDE_CODE_EXTRA_METADATA"], r#"{"a":1,"writ.session.id":"ses_1"}"#);
}

#[test]
fn attribution_keeps_the_developers_texts_and_adds_the_session() {
    let trailers = "Agent-Session: ses_1\nAgent-Developer: grace";
    let of = |theirs: &str| settings(&["--settings", theirs])["attribution"].clone();
    let own = of(r#"{"attribution":{"commit":"Mine","pr":""}}"#);
    assert_eq!(own["commit"], format!("Mine\n{trailers}"));
    assert_eq!(own["pr"], format!("{trailers}\nhttp://x/ses_1"));
    for off in [r#"{"attribution":false}"#, r#"{"includeCoAuthoredBy":false}"#] {
        assert_eq!(of(off)["commit"], trailers, "{off}");
    }
}

#[test]
fn only_the_settings_leave_the_arguments() {
    assert_eq!(take(&["-p", "--settings", "{}", "go", "--model", "x"]).unwrap().rest, ["-p", "go", "--model", "x"]);
    assert_eq!(take(&["--settings={}", "go"]).unwrap().rest, ["go"]);
    assert_eq!(take(&["-p", "--", "--settings", "{}"]).unwrap().rest, ["-p", "--", "--settings", "{}"]);
    assert_eq!(
        settings(&["--settings", r#"{"a":1}"#, "--settings", r#"{"b":1}"#]).get("a"),
        None,
        "the last one counts"
    );
}

#[test]
fn settings_may_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.json");
    std::fs::write(&file, r#"{"env":"no object","model":"opus"}"#).unwrap();
    assert_eq!(settings(&["--settings", file.to_str().unwrap()])["model"], "opus");
    let error = take(&["--settings", "/nowhere.json"]).unwrap_err();
    assert!(error.starts_with("error: cannot read claude's settings `/nowhere.json`"), "{error}");
}

#[test]
fn broken_settings_are_refused_before_a_session_is_opened() {
    assert!(take(&["--settings", "{"]).unwrap_err().contains("not JSON"));
    assert!(take(&["--settings"]).unwrap_err().contains("no value"));
}

#[test]
fn the_file_is_for_its_owner_and_goes_away() {
    let file = SettingsFile::write(&json!({"env": {}})).unwrap();
    let path = file.path().to_owned();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), r#"{"env":{}}"#);
    drop(file);
    assert!(!path.exists());
}

#[test]
fn where_credentials_are_wins_over_the_developers_settings() {
    let theirs = r#"{"env":{"AWS_PROFILE":"prod","AWS_CONFIG_FILE":"/theirs","EDITOR":"vi"}}"#;
    let delivered = [("AWS_CONFIG_FILE".to_owned(), OsString::from("/session"))];
    let env = bound(&["--settings", theirs], &[], &delivered)["env"].clone();
    assert_eq!((&env["AWS_CONFIG_FILE"], &env["EDITOR"]), (&Value::from("/session"), &Value::from("vi")));
    assert_eq!(env.get("AWS_PROFILE"), None);
    assert_eq!(env["ANTHROPIC_AUTH_TOKEN"], "", "what is blanked stays blank");
    let env = bound(&["--settings", theirs], &[], &[])["env"].clone();
    assert_eq!(env["AWS_PROFILE"], "prod", "without credentials of the session's it is the developer's business");
}
