//! Why a command was not carried out. A refusal changes nothing and writes nothing.

use crate::lock::{Ahead, Step};
use crate::scope::Outside;
use crate::session::Ending;
use crate::{BrokerKind, CredentialId, DeveloperId, Name, ProjectId, Resource, SessionId, Span, TicketId, Time, Usd};

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
    /// A text that is empty or has control characters.
    #[error("{what} is empty or has control characters")]
    TextMalformed {
        /// Which text.
        what: &'static str,
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
    /// No such broker.
    #[error("no broker `{0}`")]
    BrokerUnknown(Name),
    /// The broker is switched off.
    #[error("broker `{0}` is switched off")]
    BrokerOff(Name),
    /// A broker cannot become one of another kind.
    #[error("broker `{broker}` is of kind {kind}, and stays that: remove it first, or take another name")]
    BrokerKindFixed {
        /// Which one.
        broker: Name,
        /// Its kind.
        kind: BrokerKind,
    },
    /// The broker minted credentials that are not dead yet.
    #[error("broker `{broker}` minted {alive} credentials that are not dead yet: switch it off and wait for them")]
    BrokerInUse {
        /// Which one.
        broker: Name,
        /// How many.
        alive: usize,
    },
    /// The broker has no such target.
    #[error("broker `{broker}` has no target `{target}`")]
    TargetUnknown {
        /// Which broker.
        broker: Name,
        /// What was asked.
        target: Name,
    },
    /// The project was not granted this.
    #[error("this session is not granted `{broker}/{target}`; it is granted {}", list(.granted))]
    NotGranted {
        /// Which broker.
        broker: Name,
        /// Which target.
        target: Name,
        /// What it is granted, as `broker/target`.
        granted: Vec<String>,
    },
    /// The grant does not go that far.
    #[error(
        "`{}` is outside the grant of `{broker}/{target}`: {} allows {}",
        .outside.asked, .outside.dimension, list(&.outside.allowed)
    )]
    OutsideGrant {
        /// Which broker.
        broker: Name,
        /// Which target.
        target: Name,
        /// What was asked, and what would be allowed.
        outside: Box<Outside>,
    },
    /// A credential's life outside what is granted or what the target can give.
    #[error("a credential of `{broker}/{target}` lives between {min} and {max} here, not {asked}")]
    LifeOutOfBounds {
        /// Which broker.
        broker: Name,
        /// Which target.
        target: Name,
        /// What was asked.
        asked: Span,
        /// The shortest allowed.
        min: Span,
        /// The longest allowed.
        max: Span,
    },
    /// No such grant.
    #[error("the project has no such grant")]
    GrantUnknown,
    /// No such credential, or it is dead already.
    #[error("no credential {0} that is alive")]
    CredentialUnknown(CredentialId),
    /// The grant asks for a lock that the session does not hold.
    #[error("this needs the lock `{0}` in mode X: acquire it first")]
    LockRequired(Resource),
    /// No such ticket, or it ended so long ago that only the log remembers.
    #[error("no ticket {0}")]
    TicketUnknown(TicketId),
    /// The ticket is over.
    #[error("ticket {0} is over: ask with a new one")]
    TicketOver(TicketId),
    /// Nothing about the ticket is due.
    #[error("ticket {0} is not due")]
    TicketNotDue(TicketId),
    /// Somebody holds it, or waits and came before.
    #[error("it is held: {}", who_is_ahead(.ahead))]
    LockHeld {
        /// Who stands in the way; at most [`crate::limits::LOCK_AHEAD_SHOWN_MAX`].
        ahead: Vec<Ahead>,
    },
    /// Waiting would close a circle.
    #[error("waiting for this would never end: {}", circle(.cycle))]
    WouldDeadlock {
        /// The circle.
        cycle: Vec<Step>,
    },
    /// A change that a gate let through is on its way.
    #[error("a change under ticket {ticket} is on its way: try again in a minute")]
    LockPinned {
        /// Which ticket.
        ticket: TicketId,
        /// Until when.
        until: Time,
    },
    /// No agent may change the resource until a human has looked.
    #[error("`{0}` is frozen until a human has looked at it")]
    ResourceFrozen(Resource),
    /// It is not frozen.
    #[error("`{0}` is not frozen")]
    FreezeUnknown(Resource),
    /// The credential has not expired.
    #[error("credential {0} has not expired")]
    CredentialAlive(CredentialId),
}

/// A list for a sentence.
fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Who stands in the way, for a sentence.
fn who_is_ahead(ahead: &[Ahead]) -> String {
    let one = |one: &Ahead| {
        let does = if one.waits { "waits for" } else { "has" };
        format!("{} {does} `{}` in mode {}", one.holder, one.want.resource, one.want.mode)
    };
    ahead.first().map(one).unwrap_or_else(|| "none of these is free".to_owned())
}

/// A circle, for a sentence.
fn circle(cycle: &[Step]) -> String {
    let one = |step: &Step| {
        let with = step.ticket.map(|ticket| format!(" with ticket {ticket}")).unwrap_or_default();
        format!("{} would wait for {}{with} at `{}`", step.waits, step.ahead, step.resource)
    };
    cycle.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Refuses one more where there are `count`, and may be `max`.
pub(crate) fn room_for_one(what: &'static str, count: usize, max: usize) -> Result<(), Refusal> {
    if count >= max { Err(Refusal::LimitReached { what, max }) } else { Ok(()) }
}

/// Refuses more than `max` at once.
pub(crate) fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), Refusal> {
    if count > max { Err(Refusal::LimitReached { what, max }) } else { Ok(()) }
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
            Self::TextMalformed { .. } => "text_malformed",
            Self::BrokerUnknown(_) => "broker_unknown",
            Self::BrokerOff(_) => "broker_off",
            Self::BrokerKindFixed { .. } => "broker_kind_fixed",
            Self::BrokerInUse { .. } => "broker_in_use",
            Self::TargetUnknown { .. } => "target_unknown",
            Self::NotGranted { .. } => "not_granted",
            Self::OutsideGrant { .. } => "outside_grant",
            Self::LifeOutOfBounds { .. } => "life_out_of_bounds",
            Self::GrantUnknown => "grant_unknown",
            Self::CredentialUnknown(_) => "credential_unknown",
            Self::CredentialAlive(_) => "credential_alive",
            Self::LockRequired(_) => "lock_required",
            Self::TicketUnknown(_) => "ticket_unknown",
            Self::TicketOver(_) => "ticket_over",
            Self::TicketNotDue(_) => "ticket_not_due",
            Self::LockHeld { .. } => "lock_held",
            Self::WouldDeadlock { .. } => "would_deadlock",
            Self::LockPinned { .. } => "lock_pinned",
            Self::ResourceFrozen(_) => "resource_frozen",
            Self::FreezeUnknown(_) => "freeze_unknown",
        }
    }
}
