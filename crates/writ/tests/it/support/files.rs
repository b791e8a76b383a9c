//! What lies in files, byte by byte.

use std::path::{Path, PathBuf};

/// Every file below a folder, in order.
pub(crate) fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Which files below a folder hold which of these texts, in any mixture of cases.
pub(crate) fn holding(folder: &Path, texts: &[&str]) -> Vec<String> {
    let paths = below(folder);
    assert!(!paths.is_empty(), "{} has no files", folder.display());
    let of = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        held(&bytes, texts).into_iter().map(|text| format!("{} holds `{text}`", path.display())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

/// Which of these texts some bytes hold, in any mixture of cases.
pub(crate) fn held<'a>(bytes: &[u8], texts: &[&'a str]) -> Vec<&'a str> {
    let held = |text: &&&str| {
        let wanted = text.as_bytes();
        bytes.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted))
    };
    texts.iter().filter(held).copied().collect()
}
