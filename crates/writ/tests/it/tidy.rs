//! The house rules that no compiler checks: floors, fences, bans, decision records, templates.
//!
//! Line counts are a compass, not a gate: the ten largest files are printed, nothing fails on them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms and their floors; a room's `[dependencies]` name only rooms of lower floors.
/// The simulator stands beside the house: it knows no room.
const FLOORS: &[(&str, u8)] = &[
    ("domain", 0),
    ("ledger", 1),
    ("policy", 1),
    ("metering", 1),
    ("store", 2),
    ("brokers", 2),
    ("gateway", 2),
    ("control", 3),
    ("writ", 4),
    ("simulator", 0),
];

/// Crates that only some rooms may list.
const FENCES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("rusqlite", &["store"]),
    ("tokio-postgres", &["brokers"]),
    ("axum", &["control"]),
    ("askama", &["control"]),
    ("object_store", &["control"]),
    ("clap", &["writ"]),
    ("cedar-policy", &["policy"]),
    ("hyper", &["gateway", "control", "writ", "simulator"]),
    ("simulator", &["writ"]),
];

/// Rooms that compile without an async runtime, and what they may not list. The first is refused at any depth.
const PURE: &[&str] = &["domain", "ledger", "policy", "metering"];
const IMPURE: &[&str] = &["tokio", "tokio-util", "hyper", "axum", "sqlx", "rusqlite", "getrandom", "rand"];

/// Files looked at by one run: far above what the repository has, so that a stray folder is noticed.
const FILES_MAX: usize = 20_000;

#[test]
fn rooms_know_only_lower_floors() {
    let mut wrong = Vec::new();
    for (room, manifest) in manifests() {
        let floor = floor(&room)
            .unwrap_or_else(|| panic!("crates/{room} has no floor: add it to FLOORS and to ARCHITECTURE.md"));
        for dependency in listed(&manifest, "dependencies") {
            if self::floor(&dependency).is_some_and(|below| below >= floor) {
                wrong.push(format!("{room} → {dependency}"));
            }
        }
    }
    assert_none(&wrong, "a room lists a room of its own floor or above");
}

#[test]
fn fenced_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (room, manifest) in manifests() {
        for dependency in listed(&manifest, "dependencies") {
            let fence = FENCES.iter().find(|(fenced, _)| *fenced == dependency);
            if fence.is_some_and(|(_, rooms)| !rooms.contains(&room.as_str())) {
                wrong.push(format!("{room} → {dependency}"));
            }
        }
    }
    assert_none(&wrong, "a crate is listed outside the rooms it is fenced in");
}

#[test]
fn pure_rooms_have_no_runtime() {
    let mut wrong = Vec::new();
    for (room, manifest) in manifests().into_iter().filter(|(room, _)| PURE.contains(&room.as_str())) {
        let direct = listed(&manifest, "dependencies");
        wrong.extend(
            direct.iter().filter(|name| IMPURE.contains(&name.as_str())).map(|name| format!("{room} → {name}")),
        );
        if locked_closure(&direct).contains(IMPURE[0]) {
            wrong.push(format!("{room} → … → {}", IMPURE[0]));
        }
    }
    assert_none(&wrong, "a pure room does I/O, waits or throws dice");
}

/// Replicas fold the same entries, so nothing in `domain` may depend on a map's iteration order.
#[test]
fn domain_uses_ordered_maps_only() {
    let wrong = lines_with(&sources("domain"), &["HashMap", "HashSet"]);
    assert_none(&wrong, "use BTreeMap or BTreeSet");
}

#[test]
fn versions_are_never_wildcards() {
    let mut wrong = Vec::new();
    for path in files().iter().filter(|path| path.ends_with("Cargo.toml")) {
        let manifest = parse(path);
        for (name, requirement) in requirements(&manifest) {
            if requirement.contains('*') {
                wrong.push(format!("{}: {name} = \"{requirement}\"", shown(path)));
            }
        }
    }
    assert_none(&wrong, "a version is a wildcard");
}

#[test]
fn sources_leave_nothing_unfinished() {
    let marks = ["FIXME", "todo!(", "unimplemented!("];
    let wrong: Vec<_> = manifests().iter().flat_map(|(room, _)| lines_with(&sources(room), &marks)).collect();
    assert_none(&wrong, "finish it, or write an issue");
}

#[test]
fn decisions_are_numbered_and_complete() {
    let mut records: Vec<PathBuf> =
        files().into_iter().filter(|path| path.parent() == Some(&root().join("docs/decisions"))).collect();
    records.sort();
    assert!(!records.is_empty(), "docs/decisions is empty");
    for (index, path) in records.iter().enumerate() {
        let number = format!("{:04}", index + 1);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!("{number}-")) && name.ends_with(".md"),
            "expected {number}-….md, found `{name}`"
        );
        let text = read(path);
        assert!(text.starts_with(&format!("# {number} ")), "{name}: the title must start with `# {number} `");
        for heading in ["## Status", "## Context", "## Decision", "## Consequences"] {
            assert!(text.lines().any(|line| line == heading), "{name}: no heading `{heading}`");
        }
    }
}

/// `script-src 'self'; style-src 'self'` holds only while no template carries code or style of its own.
#[test]
fn templates_carry_no_code() {
    let folder = root().join("crates/control/templates");
    let mut wrong = Vec::new();
    for path in files().iter().filter(|path| path.starts_with(&folder)) {
        let text = read(path).to_lowercase();
        for mark in ["hx-on", "style=", "<style", "onclick", "onsubmit", "onload", "javascript:", "\"js:", "'js:"] {
            if text.contains(mark) {
                wrong.push(format!("{}: `{mark}`", shown(path)));
            }
        }
        let inline = text.split("<script").skip(1).any(|tag| !tag.split('>').next().unwrap().contains("src="));
        if inline {
            wrong.push(format!("{}: inline script", shown(path)));
        }
    }
    assert_none(&wrong, "the console's content security policy would refuse it");
}

/// Paths of the machine a file was written on say nothing to a reader elsewhere.
#[test]
fn files_name_no_workplace() {
    // Put together here, so that this file passes its own test.
    let marks = [concat!("/wo", "rk/"), concat!("/tmp", "/w/")];
    assert_none(&lines_with(&files(), &marks), "a path of somebody's machine");
}

/// A dead link in the pages a newcomer reads first.
#[test]
fn pages_link_to_files_that_exist() {
    let mut wrong = Vec::new();
    let docs = root().join("docs");
    let pages = files().into_iter().filter(|path| {
        path.extension().is_some_and(|extension| extension == "md")
            && (path.starts_with(&docs) || path.parent() == Some(&root()))
    });
    for path in &pages.collect::<Vec<_>>() {
        for target in read(path).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            if !elsewhere && !path.parent().unwrap().join(file).exists() {
                wrong.push(format!("{}: `{target}`", shown(path)));
            }
        }
    }
    assert_none(&wrong, "a link leads nowhere");
}

/// Never fails: look at it when you wonder where a noun is hiding.
#[test]
fn largest_files() {
    let mut sizes: Vec<_> = files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (read(&path).lines().count(), path))
        .collect();
    sizes.sort_by(|a, b| b.cmp(a));
    for (lines, path) in sizes.iter().take(10) {
        println!("{lines:5} {}", shown(path));
    }
}

fn assert_none(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// Every room with its manifest, by name.
fn manifests() -> Vec<(String, toml::Table)> {
    let mut rooms: Vec<_> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.toml").exists())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), parse(&path.join("Cargo.toml"))))
        .collect();
    rooms.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!rooms.is_empty(), "no rooms under crates/");
    rooms
}

/// What a manifest lists under a heading, for all platforms, under the names of the packages (not of renames).
fn listed(manifest: &toml::Table, heading: &str) -> BTreeSet<String> {
    let platforms = manifest.get("target").and_then(toml::Value::as_table);
    let everywhere = std::iter::once(manifest);
    let tables =
        everywhere.chain(platforms.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table));
    tables
        .filter_map(|table| table.get(heading)?.as_table())
        .flatten()
        .map(|(name, value)| value.get("package").and_then(toml::Value::as_str).unwrap_or(name).to_owned())
        .collect()
}

/// Every `name = requirement` of a manifest, at any depth: root, rooms, platforms, patches.
fn requirements(table: &toml::Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (heading, value) in table {
        let Some(inner) = value.as_table() else {
            continue;
        };
        if heading.ends_with("dependencies") {
            for (name, value) in inner {
                let requirement = value.as_str().or_else(|| value.get("version")?.as_str());
                found.extend(requirement.map(|text| (name.clone(), text.to_owned())));
            }
        } else {
            found.extend(requirements(inner));
        }
    }
    found
}

/// Everything that these packages bring along, by the lock file.
fn locked_closure(names: &BTreeSet<String>) -> BTreeSet<String> {
    let lock = parse(&root().join("Cargo.lock"));
    let packages = lock["package"].as_array().unwrap();
    let mut seen = BTreeSet::new();
    // Our own rooms have their development tools in the lock file too, so only what comes from outside is followed.
    let mut todo: Vec<String> = names.iter().filter(|name| floor(name).is_none()).cloned().collect();
    while let Some(name) = todo.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        for package in packages.iter().filter(|package| package["name"].as_str() == Some(&name)) {
            let below = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
            todo.extend(below.map(|text| text.as_str().unwrap().split(' ').next().unwrap().to_owned()));
        }
    }
    seen
}

/// The Rust files of a room's `src`.
fn sources(room: &str) -> Vec<PathBuf> {
    let folder = root().join("crates").join(room).join("src");
    files().into_iter().filter(|path| path.starts_with(&folder)).collect()
}

fn lines_with(paths: &[PathBuf], marks: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        for (index, line) in read(path).lines().enumerate() {
            found.extend(
                marks
                    .iter()
                    .filter(|mark| line.contains(**mark))
                    .map(|mark| format!("{}:{}: `{mark}`", shown(path), index + 1)),
            );
        }
    }
    found
}

/// The files of the repository, without what is built, fetched or found by fuzzing.
fn files() -> Vec<PathBuf> {
    // Of a linked working tree `.git` is a file.
    let skipped = ["target", ".git", ".test-tools", "node_modules", "corpus", "artifacts"];
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() {
                if !skipped.contains(&name.as_str()) && !name.starts_with("mutants.out") {
                    folders.push(path);
                }
            } else if name != ".git" && !name.ends_with(".snap.new") {
                found.push(path);
            }
            assert!(found.len() < FILES_MAX, "more than {FILES_MAX} files under {}", root().display());
        }
    }
    found.sort();
    found
}

/// A file's text; what is not text reads as marks of replacement.
fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).into_owned()
}

fn parse(path: &Path) -> toml::Table {
    toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
