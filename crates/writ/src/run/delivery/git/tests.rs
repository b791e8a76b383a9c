#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::*;
use crate::inside::Grant;

fn grant(name: &str) -> Grant {
    let (broker, target) = name.split_once('/').unwrap();
    serde_json::from_value(json!({ "broker": broker, "kind": "github", "target": target })).unwrap()
}

/// Runs stock git under the settings, with a home folder whose own helpers note that they were asked.
fn git(home: &Path, settings: &[(String, OsString)], arguments: &[&str], input: &str) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(home).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "");
    command.env("GIT_CONFIG_COUNT", settings.len().to_string());
    for (index, (key, value)) in settings.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{index}"), key).env(format!("GIT_CONFIG_VALUE_{index}"), value);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn git_asks_the_session_s_helper_and_none_of_the_developer_s() {
    let home = tempfile::tempdir().unwrap();
    let theirs = "[credential]\n helper = \"!echo password=theirs; echo username=x; touch asked;:\"\n\
                  [credential \"https://github.com\"]\n helper = \"!echo password=theirs; touch asked;:\"\n\
                  useHttpPath = false\n username = ada\n";
    fs::write(home.path().join(".gitconfig"), theirs).unwrap();
    let script = home.path().join("it's a helper");
    fs::write(&script, "#!/bin/sh\necho \"$@\" >said; cat >>said; echo username=u; echo password=ours\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let settings = settings(&Remotes::default(), &[script.into(), "--map".into(), "a b".into()]);
    let question = "url=https://github.com/acme/api.git\n\n";
    let answer = git(home.path(), &settings, &["credential", "fill"], question);
    assert!(answer.contains("password=ours\n") && answer.contains("path=acme/api.git\n"), "{answer}");
    assert!(!home.path().join("asked").exists());
    let said = fs::read_to_string(home.path().join("said")).unwrap();
    assert!(said.starts_with("--map a b get\n") && said.contains("path=acme/api.git\n"), "{said}");
    // without ours, theirs would have been asked
    git(home.path(), &[], &["credential", "fill"], question);
    assert!(home.path().join("asked").exists());
}

#[test]
fn clones_over_ssh_become_the_session_s_where_a_target_says_so() {
    let home = tempfile::tempdir().unwrap();
    let how = json!({ "host": "github.com", "path_prefix": "acme/", "rewrite_ssh": true });
    let grant = grant("github/acme");
    let (remotes, strange) = remotes(&[Wired { grant: &grant, how: &how }]);
    assert_eq!(strange, None);
    let settings = settings(&remotes, &["helper".into()]);
    for (address, expected) in [
        ("git@github.com:acme/api.git", "https://github.com/acme/api.git"),
        ("ssh://git@github.com/acme/api.git", "https://github.com/acme/api.git"),
        ("git@github.com:ada/dotfiles.git", "git@github.com:ada/dotfiles.git"),
    ] {
        assert_eq!(git(home.path(), &settings, &["ls-remote", "--get-url", address], "").trim_end(), expected);
    }
}

#[test]
fn the_grant_s_repositories_count_and_one_strange_target_spoils_no_other() {
    let how = json!({ "host": "github.com", "path_prefix": "acme/", "repositories": ["api", "web"] });
    let mut narrow = grant("github/acme");
    narrow.scope.insert(REPOSITORIES.to_owned(), vec!["api".to_owned()]);
    let strange = json!({ "host": 7 });
    let other = grant("github/other");
    let wired = [Wired { grant: &other, how: &strange }, Wired { grant: &narrow, how: &how }];
    let (remotes, strange) = remotes(&wired);
    assert!(strange.unwrap().to_string().contains("github/other"));
    let text = serde_json::to_value(&remotes).unwrap();
    assert_eq!((text.as_array().unwrap().len(), &text[0]["repositories"]), (1, &json!(["api"])));
}
