//! Why a command was not carried out. A refusal changes nothing and writes nothing.

use crate::session::Ending;
use crate::{DeveloperId, ProjectId, SessionId, Span, Time, Usd};

/// Why [`crate::decide`] refused. Every variant has one stable code ([`Refusal::code`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The actor lacks the role or is somebody else.
    #[error("this needs the role `{needs}`, or to be the owner")]
    Forbidden {
        /// The role that would be enough.
        needs: &'static str,
    },
    /// The installation already has developers, so the bootstrap token is spent.
    #[error("the first administrator exists already: the bootstrap token is spent")]
    BootstrapSpent,
    /// The last administrator cannot be disabled or lose the role.
    #[error("this would leave no administrator")]
    LastAdmin,
    /// The sign-in name is taken. Decided where the names are, under the same lock: see the scribe in `control`.
    #[error("that sign-in name is taken")]
    LoginTaken,
    /// No such developer.
    #[error("no developer {0}")]
    DeveloperUnknown(DeveloperId),
    /// The developer has been disabled.
    #[error("developer {0} is disabled")]
    DeveloperDisabled(DeveloperId),
    /// No such team.
    #[error("no team of that id")]
    TeamUnknown,
    /// No such project.
    #[error("no project {0}")]
    ProjectUnknown(ProjectId),
    /// The developer is in none of the project's teams.
    #[error("developer {developer} is in none of the teams of project {project}")]
    ProjectForbidden {
        /// Who asked.
        developer: DeveloperId,
        /// For what.
        project: ProjectId,
    },
    /// A team or project of that name exists.
    #[error("that name is taken")]
    NameTaken,
    /// The id was used before: a retried request, or a forged one.
    #[error("that id was used before")]
    IdTaken,
    /// A time to live outside the bounds.
    #[error("a session lives between {min} and {max}, not {asked}")]
    TtlOutOfBounds {
        /// What was asked.
        asked: Span,
        /// The shortest allowed.
        min: Span,
        /// The longest allowed.
        max: Span,
    },
    /// An amount of money that an entry cannot carry.
    #[error("an amount must lie between $0 and {max}")]
    AmountOutOfBounds {
        /// The largest allowed.
        max: Usd,
    },
    /// A text longer than its bound.
    #[error("{what} is longer than {max} characters")]
    TextTooLong {
        /// Which text.
        what: &'static str,
        /// The bound in characters.
        max: usize,
    },
    /// No such session, or it ended so long ago that only the log remembers.
    #[error("no live session {0}")]
    SessionUnknown(SessionId),
    /// The session is over.
    #[error("session {session} is over")]
    SessionOver {
        /// Which session.
        session: SessionId,
        /// How and when it ended.
        ending: Ending,
    },
    /// The session missed its beats; nothing new is granted until it beats again.
    #[error("session {session} is suspect: its launcher has missed its beats")]
    SessionSuspect {
        /// Which session.
        session: SessionId,
        /// Its last beat.
        since: Time,
    },
    /// The session beat in time after all, so there is nothing to lapse.
    #[error("session {0} is not overdue")]
    NotOverdue(SessionId),
    /// Some bound of [`crate::limits`] is reached.
    #[error("the limit of {max} {what} is reached")]
    LimitReached {
        /// Of what.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// The hold does not fit in what is left of a budget.
    #[error("the budget of session {session} is exhausted: {limit} in all, {spent} spent, {held} held, {asked} asked")]
    BudgetExhausted {
        /// Whose budget.
        session: SessionId,
        /// The budget.
        limit: Usd,
        /// Settled so far.
        spent: Usd,
        /// Held by calls in flight.
        held: Usd,
        /// What this call would hold.
        asked: Usd,
    },
    /// No such open call: it was settled already or never reserved.
    #[error("no open call of that id")]
    CallUnknown,
    /// No such sign-in.
    #[error("no such sign-in, or it has expired")]
    SignInUnknown,
}

impl Refusal {
    /// The stable code that clients may branch on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } => "forbidden",
            Self::BootstrapSpent => "bootstrap_spent",
            Self::LastAdmin => "last_admin",
            Self::LoginTaken => "login_taken",
            Self::DeveloperUnknown(_) => "developer_unknown",
            Self::DeveloperDisabled(_) => "developer_disabled",
            Self::TeamUnknown => "team_unknown",
            Self::ProjectUnknown(_) => "project_unknown",
            Self::ProjectForbidden { .. } => "project_forbidden",
            Self::NameTaken => "name_taken",
            Self::IdTaken => "id_taken",
            Self::TtlOutOfBounds { .. } => "ttl_out_of_bounds",
            Self::AmountOutOfBounds { .. } => "amount_out_of_bounds",
            Self::TextTooLong { .. } => "text_too_long",
            Self::SessionUnknown(_) => "session_unknown",
            Self::SessionOver { .. } => "session_over",
            Self::SessionSuspect { .. } => "session_suspect",
            Self::NotOverdue(_) => "not_overdue",
            Self::LimitReached { .. } => "limit_reached",
            Self::BudgetExhausted { .. } => "budget_exhausted",
            Self::CallUnknown => "call_unknown",
            Self::SignInUnknown => "sign_in_unknown",
        }
    }
}
