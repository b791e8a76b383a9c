//! Names that come with a workspace: its branch, its folder, its database, its compose project.

use domain::SessionId;

use super::Owner;

/// Characters of a folder's or branch's name that comes from the developer.
const NAME_CHARS_MAX: usize = 40;
/// Characters of a database's name: PostgreSQL cuts at 63 bytes.
const DATABASE_CHARS_MAX: usize = 63;

/// All branches of a session, and of its parts, are below this: `s/ses_…/`.
pub(crate) fn namespace(session: &SessionId) -> String {
    format!("s/{session}/")
}

/// What a branch of a workspace is called below its session's namespace. Those of a part have its name in front: the
/// session's own has been given to the session.
pub(crate) fn branch_of(owner: &Owner, branch: &str) -> String {
    let like = slug(own_name(branch));
    match &owner.part {
        Some(part) if like == *part => like,
        Some(part) => slug_of(&format!("{part}-{like}"), 2 * NAME_CHARS_MAX),
        None => like,
    }
}

/// A branch's name without the session that it is of, if it is of one.
pub(crate) fn own_name(branch: &str) -> &str {
    let rest = branch.strip_prefix("s/").and_then(|rest| rest.split_once('/'));
    rest.filter(|(session, _)| session.parse::<SessionId>().is_ok()).map_or(branch, |(_, rest)| rest)
}

/// One component of a reference's name (git-check-ref-format(1)) that reads like `text`.
pub(crate) fn slug(text: &str) -> String {
    slug_of(text, NAME_CHARS_MAX)
}

fn slug_of(text: &str, chars_max: usize) -> String {
    let mut slug = String::new();
    for one in text.chars().take(chars_max) {
        let one = if one.is_ascii_alphanumeric() || matches!(one, '_' | '.') { one } else { '-' };
        let repeats = matches!(one, '-' | '.') && slug.ends_with(['-', '.']);
        if !repeats {
            slug.push(one);
        }
    }
    let mut slug = slug.trim_matches(['-', '.']);
    while let Some(rest) = slug.strip_suffix(".lock") {
        slug = rest.trim_end_matches(['-', '.']);
    }
    if slug.is_empty() { "work".to_owned() } else { slug.to_owned() }
}

/// The database that a session may call its own: `checkout_7k3v9q2x`.
pub(crate) fn database(repository: &str, owner: &Owner) -> String {
    let plain = |text: String| -> String {
        text.to_ascii_lowercase().chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect()
    };
    let short = plain(owner.short());
    let name: String = plain(slug(repository)).chars().take(DATABASE_CHARS_MAX - short.len() - 3).collect();
    // A name that starts with a digit would have to be quoted.
    let start = if name.starts_with(|one: char| one.is_ascii_alphabetic()) { "" } else { "d_" };
    format!("{start}{name}_{short}")
}

/// The compose project (compose-spec, `name`: lower-case letters, digits, dashes and underscores, no dash first).
pub(crate) fn compose_project(repository: &str, owner: &Owner) -> String {
    let name = slug(repository).to_ascii_lowercase().replace('.', "-");
    let name = name.trim_start_matches(['-', '_']);
    let name = if name.is_empty() { "work" } else { name };
    format!("{name}-{}", owner.short().to_ascii_lowercase().replace('.', "-"))
}

#[cfg(test)]
mod tests;
