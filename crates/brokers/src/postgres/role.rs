//! The login role of one credential: its name, which says whose it is, and what its comment says.

use domain::SessionId;
use postgres_protocol::escape::{escape_identifier, escape_literal};
use serde::Serialize;

use super::limits::IDENTIFIER_BYTES_MAX;
use crate::broker::Order;

/// Characters of the human's name that are always kept, if it has them.
const DEVELOPER_CHARS_MIN: usize = 14;

/// What every role of a credential starts with, and no other role: `s_<ULID of the session>_<sequence>_`. The rest of the
/// name is for people: a human who was erased meanwhile has another name, and the role is found all the same.
pub(super) fn prefix(session: SessionId, sequence: u64) -> String {
    let session = session.to_string();
    let ulid = session.rsplit('_').next().unwrap_or_default();
    format!("s_{}_{sequence}_", ulid.to_ascii_lowercase())
}

/// The role's name, at most 63 bytes of `a-z`, `0-9` and `_`, whatever people are called: it needs no quotes in SQL and
/// cannot break a line of the server's log.
pub(super) fn name(order: &Order) -> String {
    let mut name = prefix(order.session, order.sequence);
    let (developer, project) = (plain(&order.developer_name), plain(order.project_name.as_str()));
    let room = IDENTIFIER_BYTES_MAX.saturating_sub(name.len() + 1);
    let for_developer = room.saturating_sub(project.len()).max(DEVELOPER_CHARS_MIN.min(room));
    name.extend(developer.chars().take(for_developer));
    name.push('_');
    name.extend(project.chars().take(IDENTIFIER_BYTES_MAX.saturating_sub(name.len())));
    name.truncate(IDENTIFIER_BYTES_MAX);
    name
}

/// The comment: JSON for programs, with the words that writ uses everywhere.
pub(super) fn comment(order: &Order) -> String {
    #[derive(Serialize)]
    struct Comment<'a> {
        #[serde(rename = "session.id")]
        session: String,
        #[serde(rename = "credential.id")]
        credential: String,
        #[serde(rename = "developer.id")]
        developer: String,
        #[serde(rename = "developer.login")]
        developer_name: &'a str,
        #[serde(rename = "project.id")]
        project: String,
        #[serde(rename = "project.name")]
        project_name: &'a str,
        profile: &'a str,
    }
    let comment = Comment {
        session: order.session.to_string(),
        credential: order.credential.to_string(),
        developer: order.developer.to_string(),
        developer_name: &order.developer_name,
        project: order.project.to_string(),
        project_name: order.project_name.as_str(),
        profile: order.profile.as_str(),
    };
    // INVARIANT: a struct of texts serialises.
    serde_json::to_string(&comment).unwrap_or_default()
}

/// An identifier as it stands in SQL.
pub(super) fn quoted(identifier: &str) -> String {
    escape_identifier(&without_nul(identifier))
}

/// A text as it stands in SQL.
pub(super) fn literal(text: &str) -> String {
    escape_literal(&without_nul(text))
}

/// The protocol ends a statement at the first NUL, and no text of the server's holds one.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

fn plain(text: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    text.chars().map(kept).take(IDENTIFIER_BYTES_MAX).collect()
}

#[cfg(test)]
pub(super) mod tests;
