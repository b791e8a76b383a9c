//! What AWS calls a session: role session name, source identity and tags.
//!
//! The role session's name and the source identity stand in every line of CloudTrail, the tags only where the credential
//! was made. All are bounded, so the session's id comes first and the developer's name is what is cut.

use super::limits::TAG_CHARS_MAX;
use crate::broker::Order;
use crate::issuer::{aws_name, source_identity};

/// The tags that another role assumed from this one keeps: who it was must not be shaken off.
pub(super) const TRANSITIVE: [&str; 3] = ["session", "developer", "project"];

/// `ses_….7.ada`: the session, which of its credentials, the developer. One credential has it, and no other.
/// 2 to 64 of `[\w+=,.@-]` (STS, `RoleSessionName`).
pub(super) fn role_session_name(order: &Order) -> String {
    aws_name(&format!("{}.{}.{}", order.session, order.sequence, order.developer_name))
}

/// What a role session's `aws:userid` looks like after the role's id, whoever the developer is: see
/// [`role_session_name`]. Without `*`, it would be twice as long.
pub(super) fn userid_pattern(order: &Order) -> String {
    format!("*:{}.{}.*", order.session, order.sequence)
}

/// `writ.ses_….7`: writ itself, on account of a session's credential.
pub(super) fn revoker_session_name(order: &Order) -> String {
    aws_name(&format!("writ.{}.{}", order.session, order.sequence))
}

/// `ses_….ada`, as it is in tokens.
pub(super) fn source_identity_of(order: &Order) -> String {
    source_identity(order.session, &order.developer_name)
}

/// The session tags.
pub(super) fn tags(order: &Order) -> [(&'static str, String); 4] {
    [
        ("session", order.session.to_string()),
        ("developer", tag_value(&order.developer_name)),
        ("project", tag_value(order.project_name.as_str())),
        ("profile", tag_value(order.profile.as_str())),
    ]
}

/// Letters, digits, spaces and `_.:/=+-@` (STS, `Tag`); anything else becomes `-`.
fn tag_value(text: &str) -> String {
    let known = |char: char| char.is_alphanumeric() || " _.:/=+-@".contains(char);
    text.chars().map(|char| if known(char) { char } else { '-' }).take(TAG_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
