//! State: the fold of the log that decisions need. Live things only; history lives in read tables.

mod apply;
mod credentials;
mod locks;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::broker::{Broker, Target};
use crate::call::Reservation;
use crate::credential::Credential;
use crate::developer::Developer;
use crate::freeze::Freeze;
use crate::lock::Locks;
use crate::project::Project;
use crate::session::{Ending, How, Past, Session};
use crate::sign_in::Held;
use crate::team::Team;
use crate::write::Recent;
use crate::{
    Actor, CallId, CredentialId, DeveloperId, Digest, Name, NodeId, ProjectId, Refusal, Resource, Role, SessionId,
    SignInId, TeamId, Time, limits,
};

/// Everything a decision may depend on. Equal logs give equal states.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Time of the newest entry; time never runs backwards inside the log.
    pub last_time: Time,
    /// How many entries it is folded from: the position of the next one.
    pub next: u64,
    /// Known humans.
    pub developers: BTreeMap<DeveloperId, Developer>,
    /// Teams.
    pub teams: BTreeMap<TeamId, Team>,
    /// Projects.
    pub projects: BTreeMap<ProjectId, Project>,
    /// Sign-ins that have not been ended (they may have expired).
    pub sign_ins: BTreeMap<SignInId, Held>,
    /// Sign-ins that were ended, the last [`limits::SIGN_INS_OVER_REMEMBERED_MAX`] of them: a late retry revives none.
    pub sign_ins_over: BTreeSet<SignInId>,
    /// Live sessions, active or suspect.
    pub sessions: BTreeMap<SessionId, Session>,
    /// Sessions that are over, the last [`limits::SESSIONS_OVER_REMEMBERED_MAX`] of them.
    pub past: BTreeMap<SessionId, Past>,
    /// The order in which sessions ended, oldest first.
    pub past_order: VecDeque<SessionId>,
    /// Sessions that are over with calls still in flight (how many), credentials that are not known to be dead, or tickets
    /// that rest: closed when the last is.
    pub closing: BTreeMap<SessionId, usize>,
    /// Calls in flight.
    pub calls: BTreeMap<CallId, Reservation>,
    /// Calls settled by recovery, the last [`limits::CALLS_ABANDONED_REMEMBERED_MAX`] of them. Nobody was told that they
    /// were reserved, so somebody may still ask again.
    pub abandoned: BTreeSet<CallId>,
    /// Processes that came up and were not found lost.
    pub nodes: BTreeSet<NodeId>,
    /// Sign-in by digest of its token.
    pub sign_in_tokens: BTreeMap<Digest, SignInId>,
    /// Session by digest of its token, for live and remembered sessions.
    pub session_tokens: BTreeMap<Digest, SessionId>,
    /// Live session by client session id it claimed first.
    pub aliases: BTreeMap<String, SessionId>,
    /// Sessions of sub-agents by their live parent and the client's id of them; those that are over stay, so that none
    /// comes back.
    pub agents: BTreeMap<SessionId, BTreeMap<String, SessionId>>,
    /// Live child sessions by parent.
    pub children: BTreeMap<SessionId, BTreeSet<SessionId>>,
    /// Brokers.
    pub brokers: BTreeMap<Name, Broker>,
    /// Credentials that are not known to be dead.
    pub credentials: BTreeMap<CredentialId, Credential>,
    /// Those of them that are to be ended.
    pub due: BTreeSet<CredentialId>,
    /// Those of them by when they stop working by themselves.
    pub expiries: BTreeSet<(Time, CredentialId)>,
    /// Those of them by session, live or over.
    pub session_credentials: BTreeMap<SessionId, BTreeSet<CredentialId>>,
    /// Locks, and who waits for them.
    pub locks: Locks,
    /// Resources that no agent may change.
    pub freezes: BTreeMap<Resource, Freeze>,
    /// The last changes of resources, the oldest first: at most [`limits::WRITES_REMEMBERED_PER_RESOURCE_MAX`] each.
    pub writes: BTreeMap<Resource, Vec<Recent>>,
    /// Those resources by the position of their newest change; the longest unchanged are forgotten first.
    pub write_order: BTreeMap<u64, Resource>,
}

impl State {
    /// A known developer, disabled or not.
    pub(crate) fn developer(&self, id: DeveloperId) -> Result<&Developer, Refusal> {
        self.developers.get(&id).ok_or(Refusal::DeveloperUnknown(id))
    }

    /// A known broker, switched on or off.
    ///
    /// # Errors
    /// [`Refusal::BrokerUnknown`].
    pub fn broker(&self, name: &Name) -> Result<&Broker, Refusal> {
        self.brokers.get(name).ok_or_else(|| Refusal::BrokerUnknown(name.clone()))
    }

    /// What is known of a broker's target.
    ///
    /// # Errors
    /// [`Refusal::BrokerUnknown`] or [`Refusal::TargetUnknown`].
    pub fn target(&self, broker: &Name, target: &Name) -> Result<Target, Refusal> {
        let unknown = || Refusal::TargetUnknown { broker: broker.clone(), target: target.clone() };
        self.broker(broker)?.targets.get(target).copied().ok_or_else(unknown)
    }

    /// The session, positively found live.
    ///
    /// # Errors
    /// It is over (with how and when), or unknown.
    pub fn live_session(&self, id: SessionId) -> Result<&Session, Refusal> {
        if let Some(session) = self.sessions.get(&id) {
            return Ok(session);
        }
        match self.past.get(&id) {
            Some(past) => Err(Refusal::SessionOver { session: id, ending: past.ending.clone() }),
            None => Err(Refusal::SessionUnknown(id)),
        }
    }

    /// The session, positively found live, its expiry not reached even if that is not yet an entry.
    ///
    /// # Errors
    /// It is over or expired (with how and when), or unknown.
    pub fn unexpired_session(&self, id: SessionId, now: Time) -> Result<&Session, Refusal> {
        let session = self.live_session(id)?;
        if now.max(self.last_time) < session.expires_at {
            return Ok(session);
        }
        let ending = Ending { how: How::ReachedExpiry, at: session.expires_at };
        Err(Refusal::SessionOver { session: id, ending })
    }

    /// The signed-in developer whose token has this digest: known, not disabled, not expired.
    pub fn signed_in(&self, token: &Digest, now: Time) -> Option<(SignInId, DeveloperId)> {
        let id = *self.sign_in_tokens.get(token)?;
        let held = self.sign_ins.get(&id)?;
        let developer = self.developers.get(&held.developer)?;
        (now < held.expires_at && !developer.disabled).then_some((id, held.developer))
    }

    /// The session that stands for a sub-agent of a live session, live or over; none if it has none yet.
    pub fn agent_session(&self, parent: SessionId, agent: &str) -> Option<SessionId> {
        self.agents.get(&parent)?.get(agent).copied()
    }

    /// The actor holds the role, or is an administrator, or is writ itself.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] otherwise, and for disabled or unknown developers.
    pub fn require(&self, by: Actor, needs: Role) -> Result<(), Refusal> {
        let allowed = match by {
            Actor::System => true,
            Actor::Bootstrap | Actor::Session(_) => false,
            Actor::Developer(id) => self.developers.get(&id).is_some_and(|developer| {
                let holds = developer.roles.contains(&needs) || developer.roles.contains(&Role::Admin);
                holds && !developer.disabled
            }),
        };
        if allowed { Ok(()) } else { Err(Refusal::Forbidden { needs: needs.as_str() }) }
    }

    /// The live ancestors of a session, nearest first; empty for a root session.
    pub fn lineage(&self, id: SessionId) -> Vec<SessionId> {
        self.ancestors(id).collect()
    }

    fn ancestors(&self, id: SessionId) -> impl Iterator<Item = SessionId> {
        let parent_of = |id: &SessionId| self.sessions.get(id).and_then(|session| session.parent);
        std::iter::successors(parent_of(&id), parent_of).take(limits::SESSION_DEPTH_MAX + 1)
    }

    /// Whether two sessions are one, or one descends from the other.
    pub fn are_family(&self, one: SessionId, other: SessionId) -> bool {
        let descends = |one, other| self.ancestors(one).any(|ancestor| ancestor == other);
        one == other || descends(one, other) || descends(other, one)
    }

    /// A session, its live ancestors and its live descendants.
    pub fn family(&self, id: SessionId) -> Vec<SessionId> {
        let mut all = vec![id];
        all.extend(self.ancestors(id));
        all.extend(self.descendants(id));
        all
    }

    /// The live descendants of a session, parents before children.
    pub fn descendants(&self, id: SessionId) -> Vec<SessionId> {
        let mut found = Vec::new();
        // Each is followed once, so that even a log with a circle in it, which no decision writes, ends the search.
        let mut seen = BTreeSet::from([id]);
        let mut next = VecDeque::from([id]);
        while let Some(parent) = next.pop_front() {
            for &child in self.children.get(&parent).into_iter().flatten() {
                if seen.insert(child) {
                    found.push(child);
                    next.push_back(child);
                }
            }
        }
        found
    }
}
