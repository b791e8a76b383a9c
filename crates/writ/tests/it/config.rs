//! What `writ serve` and `writ check-config` say to a configuration they do not take: the field, on standard error, with
//! the exit code of a usage error, and nothing started.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::support::process::WRIT;
use crate::support::{run, within};

const UPSTREAM: &str = "[[upstreams]]\nname = \"a\"\nbase_url = \"http://127.0.0.1:9\"\nkey_file = \"key\"\n";

/// Runs a command of writ on a file with this text and a key beside it.
fn command(verb: &str, text: &str, variables: &[(&str, &str)]) -> (TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("writ.toml");
    std::fs::write(&config, text).unwrap();
    std::fs::write(folder.path().join("key"), "sk-ant-THE-KEY\n").unwrap();
    let mut command = Command::new(WRIT);
    command.env_clear().envs(variables.iter().copied()).stdin(Stdio::null()).current_dir(folder.path());
    match verb {
        "serve" => command.args(["serve", "--config"]).arg(&config),
        verb => command.arg(verb).arg(&config),
    };
    let output = ended(command);
    (folder, output)
}

/// Runs a process that must end by itself; a control plane that started after all is killed.
fn ended(command: Command) -> Output {
    let mut command = tokio::process::Command::from(command);
    run(async { within("a refused start to end", command.kill_on_drop(true).output()).await.unwrap() })
}

/// What `serve` says when it does not start; paths and the exit code made comparable.
fn refused(text: &str) -> String {
    let (folder, output) = command("serve", text, &[]);
    assert!(!folder.path().join("data").exists(), "something was started");
    said(folder.path(), &output)
}

fn said(folder: &Path, output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!text.contains("THE-KEY") && !text.contains("panicked"), "{text}");
    let text = text.replace(&folder.display().to_string(), "FOLDER");
    format!("exit {}\n{}", output.status.code().unwrap(), text.trim_end())
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    assert_snapshot!(refused(&format!("data_dir = \"data\"\nlisten_on = \"127.0.0.1:0\"\n{UPSTREAM}")), @"
    exit 2
    error: FOLDER/writ.toml:2: unknown key `listen_on`
    hint: did you mean `listen`?
    ");
    assert_snapshot!(refused("\n\n[log]\nlevle = \"info\"\n"), @"
    exit 2
    error: FOLDER/writ.toml:4: unknown key `levle`
    hint: did you mean `level`?
    ");
}

#[test]
fn text_that_is_not_toml_is_named_with_its_line() {
    assert_snapshot!(refused("data_dir = \"data\"\nlisten = 127.0.0.1:0\n"), @"
    exit 2
    error: FOLDER/writ.toml:2: invalid float, expected nothing
    ");
}

#[test]
fn plain_http_beyond_loopback_is_refused() {
    assert_snapshot!(refused(&format!("data_dir = \"data\"\nlisten = \"0.0.0.0:0\"\n{UPSTREAM}")), @"
    exit 2
    error: listen: `0.0.0.0:0` is not loopback, and plain http is only allowed there
    hint: add a [tls] table with certificate and key, or listen on 127.0.0.1 behind a TLS proxy
    ");
}

#[test]
fn half_a_tls_table_is_refused() {
    let text = format!("data_dir = \"data\"\n{UPSTREAM}[tls]\ncertificate = \"cert.pem\"\n");
    assert_snapshot!(refused(&text), @"
    exit 2
    error: tls.certificate: cannot read `FOLDER/cert.pem`: No such file or directory (os error 2)
    ");
}

#[test]
fn certificates_that_are_none_are_refused() {
    let text = format!(
        "data_dir = \"data\"\nlisten = \"127.0.0.1:0\"\n{UPSTREAM}[tls]\ncertificate = \"key\"\nkey = \"key\"\n"
    );
    assert_snapshot!(refused(&text), @"
    exit 1
    error: cannot start the control plane: `tls.key`: `FOLDER/key`: no items found
    ");
}

#[test]
fn an_upstream_key_that_cannot_be_read_is_named_not_shown() {
    assert_snapshot!(refused(&format!("data_dir = \"data\"\n{}", UPSTREAM.replace("\"key\"", "\"nowhere\""))), @"
    exit 2
    error: upstreams[0].key_file: cannot read `FOLDER/nowhere`: No such file or directory (os error 2)
    ");
    let by_variable = UPSTREAM.replace("key_file = \"key\"", "key_env = \"NO_SUCH_KEY\"");
    assert_snapshot!(refused(&format!("data_dir = \"data\"\n{by_variable}")), @"
    exit 2
    error: upstreams[0].key_env: the variable `NO_SUCH_KEY` is not set
    ");
    assert_snapshot!(refused("data_dir = \"data\"\n"), @"
    exit 2
    error: upstreams[0].key_env: the variable `ANTHROPIC_API_KEY` is not set
    ");
}

#[test]
fn two_upstreams_of_one_name_are_refused() {
    assert_snapshot!(refused(&format!("data_dir = \"data\"\n{UPSTREAM}{UPSTREAM}")), @"
    exit 2
    error: upstreams[1].name: `a` is used twice
    ");
}

#[test]
fn an_unknown_database_is_refused_without_its_password() {
    let text = format!("data_dir = \"data\"\ndatabase = \"mysql://root:hunter2@db/writ\"\n{UPSTREAM}");
    let said = refused(&text);
    assert!(!said.contains("hunter2"), "{said}");
    assert_snapshot!(said, @"
    exit 2
    error: database: expected `sqlite:FILE` or `postgres://…`
    ");
}

#[test]
fn a_missing_file_is_named() {
    let output = Command::new(WRIT).args(["serve", "--config", "/nowhere/writ.toml"]).output().unwrap();
    assert_snapshot!(said(Path::new("/no-folder"), &output), @"
    exit 2
    error: cannot read `/nowhere/writ.toml`: No such file or directory (os error 2)
    ");
}

#[test]
fn a_taken_address_is_a_failure_not_a_usage_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = format!("data_dir = \"data\"\nlisten = \"{address}\"\n{UPSTREAM}");
    let (folder, output) = command("serve", &text, &[]);
    assert_snapshot!(said(folder.path(), &output).replace(&address, "ADDRESS"), @"
    exit 1
    error: cannot start the control plane: `listen`: cannot listen on ADDRESS: Address already in use (os error 98)
    ");
}

#[test]
fn a_bad_address_in_the_environment_is_named() {
    let text = format!("data_dir = \"data\"\n{UPSTREAM}");
    let (folder, output) = command("serve", &text, &[("WRIT_LISTEN", "everywhere")]);
    assert_snapshot!(said(folder.path(), &output), @"
    exit 2
    error: WRIT_LISTEN: `everywhere` is not an address such as `127.0.0.1:7878`
    ");
}

#[test]
fn check_config_accepts_what_serve_would_and_starts_nothing() {
    let (folder, output) = command("check-config", &format!("data_dir = \"data\"\n{UPSTREAM}"), &[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap().replace(&folder.path().display().to_string(), "FOLDER");
    assert_snapshot!(text, @"FOLDER/writ.toml: ok");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn check_config_notes_a_missing_secret_and_refuses_a_wrong_field() {
    let missing = UPSTREAM.replace("key_file = \"key\"", "key_env = \"NO_SUCH_KEY\"");
    let (folder, output) = command("check-config", &missing, &[]);
    assert_snapshot!(said(folder.path(), &output), @"
    exit 0
    note: a start here and now would fail
    error: upstreams[0].key_env: the variable `NO_SUCH_KEY` is not set
    ");
    let (folder, output) = command("check-config", "shutdown_grace = 30\n", &[]);
    assert_snapshot!(said(folder.path(), &output), @"
    exit 2
    error: FOLDER/writ.toml:1: invalid type: integer `30`, expected a string
    ");
}
