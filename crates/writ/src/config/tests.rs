#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use super::{Config, Overrides, SECTIONS};

const UPSTREAM: &str = "[[upstreams]]\nname = 'a'\nbase_url = 'https://a.example'\nkey_env = 'K'\n";

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, "writ.toml").map_err(|error| error.to_string())
}

/// What `text` is refused with, when its syntax is right.
fn refused(text: &str) -> String {
    parse(text).unwrap().settings().unwrap_err().to_string()
}

#[test]
fn the_empty_file_is_a_configuration() {
    let settings = parse("").unwrap().settings().unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:7878");
    assert_eq!(settings.upstreams[0].base_url, "https://api.anthropic.com");
    assert_eq!(settings.shutdown_grace.as_secs(), 30);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
    let text = "listen = '127.0.0.1:1'\n\n[log]\nlevle = 'info'\n";
    assert_eq!(parse(text).unwrap_err(), "error: writ.toml:4: unknown key `levle`\nhint: did you mean `level`?");
    let error = parse("lisen = '127.0.0.1:1'").unwrap_err();
    assert_eq!(error, "error: writ.toml:1: unknown key `lisen`\nhint: did you mean `listen`?");
    let error = parse("[[upstreams]]\nbase-url = 'x'").unwrap_err();
    assert_eq!(error, "error: writ.toml:2: unknown key `base-url`\nhint: did you mean `base_url`?");
}

#[test]
fn a_key_like_nothing_gets_the_list() {
    let error = parse("[tls]\nwhatever = 1").unwrap_err();
    assert_eq!(error, "error: writ.toml:2: unknown key `whatever`\nhint: known here: certificate, key");
}

#[test]
fn wrong_values_are_named_with_their_line() {
    for (text, line) in [
        ("data_dir = 'x'\nlisten = 'nowhere'", 2),
        ("shutdown_grace = '30'", 1),
        ("synchronous = 'maybe'", 1),
        ("\n\n[log]\nformat = 'xml'", 4),
        ("listen = ", 1),
        ("listen = '127.0.0.1:1'\nlisten = '127.0.0.1:2'", 2),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(&format!("error: writ.toml:{line}: ")), "{text}: {error}");
    }
}

#[test]
fn plain_http_stays_on_loopback() {
    let error = refused("listen = '0.0.0.0:7878'");
    assert!(error.starts_with("error: listen: `0.0.0.0:7878` is not loopback"), "{error}");
    let error = refused("[[upstreams]]\nname = 'a'\nbase_url = 'http://a.example'\nkey_env = 'K'\n");
    assert!(error.starts_with("error: upstreams[0].base_url: "), "{error}");
    assert!(parse("listen = '[::1]:7878'").unwrap().settings().is_ok());
}

#[test]
fn half_a_configuration_is_refused_by_field() {
    for (text, field) in [
        ("[tls]\ncertificate = '/nowhere.pem'", "tls.certificate: cannot read"),
        ("[tls]\nkey = 'k'", "tls.certificate: is missing"),
        ("[[upstreams]]\nname = 'a'", "upstreams[0].base_url: is missing"),
        ("[[upstreams]]\nbase_url = 'https://a.example'\nkey_env = 'K'", "upstreams[0].name: is missing"),
        ("[[upstreams]]\nname = 'a'\nbase_url = 'https://a.example'", "upstreams[0].key_file: one of"),
        ("[prices]\nmultiplier = '2'", "prices.multiplier: `2`"),
        ("[prices]\noverrides = '/nowhere.json'", "prices.overrides: cannot read"),
        ("public_url = 'writ'", "public_url: `writ` is not a URL"),
        ("database = 'mysql://root:secret@h/d'", "database: expected"),
        ("seal_key_command = []", "seal_key_command: names no program"),
        ("seal_key_command = ['']", "seal_key_command: names no program"),
        ("archive = ''", "archive: `` is neither a folder nor"),
        ("archive = 'gs://bucket'", "archive: `gs://bucket` is neither a folder nor"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(&format!("error: {field}")), "{text}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    let error = refused(&UPSTREAM.repeat(9));
    assert_eq!(error, "error: upstreams: 9 model services, the limit is 8");
}

#[test]
fn a_missing_secret_is_named_not_shown() {
    let config = parse(UPSTREAM).unwrap();
    let error = config.check_secrets(&|_| None).unwrap_err().to_string();
    assert_eq!(error, "error: upstreams[0].key_env: the variable `K` is not set");
    assert!(config.check_secrets(&|name| (name == "K").then(|| "x".to_owned())).is_ok());
}

#[test]
fn the_command_line_wins_over_the_environment_over_the_file() {
    let config = || parse("listen = '127.0.0.1:1'\ndatabase = 'sqlite:a'").unwrap();
    let variable = |name: &str| (name == "WRIT_LISTEN").then(|| "127.0.0.1:2".to_owned());
    let listen = Some("127.0.0.1:3".parse().unwrap());
    let both = config().overridden(Overrides { listen, ..Overrides::default() }, &variable).unwrap();
    assert_eq!(both.listen.port(), 3);
    let by_variable = config().overridden(Overrides::default(), &variable).unwrap();
    assert_eq!((by_variable.listen.port(), by_variable.database.as_deref()), (2, Some("sqlite:a")));
    let error = config().overridden(Overrides::default(), &|_| Some("x".to_owned())).unwrap_err().to_string();
    assert!(error.starts_with("error: WRIT_LISTEN: `x`"), "{error}");
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("writ.toml");
    std::fs::write(&file, format!("data_dir = 'data'\n{UPSTREAM}").replace("key_env = 'K'", "key_file = 'key'"))
        .unwrap();
    let config = Config::read(&file).unwrap();
    assert_eq!(config.data_dir, folder.path().join("data"));
    assert_eq!(config.upstreams[0].key_file, Some(folder.path().join("key")));
    let error = Config::read(Path::new("/nowhere/writ.toml")).unwrap_err().to_string();
    assert!(error.starts_with("error: cannot read `/nowhere/writ.toml`"), "{error}");
}

#[test]
fn every_key_is_documented() {
    for section in SECTIONS {
        assert!(!section.doc.is_empty());
        for key in section.keys {
            assert!(!key.doc.is_empty() && !key.default.is_empty(), "{}", key.name);
        }
    }
}

#[test]
fn relying_parties_that_ask_have_an_audience_and_one_secret() {
    const PARTY: &str = "[[introspection]]\naudience = 'git.example.com'\nsecret_env = 'S'\n";
    for (text, error) in [
        ("secret_env = 'S'", "audience: is missing"),
        ("audience = ''\nsecret_env = 'S'", "audience: is missing"),
        ("audience = 'a'", "secret_file: one of secret_file and secret_env is needed"),
        ("audience = 'a'\nsecret_env = 'S'\nsecret_file = 's'", "secret_file: only one of"),
    ] {
        let refused = refused(&format!("[[introspection]]\n{text}\n"));
        assert!(refused.starts_with(&format!("error: introspection[0].{error}")), "{text}: {refused}");
    }
    assert_eq!(refused(&PARTY.repeat(65)), "error: introspection: 65 relying parties, the limit is 64");
    let settings = parse(PARTY).unwrap().settings().unwrap();
    assert_eq!(settings.introspection[0].audience, "git.example.com");
}

const WEBHOOK: &str = "[[exports]]\nname = 'a'\nkind = 'webhook'\nurl = 'https://a.example'\nsecret_env = 'S'\n";

#[test]
fn an_export_has_what_its_kind_needs_and_nothing_else() {
    for (text, error) in [
        ("name = 'a'", "kind: is missing"),
        ("kind = 'file'", "name: is missing"),
        ("name = 'a'\nkind = 'file'", "path: is missing"),
        ("name = 'a'\nkind = 'otlp'", "url: is missing"),
        (
            "name = 'a'\nkind = 'otlp'\nurl = 'http://a.example/v1/logs'",
            "url: `http://a.example/v1/logs` is plain http",
        ),
        ("name = 'a'\nkind = 'webhook'\nurl = 'https://a.example'", "secret_file: one of"),
        ("name = 'a'\nkind = 'syslog'", "address: is missing"),
        ("name = 'a'\nkind = 'syslog'\naddress = 'udp://10.0.0.1:514'", "address: `udp://10.0.0.1:514` is plain udp"),
        ("name = 'a'\nkind = 'syslog'\naddress = 'unix:/dev/log'\nformat = 'ocsf'", "format: does not belong"),
        ("name = 'a'\nkind = 'file'\npath = 'x'\nurl = 'https://a.example'", "url: does not belong"),
        ("name = 'a'\nkind = 'file'\npath = 'x'\nsecret_env = 'S'", "secret_file: does not belong"),
    ] {
        let refused = refused(&format!("[[exports]]\n{text}\n"));
        assert!(refused.starts_with(&format!("error: exports[0].{error}")), "{text}: {refused}");
    }
    assert!(refused(&format!("{WEBHOOK}batch = 201\n")).starts_with("error: exports[0].batch: 201 events"));
    assert!(refused(&format!("{WEBHOOK}batch = 0\n")).starts_with("error: exports[0].batch: 0 events"));
    assert_eq!(refused(&WEBHOOK.repeat(2)), "error: exports[1].name: `a` is used twice");
    assert_eq!(refused(&WEBHOOK.repeat(17)), "error: exports: 17 exports, the limit is 16");
    let exports = parse(WEBHOOK).unwrap().settings().unwrap().exports;
    assert_eq!(exports[0].kind(), ("webhook", "cloudevents"));
    assert!(exports[0].wants("call.settled") && exports[0].retry_for.as_secs() == 3600);
}

#[test]
fn a_missing_export_secret_is_named_not_shown() {
    let config = parse(&format!("{UPSTREAM}{WEBHOOK}")).unwrap();
    let variables = |name: &str| (name == "K").then(|| "x".to_owned());
    let error = config.check_secrets(&variables).unwrap_err().to_string();
    assert_eq!(error, "error: exports[0].secret_env: the variable `S` is not set");
}
