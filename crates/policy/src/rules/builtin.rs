//! What holds without any rules: files of which two versions cannot be merged by reading both, and commands that change
//! what is shared.

use super::Rules;
use super::file::File;

/// Branches that move only while X is held on them, where nothing is said of the repository.
pub(super) const PROTECTED: [&str; 2] = ["main", "master"];

const TEXT: &str = include_str!("builtin.toml");

/// The built-in rules.
pub(super) fn rules() -> Rules {
    let empty = || Rules { repositories: Vec::new(), hot: Vec::new(), commands: Vec::new(), tools: Vec::new() };
    // INVARIANT: the text is part of the program and a test reads it.
    let file = toml::from_str::<File>(TEXT).ok();
    file.and_then(|file| file.check().ok()).unwrap_or_else(empty)
}
