//! Files: which are hot, and how they are named as resources.

use domain::Resource;
use domain::lock::Mode;
use unicode_normalization::UnicodeNormalization;

/// A rule for paths.
#[derive(Debug, Clone)]
pub(super) struct Hot {
    /// Only in this repository.
    pub(super) repository: Option<String>,
    /// Prefixes from the top folder.
    pub(super) under: Vec<String>,
    /// Names of folders, wherever they are.
    pub(super) folders: Vec<String>,
    /// Names of files, wherever they are.
    pub(super) files: Vec<String>,
    pub(super) mode: Mode,
}

impl Hot {
    /// The part of the path that the rule is about, and its mode: the prefix, the folder, or the file.
    pub(super) fn matched<'a>(&self, repository: &str, path: &'a str) -> Option<(&'a str, Mode)> {
        if self.repository.as_deref().is_some_and(|only| only != repository) {
            return None;
        }
        let place = self.under(path).or_else(|| self.in_folder(path)).or_else(|| self.file(path))?;
        Some((place, self.mode))
    }

    fn under<'a>(&self, path: &'a str) -> Option<&'a str> {
        let is_prefix = |prefix: &&String| super::relative(prefix, path).is_some();
        self.under.iter().find(is_prefix).and_then(|prefix| path.get(..prefix.len()))
    }

    /// The outermost folder of such a name.
    fn in_folder<'a>(&self, path: &'a str) -> Option<&'a str> {
        let mut end = 0;
        for segment in path.split('/') {
            end += segment.len();
            if self.folders.iter().any(|name| name == segment) {
                return path.get(..end);
            }
            end += 1;
        }
        None
    }

    fn file<'a>(&self, path: &'a str) -> Option<&'a str> {
        let name = super::folder::file_name(path);
        self.files.iter().any(|known| known == name).then_some(path)
    }
}

/// The path as the repository compares it: Unicode in one form, and case as it says.
pub(super) fn plain(path: &str, folds_case: bool) -> String {
    let path: String = path.nfc().collect();
    if folds_case { path.chars().flat_map(char::to_lowercase).nfc().collect() } else { path }
}

/// The resource of a path, or of the nearest folder that can be named.
pub(super) fn nearest(repository: &str, path: &str) -> Option<Resource> {
    let mut path = path.trim_matches('/');
    loop {
        if let Ok(resource) = Resource::in_repository(repository, path) {
            return Some(resource);
        }
        if path.is_empty() {
            return None;
        }
        path = path.rsplit_once('/').map(|(above, _)| above).unwrap_or_default();
    }
}
