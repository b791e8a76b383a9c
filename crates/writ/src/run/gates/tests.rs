#![allow(clippy::unwrap_used)]

use std::process::Command;

use super::*;

fn gate(prefix: &str, called: Option<&str>) -> Gate {
    Gate { prefix: prefix.to_owned(), called: called.map(str::to_owned) }
}

/// Whether git itself reads the options in a repository with this remote.
fn is_told(gates: &Gates, remote: &str) -> bool {
    let folder = SessionFolder::make().unwrap();
    let options = folder.path().join("options");
    std::fs::write(&options, "[push]\n\tpushOption = here\n").unwrap();
    let (key, value) = gates.write(&folder, &options).unwrap().unwrap();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder.path());
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", &key);
        git.env("GIT_CONFIG_VALUE_0", &value).current_dir(folder.path()).args(arguments).output().unwrap()
    };
    assert!(git(&["init", "-q", "."]).status.success());
    assert!(git(&["remote", "add", "origin", remote]).status.success());
    let said = git(&["config", "--get-all", "push.pushOption"]);
    String::from_utf8(said.stdout).unwrap() == "here\n"
}

#[test]
fn only_remotes_of_gates_get_the_options() {
    let mut gates = Gates::default();
    gates.told(
        [
            "https://git.example.com",
            "git@git.example.com:",
            "/srv/git/api.git",
            "http://127.0.0.1:8080/a[b]/",
            "/x/one",
        ]
        .map(str::to_owned),
    );
    for remote in [
        "https://git.example.com/acme/api.git",
        "https://git.example.com/api",
        "https://ada@git.example.com/acme/deep/api",
        "git@git.example.com:api.git",
        "git@git.example.com:acme/deep/api.git",
        "/srv/git/api.git",
        "http://127.0.0.1:8080/a[b]/c.git",
        "/x/one.git",
    ] {
        assert!(is_told(&gates, remote), "{remote}");
    }
    for remote in [
        "https://git.example.com.evil.org/acme/api.git",
        "https://github.com/acme/api.git",
        "https://github.com/https://git.example.com/x",
        "git@github.com:acme/api.git",
        "/srv/git/api.git2",
        "/srv/git/other.git",
        "http://127.0.0.1:8080/ab/c.git",
        "http://127.0.0.1:8081/a[b]/c.git",
    ] {
        assert!(!is_told(&gates, remote), "{remote}");
    }
}

#[test]
fn a_proxy_is_named_after_what_it_stands_for() {
    let mut gates = Gates::default();
    gates.extend([
        gate("https://proxy.example.com:8443/acme/", Some("GitHub.com")),
        gate("https://git.example.com", None),
    ]);
    for (url, expected) in [
        ("https://proxy.example.com:8443/acme/api.git", Some("github.com/acme/api")),
        ("https://ada@proxy.example.com:8443/acme/deep/api/", Some("github.com/acme/deep/api")),
        ("https://proxy.example.com:8443/other/api.git", None),
        ("https://proxy.example.com/acme/api.git", None),
        ("http://proxy.example.com:8443/acme/api.git", None),
        ("https://git.example.com/acme/api.git", None),
        ("git@proxy.example.com:acme/api.git", None),
    ] {
        assert_eq!(gates.name_of(url).as_deref(), expected, "{url}");
    }
}

#[test]
fn what_is_no_address_is_left_out() {
    let folder = SessionFolder::make().unwrap();
    let mut gates = Gates::default();
    gates.told(["", "a\nb"].map(str::to_owned));
    assert_eq!(gates.write(&folder, Path::new("/x")).unwrap(), None);
    gates.told((0..GATES_MAX + 9).map(|number| format!("/srv/{number}")));
    assert_eq!(gates.0.len(), GATES_MAX);
}
