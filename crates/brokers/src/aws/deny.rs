//! Denies: the inline policies on a role by which its credentials die early.
//!
//! A deny policy is never changed once it is written: its name has a digest of what it says in it, so whoever writes other
//! words writes another policy, and two writers cannot overwrite one another's. The name also has the second from which
//! it may go, when all that it denies have expired, and how many these are: `writ-deny-1795381200-1-0123456789abcdef`. So
//! a list of names is all that tidying needs.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use domain::Time;
use serde_json::{Value, json};

use super::sigv4::hex;

const PREFIX: &str = "writ-deny-";
/// Hexadecimal digits of a digest in a name: 64 bits, among a few dozen names.
const DIGEST_CHARS: usize = 16;

/// Whom a deny policy denies everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Denied {
    /// Credentials, by patterns of `aws:userid`.
    pub(super) userids: BTreeSet<String>,
    /// Sessions, by the tag `session`.
    pub(super) sessions: BTreeSet<String>,
}

/// A policy's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DenyName {
    /// From when on it is needed no more, in Unix seconds.
    pub(super) until: i64,
    /// How many it denies.
    pub(super) count: usize,
    digest: String,
}

// === impl Denied ===

impl Denied {
    /// Both together.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.userids.extend(other.userids.iter().cloned());
        self.sessions.extend(other.sessions.iter().cloned());
        self
    }

    /// The policy, as short as it can be said: all inline policies of a role share 10,240 characters.
    pub(super) fn document(&self) -> String {
        let deny = |operator: &str, key: &str, values: &BTreeSet<String>| {
            let condition = json!({ operator: { key: values } });
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition })
        };
        let mut statements = Vec::new();
        if !self.userids.is_empty() {
            statements.push(deny("StringLike", "aws:userid", &self.userids));
        }
        if !self.sessions.is_empty() {
            statements.push(deny("StringEquals", "aws:PrincipalTag/session", &self.sessions));
        }
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    }

    /// Reads a policy of ours; none if it says anything but what [`Denied::document`] says.
    pub(super) fn read(policy: &Value) -> Option<Self> {
        let mut denied = Self::default();
        for statement in policy.get("Statement")?.as_array()? {
            let condition = statement.get("Condition")?;
            let values = |path: &str| -> Option<BTreeSet<String>> {
                condition.pointer(path).and_then(|values| serde_json::from_value(values.clone()).ok())
            };
            denied.userids.extend(values("/StringLike/aws:userid").unwrap_or_default());
            denied.sessions.extend(values("/StringEquals/aws:PrincipalTag~1session").unwrap_or_default());
        }
        let again: Value = serde_json::from_str(&denied.document()).ok()?;
        (again == *policy).then_some(denied)
    }

    /// The policy's name, when it is to stay until then.
    pub(super) fn name(&self, until: Time) -> DenyName {
        let digest = hex(digest(&SHA256, self.document().as_bytes()).as_ref());
        let digest = digest.chars().take(DIGEST_CHARS).collect();
        let count = self.userids.len() + self.sessions.len();
        DenyName { until: until.unix_seconds().max(0), count, digest }
    }
}

// === impl DenyName ===

impl DenyName {
    /// Reads a name; none if it is not one of ours.
    pub(super) fn read(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix(PREFIX)?.split('-');
        let (until, count, digest) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let read = Self { until, count, digest: digest.to_owned() };
        let is_ours = digest.len() == DIGEST_CHARS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_ours && read.to_string() == name).then_some(read)
    }
}

impl std::fmt::Display for DenyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PREFIX}{}-{}-{}", self.until, self.count, self.digest)
    }
}

#[cfg(test)]
mod tests;
