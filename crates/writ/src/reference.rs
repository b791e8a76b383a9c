//! The pages of the reference that are made from the code: `docs/reference/cli.md` and `docs/reference/config.md`.

use std::fmt::Write as _;

use clap::CommandFactory;

use crate::cli::{Cli, GROUPS, ReferenceCommand};
use crate::command_error::{CommandError, Exit};
use crate::config::SECTIONS;
use crate::output;

/// Prints a page.
pub(crate) fn print(page: ReferenceCommand) -> Result<Exit, CommandError> {
    let text = match page {
        ReferenceCommand::Cli => cli(),
        ReferenceCommand::Config => config(),
    };
    output::print(&text)?;
    Ok(Exit::Done)
}

const GENERATED: &str = "<!-- made by `writ reference`; change the code, not this page -->\n";

fn cli() -> String {
    let mut page = format!("# The command line\n\n{GENERATED}");
    let command = Cli::command();
    for (group, names) in GROUPS {
        push(&mut page, format_args!("\n## {group}\n"));
        for name in names {
            if let Some(command) = command.find_subcommand(name) {
                push_command(&mut page, "writ", command);
            }
        }
    }
    page.push_str("\n## Exit codes\n\n| code | means |\n|---|---|\n");
    for (exit, meaning) in Exit::TABLE {
        push(&mut page, format_args!("| {} | {meaning} |\n", exit.code()));
    }
    page.push_str("\n`writ run` passes the command's own exit code on, 128 + signal when a signal ended it.\n");
    page
}

fn push_command(page: &mut String, parent: &str, command: &clap::Command) {
    let name = format!("{parent} {}", command.get_name());
    push(page, format_args!("\n### {name}\n\n"));
    let about = command.get_long_about().or_else(|| command.get_about());
    if let Some(about) = about {
        push(page, format_args!("{}\n", ended(&about.to_string())));
    }
    if !command.has_subcommands() || command.is_args_conflicts_with_subcommands_set() {
        push_use(page, &name, command);
    }
    for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
        push_command(page, &name, child);
    }
}

/// How it is called, and its options.
fn push_use(page: &mut String, name: &str, command: &clap::Command) {
    let usage = command.clone().bin_name(name).render_usage().to_string();
    push(page, format_args!("\n```\n{}\n```\n", usage.trim_start_matches("Usage: ")));
    let arguments: Vec<String> = command.get_arguments().filter(|one| !one.is_hide_set()).map(argument).collect();
    if !arguments.is_empty() {
        push(page, format_args!("\n{}", arguments.concat()));
    }
}

/// One line of the list of options.
fn argument(argument: &clap::Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let value = values.first().map(ToString::to_string).unwrap_or_default();
    let short = argument.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    let takes_value = argument.get_action().takes_values();
    let name = match argument.get_long() {
        Some(long) if takes_value => format!("{short}--{long} {value}"),
        Some(long) => format!("{short}--{long}"),
        None => value,
    };
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let default: Vec<_> = argument.get_default_values().iter().map(|one| one.to_string_lossy()).collect();
    let choices = argument.get_possible_values();
    let mut line = format!("- `{name}`: {help}");
    if takes_value && !choices.is_empty() {
        let names: Vec<_> = choices.iter().map(clap::builder::PossibleValue::get_name).collect();
        push(&mut line, format_args!("; one of {}", names.join(", ")));
    }
    if takes_value && !default.is_empty() {
        push(&mut line, format_args!("; default `{}`", default.join(",")));
    }
    line.push('\n');
    line
}

/// Help lines have no full stop; paragraphs of a page do.
fn ended(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let paragraph = paragraph.trim();
        match paragraph.strip_prefix("Example: ") {
            Some(example) => format!("Example: `{example}`"),
            None if paragraph.ends_with('.') => paragraph.to_owned(),
            None => format!("{paragraph}."),
        }
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn config() -> String {
    let mut page = format!("# The configuration file\n\n{GENERATED}\n");
    page.push_str("TOML, given to `writ serve --config FILE` and checked by `writ check-config FILE`. Every key has a default or is\n");
    page.push_str("named as required; an unknown key is an error. Relative paths are relative to the file's folder.\n");
    for section in SECTIONS {
        let title = if section.header.is_empty() { "Top level".to_owned() } else { format!("`{}`", section.header) };
        push(&mut page, format_args!("\n## {title}\n\n{}\n\n", sentence(section.doc)));
        page.push_str("| key | default | meaning |\n|---|---|---|\n");
        for key in section.keys {
            push(&mut page, format_args!("| `{}` | {} | {} |\n", key.name, shown(key.default), sentence(key.doc)));
        }
    }
    page
}

/// Values are code, descriptions of a default are not.
fn shown(default: &str) -> String {
    let is_value = default.starts_with('"') || matches!(default, "true" | "false");
    if is_value { format!("`{default}`") } else { default.to_owned() }
}

fn sentence(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // INVARIANT: writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}
