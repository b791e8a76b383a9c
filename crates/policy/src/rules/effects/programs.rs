//! What common programs do to the files they are given.

use super::{How, Seen};
use crate::rules::folder::file_name;
use crate::rules::run::operands;
use crate::rules::shell::Simple;

/// Looks at one command.
pub(super) fn look(one: &Simple, seen: &mut Seen<'_>) {
    let Some((program, rest)) = one.words.split_first() else { return };
    match file_name(program) {
        "cat" | "head" | "tail" | "less" | "more" | "bat" | "batcat" | "nl" | "tac" | "od" | "xxd" | "hexdump"
        | "diff" | "sort" | "cut" | "uniq" | "wc" | "column" | "fold" | "strings" | "comm" | "paste" | "join" => {
            each(How::Read, &operands(rest, &["-n", "-c", "-k", "-t", "-d", "-f", "-U"]), seen);
        }
        "grep" | "egrep" | "fgrep" | "rg" | "awk" | "gawk" | "mawk" | "jq" | "yq" => searching(rest, seen),
        "sed" | "gsed" => in_place(rest, &["-e", "-f", "-l", "-E"], seen),
        "perl" | "ruby" => in_place(rest, &["-e", "-E", "-I", "-M"], seen),
        "tee" => {
            let how = if has(rest, "-a") || has(rest, "--append") { How::Change } else { How::Overwrite };
            each(how, &operands(rest, &[]), seen);
        }
        "touch" | "patch" | "chmod" => each(How::Change, &operands(rest, &["-d", "-t", "-r", "-i", "-p"]), seen),
        "truncate" => each(How::Overwrite, &operands(rest, &["-s", "-r"]), seen),
        "rm" | "unlink" | "rmdir" | "shred" => removing(rest, seen),
        "cp" | "install" | "rsync" | "scp" => copying(rest, seen),
        "ln" => copying_into(&operands(rest, &["-t", "-S"]), How::Into, seen),
        "mv" => moving(rest, seen),
        "dd" => disk_dump(rest, seen),
        "gofmt" | "goimports" if has(rest, "-w") => each(How::Change, &operands(rest, &["-r"]), seen),
        "prettier" if has(rest, "--write") || has(rest, "-w") => each(How::Change, &operands(rest, &[]), seen),
        "git" => git(one, seen),
        _ => {}
    }
}

fn has(words: &[String], option: &str) -> bool {
    words.iter().any(|word| word == option)
}

/// A short option, alone or among others: `-r`, `-rf`.
fn has_letter(words: &[String], letter: char) -> bool {
    words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
}

fn each(how: How, files: &[&String], seen: &mut Seen<'_>) {
    for file in files.iter().filter(|file| file.as_str() != "-") {
        seen.add(how, file);
    }
}

/// The first operand is what is looked for, unless an option says it.
fn searching(words: &[String], seen: &mut Seen<'_>) {
    let with_value = ["-e", "-f", "-A", "-B", "-C", "-m", "-g", "-t", "-F", "-v", "--arg", "--glob", "--type"];
    let files = operands(words, &with_value);
    let skipped = usize::from(!has(words, "-e") && !has(words, "-f"));
    each(How::Read, files.get(skipped..).unwrap_or_default(), seen);
}

/// `sed -i`, `perl -i`: without it they only show.
fn in_place(words: &[String], with_value: &[&str], seen: &mut Seen<'_>) {
    let is_in_place = words.iter().any(|word| {
        let short =
            word.starts_with('-') && !word.starts_with("--") && word.split('e').next().unwrap_or(word).contains('i');
        short || word.starts_with("--in-place")
    });
    let says_script = words.iter().any(|word| {
        matches!(word.as_str(), "--expression" | "--file")
            || word.starts_with("--expression=")
            || (word.starts_with('-') && !word.starts_with("--") && word.ends_with('e'))
            || word == "-f"
    });
    // `-pe`, `-ie`: what follows is the script.
    let clustered: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| word.starts_with('-') && word.ends_with('e')).collect();
    let with_value: Vec<&str> = with_value.iter().copied().chain(clustered).collect();
    let files = operands(words, &with_value);
    let files = files.get(usize::from(!says_script)..).unwrap_or_default();
    each(if is_in_place { How::Change } else { How::Read }, files, seen);
}

fn removing(words: &[String], seen: &mut Seen<'_>) {
    let is_deep = has_letter(words, 'r') || has_letter(words, 'R') || has(words, "--recursive");
    for file in operands(words, &[]) {
        seen.add(How::Remove, file);
        if is_deep {
            seen.add(How::Below, file);
        }
    }
}

fn copying(words: &[String], seen: &mut Seen<'_>) {
    let files = operands(words, &["-t", "--target-directory", "-S", "-m", "-o", "-g", "-e", "--exclude"]);
    let into = crate::rules::run::option_value(words, &["-t", "--target-directory"]);
    if let Some(folder) = into {
        each(How::Read, &files, seen);
        for file in &files {
            seen.add(How::Overwrite, &format!("{folder}/{}", file_name(file)));
        }
        return;
    }
    if let Some((_, sources)) = files.split_last() {
        each(How::Read, sources, seen);
    }
    copying_into(&files, How::Into, seen);
}

/// The last is the target: the file, or a folder that gets the others.
fn copying_into(files: &[&String], how: How, seen: &mut Seen<'_>) {
    let Some((target, sources)) = files.split_last().filter(|(_, sources)| !sources.is_empty()) else { return };
    seen.add(how, target);
    for source in sources {
        seen.add(How::Overwrite, &format!("{}/{}", target.trim_end_matches('/'), file_name(source)));
    }
}

fn moving(words: &[String], seen: &mut Seen<'_>) {
    let files = operands(words, &["-t", "-S"]);
    if let Some((_, sources)) = files.split_last() {
        for source in sources {
            seen.add(How::Remove, source);
            seen.add(How::Below, source);
        }
    }
    copying_into(&files, How::Into, seen);
}

fn disk_dump(words: &[String], seen: &mut Seen<'_>) {
    for word in words {
        match word.split_once('=') {
            Some(("if", file)) => seen.add(How::Read, file),
            Some(("of", file)) => seen.add(How::Overwrite, file),
            _ => {}
        }
    }
}

/// Sub-commands of git that replace files by what is elsewhere.
const BRINGING: [&str; 14] = [
    "pull",
    "merge",
    "rebase",
    "checkout",
    "switch",
    "reset",
    "restore",
    "stash",
    "cherry-pick",
    "revert",
    "am",
    "apply",
    "submodule",
    "read-tree",
];

fn git(one: &Simple, seen: &mut Seen<'_>) {
    if let Some(words) = one.git("rm") {
        if !has(words, "--cached") {
            removing(words, seen);
        }
    } else if let Some(words) = one.git("mv") {
        moving(words, seen);
    } else if let Some(words) = one.git("restore").filter(|words| !has(words, "--staged")) {
        each(How::Change, &operands(words, &["-s", "--source"]), seen);
    } else if let Some(words) = one.git("checkout") {
        let after = words.iter().position(|word| word == "--").and_then(|at| words.get(at + 1..));
        each(How::Change, &after.unwrap_or_default().iter().collect::<Vec<_>>(), seen);
    }
    if BRINGING.iter().any(|name| one.git(name).is_some()) {
        seen.brings();
    }
}
