//! Scopes: what a credential is good for, as a handful of named dimensions, each with the values that are allowed in it.
//! What a dimension means is the broker's business (`repositories`, `permissions`, `principals`, `role`, …); that a
//! request stays within what was granted is decided here, the same way for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Name, Refusal, limits};

/// The value that stands for every value of its dimension; for whoever grants, never for whoever asks.
pub const ANY: &str = "*";

/// Dimensions and their values. Without a dimension, nothing is said about it: the broker's target decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(BTreeMap<Name, BTreeSet<String>>);

/// Why a request is not within a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The dimension.
    pub dimension: String,
    /// What was asked for and is not granted, the first of it.
    pub asked: String,
    /// What would be allowed; empty when the grant says nothing about the dimension.
    pub allowed: Vec<String>,
}

impl Scope {
    /// A scope of dimensions and values, unchecked: see [`Scope::check`].
    pub fn new(dimensions: BTreeMap<Name, BTreeSet<String>>) -> Self {
        Self(dimensions)
    }

    /// The values of a dimension; none when the scope says nothing about it.
    pub fn values(&self, dimension: &str) -> Option<&BTreeSet<String>> {
        self.0.iter().find(|(name, _)| name.as_str() == dimension).map(|(_, values)| values)
    }

    /// Dimensions with their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.0.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks its size, and that every dimension has a value and every value is a line of text.
    ///
    /// # Errors
    /// [`Refusal::LimitReached`], [`Refusal::TextTooLong`] or [`Refusal::TextMalformed`].
    pub fn check(&self) -> Result<(), Refusal> {
        let (dimensions, values) = (limits::SCOPE_DIMENSIONS_MAX, limits::SCOPE_VALUES_MAX);
        if self.0.len() > dimensions {
            return Err(Refusal::LimitReached { what: "dimensions of a scope", max: dimensions });
        }
        if self.0.values().any(|of_one| of_one.is_empty() || of_one.len() > values) {
            return Err(Refusal::LimitReached {
                what: "values in a dimension of a scope, and at least one,",
                max: values,
            });
        }
        self.0
            .values()
            .flatten()
            .try_for_each(|value| crate::text::check("a value of the scope", value, limits::SCOPE_VALUE_CHARS_MAX))
    }

    /// This scope, narrowed to what was asked for: a dimension that was not asked about stays whole.
    ///
    /// # Errors
    /// [`Outside`] names the first thing that was asked for and is not granted.
    pub fn narrowed(&self, asked: &Self) -> Result<Self, Outside> {
        let mut narrowed = self.0.clone();
        for (dimension, values) in &asked.0 {
            let granted = self.0.get(dimension);
            let allowed = || granted.into_iter().flatten().cloned().collect::<Vec<_>>();
            let covers = |value: &String| {
                value != ANY && granted.is_some_and(|granted| granted.contains(value) || granted.contains(ANY))
            };
            if let Some(first) = values.iter().find(|value| !covers(value)) {
                return Err(Outside { dimension: dimension.to_string(), asked: first.clone(), allowed: allowed() });
            }
            narrowed.insert(dimension.clone(), values.clone());
        }
        Ok(Self(narrowed))
    }
}

impl fmt::Display for Scope {
    /// `permissions=contents:read repositories=api,web`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (dimension, values)) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{dimension}=")?;
            for (index, value) in values.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                write!(f, "{comma}{value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
