//! Stale reads: whether a change may be made, by what the agent has seen of the content and what it is now.
//!
//! Content decides, never a time stamp: a file that was touched, or changed and changed back, is not stale; one whose time
//! was put back is.

use domain::Digest;

use super::foreign::Foreign;

/// What an agent knows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Known {
    /// The content it has seen or made; none if there was no file.
    pub(in crate::run) digest: Option<Digest>,
    /// Whether it saw pieces only.
    pub(in crate::run) partial: bool,
    /// What another session did to the same resource since, perhaps in another working tree.
    pub(in crate::run) news: Option<Foreign>,
    /// A command of the agent's own that put other content there, unseen.
    pub(in crate::run) brought: bool,
}

/// What is about to be done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::run) enum Deed {
    /// A part of it is replaced, or something is added.
    Change,
    /// It gets other content as a whole.
    Overwrite,
    /// It goes.
    Remove,
}

/// Whether it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) enum Verdict {
    /// It may.
    Go,
    /// There is content that the agent has never seen, and it would be gone.
    Unread,
    /// The same; the agent saw pieces of it.
    Partial,
    /// There is content that the agent has never seen, and another session has just put it there.
    News(Foreign),
    /// The content is not what the agent saw. By whom, if that is known.
    Changed(Option<Foreign>),
    /// A command of the agent's own changed it, and it has not looked since.
    Brought,
    /// Another session changed it in another working tree.
    Elsewhere(Foreign),
}

/// Judges. `disk` is the content now, none if there is no file; `latest` the newest change of another session, if one is
/// known.
pub(in crate::run) fn judge(
    known: Option<&Known>,
    disk: Option<Digest>,
    deed: Deed,
    latest: Option<&Foreign>,
) -> Verdict {
    let Some(known) = known else { return unknown(disk, deed, latest) };
    if known.digest != disk {
        let by = known.news.as_ref().or(latest.filter(|foreign| foreign.after == disk));
        return if known.brought { Verdict::Brought } else { Verdict::Changed(by.cloned()) };
    }
    match &known.news {
        // What the other session wrote is what is here, and was seen.
        Some(news) if news.after != disk => Verdict::Elsewhere(news.clone()),
        _ if known.partial && deed == Deed::Overwrite && disk.is_some() => Verdict::Partial,
        _ => Verdict::Go,
    }
}

/// Never seen: a part may be replaced by who knows that part (the tool compares it), the whole may not. What another
/// session has just put here is to be seen first in any case.
fn unknown(disk: Option<Digest>, deed: Deed, latest: Option<&Foreign>) -> Verdict {
    match latest {
        Some(foreign) if disk.is_some() && foreign.after == disk => Verdict::News(foreign.clone()),
        _ if deed == Deed::Overwrite && disk.is_some() => Verdict::Unread,
        _ => Verdict::Go,
    }
}

#[cfg(test)]
mod tests;
