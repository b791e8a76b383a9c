//! Whose a ref is, by its name.

use crate::SessionId;

/// What the names of sessions' own refs begin with; the session's id follows.
const OWN: [&str; 3] = ["refs/heads/s/", "refs/tags/s/", "refs/writ/keep/"];
/// What is writ's and sessions' alone.
const OURS: [&str; 3] = ["refs/heads/s/", "refs/tags/s/", "refs/writ/"];

/// Whose a ref is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// This session's.
    Session(SessionId),
    /// Kept for sessions, and none's.
    Nobody,
    /// Everybody's: whoever holds it may move it.
    Everybody,
}

/// What the names of a session's own branches begin with.
pub fn own_refs(session: SessionId) -> String {
    format!("{}{session}/", OWN[0])
}

/// Whose a ref is. Only whole segments count: `s/ses_1x/` is not `s/ses_1/`.
pub(super) fn owner(name: &str) -> Owner {
    let id = OWN.iter().find_map(|prefix| name.strip_prefix(prefix)).and_then(|rest| rest.split('/').next());
    match id.and_then(|id| id.parse().ok()) {
        Some(session) => Owner::Session(session),
        None if OURS.iter().any(|prefix| name.starts_with(prefix)) => Owner::Nobody,
        None => Owner::Everybody,
    }
}

/// Whether it is where a session's work is rescued to. It says nothing of any branch, so no lock keeps it out.
pub(super) fn is_kept(name: &str) -> bool {
    name.starts_with(OWN[2])
}
