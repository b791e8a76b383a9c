#![allow(clippy::unwrap_used)]

use std::ffi::OsString;

use serde_json::json;

use super::Environment;
use crate::api::Opened;

fn scrub(names: &[&str], keep: &[&str]) -> Environment {
    let variables = names.iter().map(|name| (OsString::from(name), OsString::from("value")));
    let keep: Vec<String> = keep.iter().map(|&name| name.to_owned()).collect();
    Environment::scrubbed(variables, &keep)
}

fn opened() -> Opened {
    serde_json::from_value(json!({
        "token": "writ_ses_secret",
        "session": {
            "id": "ses_1", "developer": { "id": "dev_1", "login": "grace" }, "project": { "id": "prj_1", "name": "checkout" },
            "status": "active", "opened_at": "2026-11-22T00:00:00.000Z", "expires_at": "2026-11-22T08:00:00.000Z",
        },
    }))
    .unwrap()
}

#[test]
fn credentials_go_and_the_rest_stays() {
    let environment = scrub(
        &[
            "PATH",
            "HOME",
            "LANG",
            "SSH_AUTH_SOCK",
            "AWS_REGION",
            "AWS_PAGER",
            "AWS_PROFILE",
            "AWS_CONFIG_FILE",
            "AWS_ENDPOINT_URL_S3",
            "GOOGLE_CLOUD_PROJECT",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "AZURE_CONFIG_DIR",
            "KUBECONFIG",
            "PGHOST",
            "PGTZ",
            "DOCKER_HOST",
            "DOCKER_CONFIG",
            "npm_config_//npm.example.com/:_authToken",
            "DATABASE_URL",
            "MONKEY",
            "ANTHROPIC_MODEL",
            "ANTHROPIC_DEFAULT_OPUS_MODEL",
            "CLAUDE_CONFIG_DIR",
            "AWS_SECRET_ACCESS_KEY",
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_UNIX_SOCKET",
            "CLAUDE_CODE_USE_BEDROCK",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "WRIT_HOME",
            "MISTRAL_API_KEY",
            "CARGO_REGISTRIES_INTERNAL_TOKEN",
        ],
        &[],
    );
    assert_eq!(
        environment.removed,
        [
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_UNIX_SOCKET",
            "AWS_CONFIG_FILE",
            "AWS_ENDPOINT_URL_S3",
            "AWS_PROFILE",
            "AWS_SECRET_ACCESS_KEY",
            "AZURE_CONFIG_DIR",
            "CARGO_REGISTRIES_INTERNAL_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_USE_BEDROCK",
            "DOCKER_CONFIG",
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "KUBECONFIG",
            "MISTRAL_API_KEY",
            "PGHOST",
            "WRIT_HOME",
            "npm_config_//npm.example.com/:_authToken",
        ]
    );
    assert_eq!(environment.into_variables().len(), 14);
}

#[test]
fn a_credential_can_be_kept_but_no_way_around_the_gateway() {
    let environment =
        scrub(&["GH_TOKEN", "ANTHROPIC_API_KEY", "WRIT_HOME"], &["GH_TOKEN", "ANTHROPIC_API_KEY", "WRIT_HOME"]);
    assert_eq!(environment.removed, ["ANTHROPIC_API_KEY", "WRIT_HOME"]);
    assert!(environment.kept_back().is_empty());
}

#[test]
fn the_session_is_named_in_the_environment() {
    let carried = [("BAGGAGE".to_owned(), OsString::from("writ.session=ses_1"))];
    let variables = scrub(&["no_proxy"], &[])
        .for_child(&opened(), &"http://127.0.0.1:7878".parse().unwrap(), &carried)
        .into_variables();
    let get = |name: &str| variables.get(&OsString::from(name)).and_then(|value| value.to_str()).unwrap_or("");
    assert_eq!(get("ANTHROPIC_BASE_URL"), "http://127.0.0.1:7878");
    let holding: Vec<_> = variables.iter().filter(|(_, value)| value.to_string_lossy().contains("writ_ses_")).collect();
    assert!(holding.is_empty() && get("ANTHROPIC_AUTH_TOKEN").is_empty(), "the bearer is in no variable: {holding:?}");
    assert_eq!(get("WRIT_SESSION_ID"), "ses_1");
    assert_eq!(get("WRIT_DEVELOPER_ID"), "dev_1");
    assert_eq!(get("WRIT_PROJECT_ID"), "prj_1");
    assert_eq!(get("BAGGAGE"), "writ.session=ses_1");
    assert_eq!(get("no_proxy"), "value,127.0.0.1,localhost,::1");
}

#[test]
fn a_proxy_is_left_alone_for_a_server_elsewhere() {
    let variables = scrub(&["no_proxy"], &[])
        .for_child(&opened(), &"https://writ.example.com".parse().unwrap(), &[])
        .into_variables();
    assert_eq!(variables.get(&OsString::from("no_proxy")).unwrap(), "value");
    assert!(!variables.contains_key(&OsString::from("NO_PROXY")));
}

#[test]
fn an_outer_session_s_variables_are_known_and_not_passed_on() {
    let environment = scrub(&["WRIT_GIT_CONFIG_COUNT", "GIT_CONFIG_COUNT", "GH_TOKEN"], &[]);
    let before =
        ["WRIT_GIT_CONFIG_COUNT", "GIT_CONFIG_COUNT", "GH_TOKEN", "NOTHING"].map(|name| environment.before(name));
    assert_eq!(before, [Some("value"), Some("value"), None, None]);
    assert_eq!(environment.into_variables().len(), 1);
}

#[test]
fn programs_of_a_session_around_this_one_are_not_found() {
    let variables = [("PATH", "/tmp/writ-1/bin:/usr/bin:/tmp/writ-10/bin"), ("WRIT_SOCKET", "/tmp/writ-1/writ.sock")];
    let variables = variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let environment = Environment::scrubbed(variables, &[]);
    assert_eq!(environment.path().unwrap(), "/usr/bin:/tmp/writ-10/bin");
}
