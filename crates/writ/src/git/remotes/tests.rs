#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

fn remotes(grants: &[(&str, Value, Option<&[&str]>)]) -> Remotes {
    let mut remotes = Remotes::default();
    for (name, how, granted) in grants {
        let (broker, target) = name.split_once('/').unwrap();
        let granted = granted.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        remotes.push(Remote::new(broker, target, how, granted.as_ref()).unwrap());
    }
    // as the helper reads it
    serde_json::from_str(&serde_json::to_string(&remotes).unwrap()).unwrap()
}

fn found(remotes: &Remotes, url: &str) -> Result<String, String> {
    let (protocol, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let lines = [format!("protocol={protocol}"), format!("host={host}")];
    let path = path.map(|path| format!("path={path}"));
    let text: String = lines.into_iter().chain(path).map(|line| line + "\n").collect();
    let found = remotes.find(&Asked::read(&text).unwrap());
    found.map(|remote| format!("{}/{}", remote.broker, remote.target)).map_err(|error| error.to_string())
}

#[test]
fn a_remote_is_found_by_protocol_host_and_path() {
    let remotes = remotes(&[
        ("github/acme", json!({ "host": "github.com", "path_prefix": "acme/", "repositories": ["api", "web"] }), None),
        ("github/docs", json!({ "host": "github.com", "path_prefix": "acme-docs/" }), Some(&["*"])),
        ("internal/git", json!({ "protocol": "http", "host": "127.0.0.1:5590" }), Some(&["group/sub/api"])),
    ]);
    for (url, expected) in [
        ("https://github.com/acme/api.git", "github/acme"),
        ("https://github.com/acme/api", "github/acme"),
        ("https://GitHub.com/Acme/API.git/info/lfs", "github/acme"),
        ("https://github.com/acme-docs/anything.git", "github/docs"),
        ("http://127.0.0.1:5590/group/sub/api.git", "internal/git"),
        // a tool that asks for the server as a whole
        ("https://github.com", "github/acme"),
    ] {
        assert_eq!(found(&remotes, url).as_deref(), Ok(expected), "{url}");
    }
    for (url, expected) in [
        (
            "https://github.com/acme/billing.git",
            "no grant for acme/billing.git; at this server it has acme/api, acme/web",
        ),
        ("https://github.com/acme/api2.git", "no grant for acme/api2.git"),
        ("https://github.com/acme/api.gitx", "no grant for acme/api.gitx"),
        ("https://github.com/acme", "no grant for acme;"),
        ("https://github.com/evil/api.git", "everything below acme-docs/"),
        ("https://github.com.evil.example/acme/api.git", "no grant for git at https://github.com.evil.example"),
        ("http://github.com/acme/api.git", "no grant for git at http://github.com"),
        ("https://127.0.0.1:5590/group/sub/api.git", "no grant for git at https://127.0.0.1:5590"),
        ("http://127.0.0.1:5591/group/sub/api.git", "no grant for git at http://127.0.0.1:5591"),
        ("http://127.0.0.1:5590/api.git", "it has group/sub/api"),
    ] {
        let error = found(&remotes, url).unwrap_err();
        assert!(error.contains(expected), "{url}: {error}");
    }
}

#[test]
fn the_longest_prefix_counts() {
    let remotes = remotes(&[
        ("a/all", json!({ "host": "git.example.com" }), None),
        ("a/team", json!({ "host": "git.example.com", "path_prefix": "team/" }), None),
        ("a/inner", json!({ "host": "git.example.com", "path_prefix": "team/in/", "repositories": ["x"] }), None),
    ]);
    for (path, expected) in
        [("other/x", "a/all"), ("team/x", "a/team"), ("team/in/x", "a/inner"), ("team/in/y", "a/team")]
    {
        assert_eq!(found(&remotes, &format!("https://git.example.com/{path}")).as_deref(), Ok(expected), "{path}");
    }
}

#[test]
fn a_long_list_is_told_in_part() {
    let names: Vec<String> = (0..500).map(|number| format!("r{number}")).collect();
    let remotes = remotes(&[("a/b", json!({ "host": "h", "repositories": names }), None)]);
    let error = found(&remotes, "https://h/other").unwrap_err();
    assert!(error.ends_with(&format!("and {} more", 500 - REMOTES_TOLD_MAX)) && error.len() < 400, "{error}");
}

#[test]
fn what_cannot_be_told_to_git_is_no_remote() {
    for how in [
        json!({}),
        json!({ "host": "h\nevil" }),
        json!({ "host": "h", "path_prefix": "it's/" }),
        json!({ "host": "h", "protocol": "ssh" }),
        json!({ "host": "h", "auth": "digest" }),
    ] {
        assert!(Remote::new("a", "b", &how, None).is_err(), "{how}");
    }
}

#[test]
fn ssh_addresses_are_rewritten_where_a_target_says_so_and_no_further() {
    let rewrites = |how| Remote::new("a", "b", &how, None).unwrap().rewrites();
    let asked = json!({ "host": "github.com:8443", "path_prefix": "acme/", "rewrite_ssh": true });
    let over_ssh = ["git@github.com:acme/".to_owned(), "ssh://git@github.com/acme/".to_owned()];
    assert_eq!(rewrites(asked), Some(("https://github.com:8443/acme/".to_owned(), over_ssh)));
    assert_eq!(rewrites(json!({ "host": "github.com", "path_prefix": "acme/" })), None);
    assert_eq!(rewrites(json!({ "host": "github.com", "rewrite_ssh": true })), None);
}
