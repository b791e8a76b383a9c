//! Why not, and what to do about it.

use domain::Role;

/// A refused permit. Prints as one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Denial {
    code: &'static str,
    text: String,
    next: Option<String>,
}

// === impl Denial ===

impl Denial {
    /// The stable code that clients may branch on; spelled as in `domain::Refusal::code` where the cause is the same.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What happened: one sentence, lower case, no full stop.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to do next, if something can be done.
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    pub(crate) fn role_missing(verb: &str, needs: Role) -> Self {
        let needs = needs.as_str();
        Self {
            code: "forbidden",
            text: format!("you may not {verb}: this needs the role `{needs}`"),
            next: Some(format!("ask an administrator for the role `{needs}`")),
        }
    }

    pub(crate) fn not_yours(verb: &str, needs: Role) -> Self {
        let needs = needs.as_str();
        Self {
            code: "forbidden",
            text: format!("you may not {verb}: it is not yours, and you do not have the role `{needs}`"),
            next: Some(format!("ask for your own, or ask an administrator for the role `{needs}`")),
        }
    }

    pub(crate) fn not_a_developer(verb: &str) -> Self {
        Self {
            code: "forbidden",
            text: format!("only a signed-in developer may {verb}"),
            next: Some("sign in with `writ login`; the token of a session is for the agent's own calls".to_owned()),
        }
    }

    pub(crate) fn disabled() -> Self {
        Self {
            code: "developer_disabled",
            text: "your account is disabled".to_owned(),
            next: Some("ask an administrator".to_owned()),
        }
    }

    pub(crate) fn unknown() -> Self {
        Self { code: "developer_unknown", text: "no developer of that id".to_owned(), next: None }
    }
}
