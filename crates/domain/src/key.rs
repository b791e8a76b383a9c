//! The installation's own keys: who had them replaced, and by which.
//!
//! The keys are outside the log, sealed in the database or in files. So the entry that somebody asks for another one comes
//! first, and which one it is follows when it is there: whatever happens between the two, the log knows who began it.

use serde::{Deserialize, Serialize};

use crate::text::check_line;
use crate::{Actor, Event, Refusal, Role, State, Time, limits};

/// Which keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Those that sign writs and tokens, published as the issuer's.
    Signing,
    /// Those that seal secrets in the database.
    Seal,
}

/// When a new key takes the old one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// After it has been published for the configured overlap.
    Planned,
    /// As soon as every process knows it.
    Now,
    /// At once, and nothing that the old ones signed counts any more.
    Leaked,
}

/// Entry: somebody had keys replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationAsked {
    /// Which.
    pub key: Which,
    /// When.
    pub when: When,
}

/// Entry: there is a new key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// Which.
    pub key: Which,
    /// Its public name: the RFC 7638 thumbprint of one that signs.
    pub name: String,
    /// From when it is used.
    pub from: Time,
}

pub(crate) fn ask(state: &State, by: Actor, asked: &RotationAsked) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    Ok(vec![Event::KeyRotationAsked(asked.clone())])
}

pub(crate) fn note(state: &State, by: Actor, rotated: &Rotated) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    check_line("the key's name", &rotated.name, limits::NAME_CHARS_MAX)?;
    Ok(vec![Event::KeyRotated(rotated.clone())])
}
