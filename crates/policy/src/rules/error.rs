//! What is wrong with rules.

use domain::limits::LOCK_RULES_BYTES_MAX;

/// Why a text is no rules. Prints as one sentence that says where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Too long.
    #[error("the rules have {bytes} bytes, the limit is {LOCK_RULES_BYTES_MAX}")]
    TooLong {
        /// How long they are.
        bytes: usize,
    },
    /// No TOML, or a name that rules do not have.
    #[error("the rules cannot be read at line {line}: {reason}")]
    Syntax {
        /// Counted from one.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A rule that says something that cannot be.
    #[error("the {number}. `[[{kind}]]` is wrong: {reason}")]
    Rule {
        /// Which kind of rule.
        kind: &'static str,
        /// Which one, counted from one.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl RulesError {
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let reason = error.message().lines().next().unwrap_or("it is not TOML").to_owned();
        Self::Syntax { line, reason }
    }
}
