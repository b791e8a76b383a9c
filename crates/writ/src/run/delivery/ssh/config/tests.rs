#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use super::*;

fn host(host: &str, port: Option<u16>, user: Option<&str>) -> Host {
    Host { host: host.to_owned(), port, user: user.map(str::to_owned) }
}

fn section(socket: &str, hosts: Vec<Host>) -> Section {
    Section { socket: socket.into(), hosts }
}

/// What stock `ssh` makes of it for a host: `key value` lines.
fn understood(text: &str, host: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, text).unwrap();
    let output = Command::new("ssh").args(["-G", "-F"]).arg(&path).arg(host).output();
    let output = output.expect("ssh is needed: install openssh-client");
    assert!(output.status.success(), "{output:?}");
    let wanted = ["user ", "port ", "identityagent ", "identityfile "];
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| wanted.iter().any(|wanted| line.starts_with(wanted)));
    lines.map(str::to_owned).collect()
}

#[test]
fn stock_ssh_finds_account_port_and_agent_of_a_host() {
    let sections = [
        section("/tmp/a b/0.sock", vec![host("*.staging.example.com", Some(2222), Some("deploy"))]),
        section("/tmp/50%/1.sock", vec![host("10.0.0.?", None, None), host("db", None, Some("logs"))]),
    ];
    let text = text(&sections, &Elsewhere::AsBefore).unwrap();
    let told = understood(&text, "web.staging.example.com");
    assert_eq!(told[..2], ["user deploy", "port 2222"]);
    assert!(told.contains(&"identityagent /tmp/a b/0.sock".to_owned()), "{told:?}");
    assert!(told.contains(&"identityfile none".to_owned()), "{told:?}");
    let told = understood(&text, "10.0.0.7");
    assert!(told.contains(&"port 22".to_owned()) && told.iter().any(|line| line.ends_with("/1.sock")), "{told:?}");
    assert_eq!(understood(&text, "db")[0], "user logs");
    let told = understood(&text, "github.com");
    assert!(!told.iter().any(|line| line.ends_with(".sock")), "{told:?}");
}

#[test]
fn what_could_be_read_as_more_is_refused() {
    for wrong in ["a b", "a\nProxyCommand evil", "", "-a", "!a", "\"", "a,b"] {
        assert!(text(&[section("/tmp/0.sock", vec![host(wrong, None, None)])], &Elsewhere::Nobody).is_err(), "{wrong}");
        assert!(
            text(&[section("/tmp/0.sock", vec![host("a", None, Some(wrong))])], &Elsewhere::Nobody).is_err(),
            "{wrong}"
        );
    }
    assert!(text(&[section("/tmp/\"x/0.sock", vec![host("a", None, None)])], &Elsewhere::Nobody).is_err());
}

#[test]
fn other_hosts_are_shown_only_keys_that_may_be_theirs() {
    let sections = [section("/tmp/0.sock", vec![host("web", None, None)])];
    let agent_for = |elsewhere: &Elsewhere, host: &str| {
        let told = understood(&text(&sections, elsewhere).unwrap(), host);
        told.into_iter().find_map(|line| line.strip_prefix("identityagent ").map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(agent_for(&Elsewhere::Nobody, "web"), some("/tmp/0.sock"));
    assert_eq!(agent_for(&Elsewhere::Nobody, "github.com"), some("none"));
    assert_eq!(agent_for(&Elsewhere::Agent("/tmp/rest.sock".into()), "github.com"), some("/tmp/rest.sock"));
    assert_eq!(agent_for(&Elsewhere::AsBefore, "github.com"), None);
}
