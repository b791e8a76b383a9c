//! What a token says to AWS STS beside the usual: session tags and the source identity.
//!
//! Format: AWS IAM User Guide, "Pass session tags in AWS STS" (`https://aws.amazon.com/tags` in a token for
//! `AssumeRoleWithWebIdentity`) and "Monitor and control actions taken with assumed roles" (source identity). Tags are
//! what policies compare; the source identity is in every CloudTrail event, survives role chaining and cannot be changed.

use std::collections::BTreeMap;

use domain::SessionId;
use serde_json::{Value, json};

use super::IssuerError;
use super::check::within;
use super::limits::{
    AWS_NAME_CHARS_MAX, AWS_NAME_CHARS_MIN, AWS_TAG_KEY_CHARS_MAX, AWS_TAG_VALUE_CHARS_MAX, AWS_TAGS_MAX,
};

pub(super) const TAGS: &str = "https://aws.amazon.com/tags";
pub(super) const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// Claims that only AWS STS, and what speaks its language, reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsClaims {
    /// Who it was, in every event: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`. See [`source_identity`].
    pub source_identity: String,
    /// Tags of the session, one value each.
    pub tags: BTreeMap<String, String>,
    /// Those of the tags that a role assumed from this one keeps.
    pub transitive: Vec<String>,
}

/// The source identity of a session: its id, a full stop and as much of the developer's name as fits. The id comes first
/// because it is what must not be cut.
pub fn source_identity(session: SessionId, developer: &str) -> String {
    aws_name(&format!("{session}.{developer}"))
}

/// A text as a role session's name or source identity: characters that AWS does not take become `-`, and what is beyond
/// 64 characters is cut.
pub fn aws_name(text: &str) -> String {
    let plain = |one: char| one.is_ascii_alphanumeric() || "_+=,.@-".contains(one);
    text.chars().map(|one| if plain(one) { one } else { '-' }).take(AWS_NAME_CHARS_MAX).collect()
}

/// A text as the value of a session tag: characters that do not go into one become `-`, and what is beyond the bound is cut.
pub fn aws_tag(text: &str) -> String {
    text.chars().map(|one| if in_tags(one) { one } else { '-' }).take(AWS_TAG_VALUE_CHARS_MAX).collect()
}

// === impl AwsClaims ===

impl AwsClaims {
    pub(super) fn check(&self) -> Result<(), IssuerError> {
        self.check_source_identity()?;
        within("session tags", self.tags.len(), AWS_TAGS_MAX)?;
        for (key, value) in &self.tags {
            within("characters in a session tag's key", key.chars().count(), AWS_TAG_KEY_CHARS_MAX)?;
            within("characters in a session tag's value", value.chars().count(), AWS_TAG_VALUE_CHARS_MAX)?;
            if key.is_empty() || !key.chars().chain(value.chars()).all(in_tags) {
                return Err(wrong(TAGS, "has a session tag with a character that AWS does not take, or without a key"));
            }
            if is_reserved(key) {
                return Err(wrong(TAGS, "has a session tag whose key begins with `aws:`, which AWS keeps for itself"));
            }
        }
        if self.transitive.iter().any(|key| !self.tags.contains_key(key)) {
            return Err(wrong(TAGS, "hands on a session tag that is not there"));
        }
        within("session tags to hand on", self.transitive.len(), AWS_TAGS_MAX)
    }

    fn check_source_identity(&self) -> Result<(), IssuerError> {
        let identity = &self.source_identity;
        if !(AWS_NAME_CHARS_MIN..=AWS_NAME_CHARS_MAX).contains(&identity.len()) || aws_name(identity) != *identity {
            return Err(wrong(SOURCE_IDENTITY, "is not 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`"));
        }
        if is_reserved(identity) {
            return Err(wrong(SOURCE_IDENTITY, "begins with `aws:`, which AWS keeps for itself"));
        }
        Ok(())
    }

    /// The value of `https://aws.amazon.com/tags`: each value is a list of one.
    pub(super) fn tags_claim(&self) -> Value {
        let tags: BTreeMap<&str, [&str; 1]> =
            self.tags.iter().map(|(key, value)| (key.as_str(), [value.as_str()])).collect();
        json!({ "principal_tags": tags, "transitive_tag_keys": self.transitive })
    }
}

/// Narrower than AWS's `[\p{L}\p{Z}\p{N}_.:/=+\-@]`: letters and digits of ASCII, and of white space the space.
fn in_tags(one: char) -> bool {
    one.is_ascii_alphanumeric() || " _.:/=+-@".contains(one)
}

fn is_reserved(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

fn wrong(claim: &str, what: &'static str) -> IssuerError {
    IssuerError::Claim { claim: claim.to_owned(), what }
}

#[cfg(test)]
mod tests;
