//! The lines that a patch adds: the unified format of git-diff(1), without context.

/// A file with the lines added to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// From the top of the repository.
    pub(super) path: String,
    /// First and last line of each run, in order.
    pub(super) ranges: Vec<(u64, u64)>,
}

/// The files of a patch, but for those that only lost lines.
pub(super) fn files(patch: &str) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    // Lines of the hunk still to come: they are content, whatever they look like.
    let mut content = 0_u64;
    for line in patch.lines() {
        if content > 0 && line.starts_with(['+', '-']) {
            content -= 1;
        } else if let Some(path) = line.strip_prefix("+++ ") {
            files.extend(path_of(path).map(|path| File { path, ranges: Vec::new() }));
        } else if let Some(hunk) = line.strip_prefix("@@ -").and_then(Hunk::parse) {
            content = hunk.removed + hunk.added;
            if let Some(file) = files.last_mut().filter(|_| hunk.added > 0) {
                file.ranges.push((hunk.start, hunk.start + hunk.added - 1));
            }
        }
    }
    files.retain(|file| !file.ranges.is_empty());
    files
}

/// The name after `+++`; none for a file that is gone.
fn path_of(text: &str) -> Option<String> {
    let text = text.trim_end_matches('\t');
    let plain = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => unquoted(quoted),
        None => text.to_owned(),
    };
    plain.strip_prefix("b/").map(str::to_owned)
}

/// C's escapes, as far as git uses them with `core.quotePath` off.
fn unquoted(text: &str) -> String {
    let (mut plain, mut chars) = (String::new(), text.chars());
    while let Some(one) = chars.next() {
        plain.push(match (one, if one == '\\' { chars.next() } else { None }) {
            (_, Some('t')) => '\t',
            (_, Some('n')) => '\n',
            (_, Some(escaped)) => escaped,
            (one, None) => one,
        });
    }
    plain
}

struct Hunk {
    removed: u64,
    start: u64,
    added: u64,
}

impl Hunk {
    /// `1,2 +3,4 @@ …`; a count that is left out is one.
    fn parse(text: &str) -> Option<Self> {
        let (old, rest) = text.split_once(" +")?;
        let (new, _) = rest.split_once(" @@")?;
        let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
        let start = new.split(',').next()?.parse().ok()?;
        Some(Self { removed: count(old)?, start, added: count(new)? })
    }
}
