//! `writ demo`: its story is true, or it says what broke.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::look::number;
use crate::support::{Caller, run};

fn demo() -> Command {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_writ"));
    demo.arg("demo").env_remove("ANTHROPIC_API_KEY").stdin(Stdio::null());
    demo
}

#[test]
fn the_demo_tells_a_story_that_fits_a_screen() {
    let output = demo().output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{said}");
    assert!(told.lines().count() + said.lines().count() <= 36, "{told}{said}");
    for expected in [
        "who      grace",
        "→ grace (proved by entry ",
        "entries taken away with their proofs, and verified offline",
        "agent    wrote NOTES.md",
        "helper ran",
        "locks    env:prod/checkout: the agent's (token ",
        "agent    push to main: refused (push_ref_protected): ",
        "push     the session's branch went in (entry ",
        "every call metered exactly",
        "every one matches",
    ] {
        assert!(told.contains(expected), "{expected} is not in\n{told}");
    }
    assert!(said.contains("writ: calls    9"), "{said}");
    let commit = told.lines().find(|line| line.starts_with("git      commit ")).unwrap_or_else(|| panic!("{told}"));
    let good = " signed by the session's certificate: good signature for grace@127.0.0.1";
    assert!(commit.ends_with(good), "{told}");
}

#[test]
fn the_demo_says_when_its_model_service_dies_midway() {
    let mut demo = demo().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut story = BufReader::new(demo.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("wrote NOTES.md") {
        line.clear();
        assert_ne!(story.read_line(&mut line).unwrap(), 0, "the story ended early");
    }
    kill(child_named(demo.id(), "simulator"), Signal::SIGKILL).unwrap();
    let mut said = String::new();
    demo.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("the stand-in model service ended early (signal: 9"), "{said}");
}

#[test]
fn the_demo_needs_nothing_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo().env_clear().env("PATH", "/nowhere").env("TMPDIR", folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("git is not installed") && said.contains("every one matches"), "{said}");
    assert_nothing_left(folder.path());
}

#[test]
fn a_demo_whose_control_plane_dies_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = demo().env("TMPDIR", folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut story = BufReader::new(demo.stdout.take().unwrap());
    read_until(&mut story, "wrote NOTES.md");
    kill(child_named(demo.id(), "serve"), Signal::SIGKILL).unwrap();
    let mut said = String::new();
    demo.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("the control plane ended early (signal: 9"), "{said}");
    assert_nothing_left(folder.path());
}

#[test]
fn a_demo_that_is_kept_says_what_its_control_plane_says_and_ends_with_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept = demo();
    kept.arg("--keep").env("TMPDIR", folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut kept = Kept(kept.spawn().unwrap());
    let mut story = BufReader::new(kept.0.stdout.take().unwrap());
    // cost     grace: $0.0867 for 9 calls, …
    let cost = read_until(&mut story, "cost     grace: ");
    let entries = word(&read_until(&mut story, "log      "), 1);
    let link = word(&read_until(&mut story, "look     "), 1);
    let sign_in = read_until(&mut story, "sign in at ");
    let (url, password) = (word(&sign_in, 3), word(&sign_in, 9));
    run(async {
        let caller = Caller { url: url.clone(), token: None };
        let answer = caller.post("/v1/sign-ins", json!({"login": "ada", "password": password})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let ada = Caller { url, token: Some(answer.json()["token"].as_str().unwrap().to_owned()) };
        let total = ada.get("/v1/cost?by=session").await.json()["total"].clone();
        let dollars = format!("${:.4}", number(&total["cost_usd_nanos"]) as f64 / 1e9);
        assert!(cost.contains(&format!("{dollars} for {} calls", total["calls"])), "{cost}{total:#}");
        let id = link.rsplit('/').next().unwrap();
        assert_eq!(ada.session(id).await["status"], "ended");
        let verified = ada.get("/v1/log/verify").await.json();
        // This sign-in is an entry too.
        assert_eq!(number(&verified["entries"]), entries.parse::<i64>().unwrap() + 1, "{verified}");
        ada.assert_sums_agree().await;
    });
    kill(Pid::from_raw(kept.0.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert!(kept.0.wait().unwrap().success());
    assert_nothing_left(folder.path());
}

/// Asked to stop when the test fails, so that nothing is left running.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id().try_into().unwrap()), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

/// The first line that contains `expected`.
fn read_until(story: &mut impl BufRead, expected: &str) -> String {
    let mut line = String::new();
    while !line.contains(expected) {
        line.clear();
        assert_ne!(story.read_line(&mut line).unwrap(), 0, "the story ended before `{expected}`");
    }
    line
}

fn word(line: &str, number: usize) -> String {
    line.split_whitespace().nth(number).unwrap().trim_end_matches(',').to_owned()
}

/// No file in the demo's folder for temporary things, and no process that was started with it.
fn assert_nothing_left(folder: &Path) {
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.is_empty(), "{files:?}");
    let variable = format!("TMPDIR={}", folder.display());
    let running: Vec<_> = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).collect();
    for process in running {
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        let is_ours = environment.split(|&byte| byte == 0).any(|text| text.starts_with(variable.as_bytes()));
        let command = std::fs::read(process.join("cmdline")).unwrap_or_default();
        assert!(!is_ours, "still running: {}", String::from_utf8_lossy(&command));
    }
}

/// The child of `parent` that was started with this subcommand.
fn child_named(parent: u32, subcommand: &str) -> Pid {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let is_it = |id: &&str| {
        let command = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        command.split(|&byte| byte == 0).nth(1) == Some(subcommand.as_bytes())
    };
    let id = children.split_whitespace().find(is_it).expect("the child is there");
    Pid::from_raw(id.parse().unwrap())
}
