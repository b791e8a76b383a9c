use std::path::Path;

use super::super::git::{Git, Trust};
use super::{Setting, is_relative_path, list, render};

#[tokio::test]
async fn git_reads_back_what_is_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let git = Git::at(folder.path(), Trust::Agent).with("HOME", folder.path()).with("GIT_CONFIG_NOSYSTEM", "1");
    git.run(&["init", "--quiet", "--template=", "."]).await.unwrap();
    let settings = [
        Setting::local("remote.origin.url", "git@example.com:acme/api.git"),
        Setting::local("url.https://example.com/.insteadof", "gh: "),
        Setting::local("branch.a \"quoted\\ one\".remote", "origin"),
        Setting::local("alias.odd", "!f() { echo \"x\\y\"; # no comment\n\techo ; }; f"),
        Setting::local("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        Setting::local("remote.origin.fetch", "+refs/notes/*:refs/notes/*"),
        Setting { scope: "local".to_owned(), key: "core.editor".to_owned(), value: None },
    ];
    let path = folder.path().join(".git/config");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str(&render(&settings));
    std::fs::write(&path, text).unwrap();
    let read = list(&git).await.unwrap();
    let ours: Vec<_> = read.into_iter().filter(|setting| setting.is_local() && setting.travels()).collect();
    assert_eq!(ours, settings);
}

#[test]
fn only_relative_paths_are_anchored() {
    for (address, expected) in [
        ("../api.git", true),
        ("api.git", true),
        ("./x:y", true),
        ("/srv/api.git", false),
        ("git@example.com:acme/api.git", false),
        ("https://example.com/api.git", false),
        ("~/api.git", false),
        ("", false),
    ] {
        assert_eq!(is_relative_path(address), expected, "{address}");
    }
    let mut setting = Setting::local("remote.origin.url", "../api.git");
    setting.anchor(Path::new("/home/grace/checkout"));
    assert_eq!(setting.value(), "/home/grace/checkout/../api.git");
    let mut setting = Setting::local("core.hookspath", "hooks");
    setting.anchor(Path::new("/home/grace/checkout"));
    assert_eq!(setting.value(), "hooks");
}
