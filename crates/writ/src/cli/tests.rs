#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use super::{Cli, Command, GROUPS, Run, grouped};

fn run(arguments: &[&str]) -> Run {
    let all = ["writ", "run"].iter().chain(arguments);
    match Cli::try_parse_from(all).expect("parses").command {
        Command::Run(run) => run,
        other => panic!("parsed as {other:?}"),
    }
}

#[test]
fn clap_finds_no_contradiction() {
    Cli::command().debug_assert();
}

#[test]
fn every_visible_command_is_in_one_group() {
    let mut named: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    named.sort_unstable();
    let command = Cli::command();
    let mut visible: Vec<&str> =
        command.get_subcommands().filter(|one| !one.is_hide_set()).map(clap::Command::get_name).collect();
    visible.sort_unstable();
    assert_eq!(named, visible);
}

#[test]
fn help_fits_one_screen() {
    let help = grouped(Cli::command()).render_help().to_string();
    assert!(help.lines().count() <= 52, "{help}");
    assert!(help.contains("Govern:\n  revoke"), "{help}");
}

#[test]
fn run_takes_a_command_with_and_without_dashes() {
    let expected: Vec<OsString> = ["claude", "-p", "go", "--model", "x"].map(OsString::from).to_vec();
    let plain = run(&["--project", "checkout", "claude", "-p", "go", "--model", "x"]);
    let dashed = run(&["--project", "checkout", "--", "claude", "-p", "go", "--model", "x"]);
    assert_eq!(plain.command, expected);
    assert_eq!(dashed.command, expected);
    assert_eq!(dashed.project.as_deref(), Some("checkout"));
}

#[test]
fn options_after_the_command_belong_to_it() {
    let run = run(&["claude", "--budget", "9"]);
    assert_eq!(run.budget, None);
    assert_eq!(run.command.len(), 3);
}

#[test]
fn bad_values_are_refused() {
    for arguments in
        [&["--budget", "five", "x"][..], &["--ttl", "8", "x"], &["--profile", "No Way", "x"], &["--project", "p"]]
    {
        assert!(Cli::try_parse_from(["writ", "run"].iter().chain(arguments)).is_err(), "{arguments:?}");
    }
}

#[test]
fn cost_splits_by_commas_and_by_repetition() {
    let parsed = Cli::try_parse_from(["writ", "cost", "--by", "developer,day", "--by", "model"]).unwrap();
    let Command::Cost(cost) = parsed.command else { panic!("not cost") };
    let names: Vec<&str> = cost.by.iter().map(|one| one.as_str()).collect();
    assert_eq!(names, ["developer", "day", "model"]);
}
