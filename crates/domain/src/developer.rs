//! Developers: humans known by a pseudonymous id, with roles. Names and passwords live outside the log.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::session::{self, How};
use crate::{Actor, DeveloperId, Digest, Event, Refusal, State, Time, limits, lock, sign_in, text};

/// What a developer may do in the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May open sessions for projects of their teams and see their own.
    Member,
    /// May answer approvals.
    Approver,
    /// May see everything, change nothing.
    Auditor,
    /// May do everything.
    Admin,
}

/// The roles of one developer.
pub type Roles = BTreeSet<Role>;

impl Role {
    /// The role's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        [Self::Member, Self::Approver, Self::Auditor, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(RoleError)
    }
}

/// Why a text is not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of member, approver, auditor, admin")]
pub struct RoleError;

/// What state keeps of a developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Developer {
    /// What they may do.
    pub roles: Roles,
    /// Locked out.
    pub disabled: bool,
    /// When who they are was erased; they are locked out for good then.
    pub erased_at: Option<Time>,
}

/// Make a human known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The new id.
    pub developer: DeveloperId,
    /// Salted commitment to the sealed names. That the sign-in name is free is decided where the names are, in the
    /// same transaction.
    pub identity: Digest,
    /// What they may do; the first one must be an administrator.
    pub roles: Roles,
}

/// Replace a human's roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRoles {
    /// Whose.
    pub developer: DeveloperId,
    /// The roles from now on.
    pub roles: Roles,
}

/// Lock a human out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disable {
    /// Whom.
    pub developer: DeveloperId,
    /// Why, for the record and for the text their agents see.
    pub reason: String,
}

/// Destroy who a human is: what stays is the pseudonym.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erase {
    /// Whom.
    pub developer: DeveloperId,
}

/// Entry: a human became known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The new id.
    pub developer: DeveloperId,
    /// Commitment to who they are: SHA-256 of a salt, which dies with the human's key, and the sealed names. The first
    /// writ wrote a digest of the sign-in name here, under a key that is gone.
    #[serde(alias = "login")]
    pub identity: Digest,
    /// What they may do.
    pub roles: Roles,
}

/// Entry: roles changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolesSet {
    /// Whose.
    pub developer: DeveloperId,
    /// The roles from now on.
    pub roles: Roles,
}

/// Entry: a human was locked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Whom.
    pub developer: DeveloperId,
    /// Why.
    pub reason: String,
}

/// Entry: who a human is was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Whose identity.
    pub developer: DeveloperId,
}

/// Why the sessions of an erased developer were revoked: it stands in the log for ever, so it names nobody.
const ERASED: &str = "the developer was erased";

pub(crate) fn register(state: &State, by: Actor, command: &Register) -> Result<Vec<Event>, Refusal> {
    match by {
        Actor::Bootstrap if !state.developers.is_empty() => return Err(Refusal::BootstrapSpent),
        Actor::Bootstrap if !command.roles.contains(&Role::Admin) => {
            return Err(Refusal::Forbidden { needs: Role::Admin.as_str() });
        }
        Actor::Bootstrap => {}
        _ => state.require(by, Role::Admin)?,
    }
    if state.developers.is_empty() && !command.roles.contains(&Role::Admin) {
        return Err(Refusal::LastAdmin);
    }
    if state.developers.len() >= limits::DEVELOPERS_MAX {
        return Err(Refusal::LimitReached { what: "developers", max: limits::DEVELOPERS_MAX });
    }
    if state.developers.contains_key(&command.developer) {
        return Err(Refusal::IdTaken);
    }
    Ok(vec![Event::DeveloperRegistered(Registered {
        developer: command.developer,
        identity: command.identity,
        roles: command.roles.clone(),
    })])
}

pub(crate) fn set_roles(state: &State, by: Actor, command: &SetRoles) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    let developer = state.developer(command.developer)?;
    if developer.roles == command.roles {
        return Ok(Vec::new());
    }
    if !command.roles.contains(&Role::Admin) {
        keep_an_admin(state, command.developer)?;
    }
    Ok(vec![Event::DeveloperRolesSet(RolesSet { developer: command.developer, roles: command.roles.clone() })])
}

pub(crate) fn disable(state: &State, by: Actor, command: &Disable) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    text::check_reason(&command.reason)?;
    if state.developer(command.developer)?.disabled {
        return Ok(Vec::new());
    }
    keep_an_admin(state, command.developer)?;
    let mut events = lock_out(state, by, command.developer, &command.reason);
    events.push(Event::DeveloperDisabled(Disabled { developer: command.developer, reason: command.reason.clone() }));
    Ok(events)
}

pub(crate) fn erase(state: &State, by: Actor, command: &Erase) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    if state.developer(command.developer)?.erased_at.is_some() {
        return Ok(Vec::new());
    }
    keep_an_admin(state, command.developer)?;
    let mut events = lock_out(state, by, command.developer, ERASED);
    events.push(Event::DeveloperErased(Erased { developer: command.developer }));
    Ok(events)
}

/// Ends every sign-in, revokes every session of a developer, and takes them out of every queue. A maintenance lock that they
/// hold stays until another human has looked.
fn lock_out(state: &State, by: Actor, developer: DeveloperId, reason: &str) -> Vec<Event> {
    let mut events = sign_in::end_all(state, developer);
    events.extend(session::over_all_of(state, developer, &How::Revoked { by, reason: reason.to_owned() }));
    events.extend(lock::take_out_of_queues(state, developer, reason));
    events
}

/// Refuses when `leaving` is the only developer who is an administrator and not disabled.
fn keep_an_admin(state: &State, leaving: DeveloperId) -> Result<(), Refusal> {
    let another = state
        .developers
        .iter()
        .any(|(id, developer)| *id != leaving && !developer.disabled && developer.roles.contains(&Role::Admin));
    let is_admin = state.developers.get(&leaving).is_some_and(|developer| developer.roles.contains(&Role::Admin));
    if is_admin && !another { Err(Refusal::LastAdmin) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
