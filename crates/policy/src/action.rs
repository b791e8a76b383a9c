//! What may be asked for, and for each the one rule that answers.

use domain::{DeveloperId, Role};

/// Something a permit can be asked for. Sealed: the rules live here and nowhere else.
pub trait Action: sealed::Ruled {}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What is asked for, as it reads after "may not".
    pub(crate) verb: &'static str,
    /// Whose it is; that developer may, whatever their roles. None: nobody's own.
    pub(crate) owner: Option<DeveloperId>,
    /// The role that may as well. An administrator always may.
    pub(crate) role: Role,
}

pub(crate) mod sealed {
    /// Has a rule.
    pub trait Ruled {
        /// The rule for this very action.
        fn rule(&self) -> super::Rule;
    }
}

/// List the sessions of one developer, or of everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadSessions {
    /// Whose; none means everybody's.
    pub of: Option<DeveloperId>,
}

/// See one session, its calls and its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadSession {
    /// Whose session it is.
    pub developer: DeveloperId,
}

/// See what calls of one developer cost, or of everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadCost {
    /// Whose; none means everybody's.
    pub of: Option<DeveloperId>,
}

/// Read and verify the whole log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLog;

/// List all developers, teams and projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPeople;

/// Cut a session off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokeSession {
    /// Whose session it is.
    pub developer: DeveloperId,
}

/// Add and disable developers, set their roles, make teams and choose their members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagePeople;

/// Make projects and name the teams that work on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManageProjects;

/// Have entries that an export gave up on tried once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManageExports;

/// Configure, try, switch and remove brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManageBrokers;

/// See brokers and their settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadBrokers;
/// See which keys sign and seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadKeys;

/// Replace the keys that sign and seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManageKeys;

/// The whole table: action, verb, owner, role.
macro_rules! rules {
    ($($action:ty, |$this:ident| $verb:literal, $owner:expr, $role:ident;)*) => {$(
        impl sealed::Ruled for $action {
            fn rule(&self) -> Rule {
                let $this = self;
                Rule { verb: $verb, owner: $owner, role: Role::$role }
            }
        }

        impl Action for $action {}
    )*};
}

rules! {
    ReadSessions, |this| "see these sessions", this.of, Auditor;
    ReadSession, |this| "see this session", Some(this.developer), Auditor;
    ReadCost, |this| "see this cost", this.of, Auditor;
    ReadLog, |_this| "read the log", None, Auditor;
    ReadPeople, |_this| "list developers, teams and projects", None, Auditor;
    RevokeSession, |this| "revoke this session", Some(this.developer), Admin;
    ManagePeople, |_this| "manage developers and teams", None, Admin;
    ManageProjects, |_this| "manage projects", None, Admin;
    ManageExports, |_this| "manage exports", None, Admin;
    ManageBrokers, |_this| "manage brokers", None, Admin;
    ReadBrokers, |_this| "see brokers", None, Auditor;
    ReadKeys, |_this| "see keys", None, Auditor;
    ManageKeys, |_this| "replace keys", None, Admin;
}
