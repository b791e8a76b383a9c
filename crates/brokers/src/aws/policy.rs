//! Session policies: what a credential may do of what its role may.
//!
//! They are IAM policies in JSON. Several are put together by putting their statements one after another: whatever one of
//! them allows is allowed, whatever one denies is denied.

use serde_json::{Map, Value, json};

use super::limits::SESSION_POLICY_CHARS_MAX;

/// The version of the policy language; the older one has no variables.
const VERSION: &str = "2012-10-17";

/// The statements of one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statements(Vec<Map<String, Value>>);

// === impl Statements ===

impl Statements {
    /// Reads a policy. The names of statements (`Sid`, `Id`) are left out: nobody sees them, and two policies may use the
    /// same one.
    ///
    /// # Errors
    /// What is wrong with it, after "the policy … ".
    pub(super) fn read(policy: &Value) -> Result<Self, String> {
        let policy = policy.as_object().ok_or("is not a JSON object")?;
        if let Some(other) = policy.keys().find(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
            return Err(format!("has `{other}`, which no IAM policy has"));
        }
        if policy.get("Version").is_some_and(|version| version != VERSION) {
            return Err(format!("is not of version {VERSION}"));
        }
        let statements = match policy.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().map(statement).collect::<Result<Vec<_>, _>>()?,
            Some(one) => vec![statement(one)?],
            None => Vec::new(),
        };
        if statements.is_empty() { Err("has no `Statement`".to_owned()) } else { Ok(Self(statements)) }
    }

    /// One policy of these, as it is sent; of at most [`SESSION_POLICY_CHARS_MAX`] characters.
    ///
    /// # Errors
    /// How many it would have.
    pub(super) fn merge<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Result<String, usize> {
        let statements: Vec<&Map<String, Value>> = parts.into_iter().flat_map(|part| &part.0).collect();
        let text = json!({ "Version": VERSION, "Statement": statements }).to_string();
        let chars = text.chars().count();
        if chars > SESSION_POLICY_CHARS_MAX { Err(chars) } else { Ok(text) }
    }
}

fn statement(value: &Value) -> Result<Map<String, Value>, String> {
    let mut statement = value.as_object().ok_or("has a statement that is not a JSON object")?.clone();
    statement.remove("Sid");
    let has = |name: &str| statement.contains_key(name);
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err("has a statement without `Effect` of `Allow` or `Deny`".to_owned());
    }
    if !(has("Action") || has("NotAction")) || !(has("Resource") || has("NotResource")) {
        return Err("has a statement without `Action` or `Resource`".to_owned());
    }
    if has("Principal") || has("NotPrincipal") {
        return Err("has a statement with a principal, which a session policy cannot have".to_owned());
    }
    Ok(statement)
}

#[cfg(test)]
mod tests;
