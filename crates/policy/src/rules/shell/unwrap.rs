//! Programs that only run another: `sudo`, `env`, `timeout` and their like.

use crate::rules::folder::file_name;

/// What a command comes down to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inner<'a> {
    /// These words.
    Words(&'a [String]),
    /// The commands in this text.
    Script(&'a str),
    /// A shell that reads its commands from its input.
    Input,
}

/// Options of a wrapper that take a value in the next word.
fn with_value(wrapper: &str) -> &'static [&'static str] {
    match wrapper {
        "sudo" | "doas" => {
            &["-u", "-g", "-U", "-h", "-p", "-C", "-D", "-R", "-T", "-r", "-t", "--user", "--group", "--chdir"]
        }
        "env" => &["-u", "-C", "-S", "--unset", "--chdir"],
        "timeout" => &["-k", "-s", "--signal", "--kill-after"],
        "nice" => &["-n"],
        "ionice" => &["-c", "-n"],
        "xargs" => &["-n", "-I", "-L", "-P", "-d", "-E", "-a", "-s"],
        "stdbuf" => &["-i", "-o", "-e"],
        "exec" => &["-a"],
        "time" => &["-f", "-o"],
        _ => &[],
    }
}

const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// Takes one wrapper off; none when there is none.
pub(super) fn unwrap(words: &[String]) -> Option<Inner<'_>> {
    let (program, rest) = words.split_first()?;
    let name = file_name(program);
    let inner = after_options(rest, with_value(name));
    match name {
        "sudo" | "doas" | "nohup" | "time" | "nice" | "ionice" | "setsid" | "stdbuf" | "command" | "builtin"
        | "exec" | "xargs" | "chronic" | "unbuffer" => Some(Inner::Words(inner)),
        "env" => Some(Inner::Words(after_assignments(inner))),
        "timeout" => inner.get(1..).map(Inner::Words),
        "eval" => rest.first().map(|text| Inner::Script(text)),
        _ if SHELLS.contains(&name) => shell(rest),
        _ => None,
    }
}

fn after_options<'a>(words: &'a [String], with_value: &[&str]) -> &'a [String] {
    let mut rest = words;
    while let Some((word, later)) = rest.split_first() {
        if word == "--" {
            return later;
        }
        if !word.starts_with('-') {
            return rest;
        }
        rest = if with_value.contains(&word.as_str()) { later.get(1..).unwrap_or_default() } else { later };
    }
    rest
}

fn after_assignments(words: &[String]) -> &[String] {
    let plain = words.iter().position(|word| super::walk::assignment(word).is_none());
    plain.and_then(|at| words.get(at..)).unwrap_or_default()
}

/// `sh -c TEXT`, `bash -euo pipefail -c TEXT`, `bash -lc TEXT`; a shell without operands reads its input; one with a file
/// runs what is not seen here.
fn shell(words: &[String]) -> Option<Inner<'_>> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-').filter(|options| !options.starts_with('-')) {
            Some(options) if options.contains('c') => return words.next().map(|text| Inner::Script(text)),
            Some(options) if options.ends_with('o') => drop(words.next()),
            Some("s") => return Some(Inner::Input),
            Some(_) => {}
            None if word.starts_with("--") => {}
            None => return None,
        }
    }
    Some(Inner::Input)
}
