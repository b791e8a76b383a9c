//! Who did this? From a trace in any system to its session, and from there to the human, with what is known beside it and
//! which entry of the log says so.
//!
//! A link is a proof where a wall of writ saw it, and a claim where somebody only said it. Both are told; they are never
//! mixed up.

mod evidence;
mod find;
mod neighbours;

use domain::limits::{ARTIFACT_CHARS_MAX, RESOURCE_BYTES_MAX};
use domain::{ArtifactKind, CredentialId, DeveloperId, Event, SessionId, Time};
use ledger::Entry;
use policy::{ReadSession, ReadSessions};
use store::{CallRow, CredentialRow, SessionRow};

pub use evidence::Kind;
pub use find::{Found, Searched};
pub(crate) use find::{commit_digits, session_ids, spellings};
pub use neighbours::{Neighbour, Neighbours};

use crate::error::Error;
use crate::limits::{
    WHO_AGENTS_TOLD_MAX, WHO_ARTIFACTS_READ_MAX, WHO_CANDIDATES_MAX, WHO_NEIGHBOURS_MAX, WHO_USER_AGENTS_TOLD_MAX,
};
use crate::plane::{Asker, ControlPlane};
use find::Finds;

/// The answer to "who did this?".
#[derive(Debug)]
pub enum Answer {
    /// It leads to one session.
    Session(Box<Told>),
    /// It is a human.
    Developer {
        /// Whom.
        developer: DeveloperId,
        /// Their newest sessions.
        sessions: Vec<SessionRow>,
    },
    /// It may be several.
    Ambiguous {
        /// What it may be, oldest first, at most [`WHO_CANDIDATES_MAX`].
        candidates: Vec<Candidate>,
        /// How many more there are that the asker may not see.
        hidden: usize,
    },
    /// Nothing is known of it.
    Unknown {
        /// What was looked for, and where.
        searched: Vec<Searched>,
    },
}

/// Everything about the one session that a thing leads to.
#[derive(Debug)]
pub struct Told {
    /// How the thing leads to it, proofs first.
    pub links: Vec<Link>,
    /// The session.
    pub session: SessionRow,
    /// The entry that opened it, which names the human.
    pub opened_in: Option<u64>,
    /// The model call, if the thing is one or leads through one.
    pub call: Option<CallRow>,
    /// The credential, if the thing is a name of one; the newest, where several had that name.
    pub credential: Option<CredentialRow>,
    /// What the session's programs say they are: claims.
    pub agent: AgentClaims,
    /// Who else was at work.
    pub neighbours: Neighbours,
    /// How many more sessions it leads to that the asker may not see.
    pub hidden: usize,
}

/// What a session's programs say they are.
#[derive(Debug, Default)]
pub struct AgentClaims {
    /// Programs that called.
    pub user_agents: Vec<String>,
    /// Their own session ids.
    pub client_sessions: Vec<String>,
    /// Their sub-agents.
    pub agents: Vec<String>,
}

/// One way from the thing to its session.
#[derive(Debug)]
pub struct Link {
    /// What the thing is, and which entry says so.
    pub found: Found,
    /// That entry.
    pub entry: Option<Entry>,
}

/// One thing that an ambiguous name may mean.
#[derive(Debug)]
pub struct Candidate {
    /// What it is.
    pub found: Found,
    /// Its session, if it leads to one.
    pub session: Option<SessionRow>,
}

/// Tells who did something, as far as the asker may know.
///
/// # Errors
/// When the thing is only known from sessions of somebody else's that the asker may not see, or the store is away.
pub async fn who(plane: &ControlPlane, asker: Asker, thing: &str, only: Option<Kind>) -> Result<Answer, Error> {
    let thing = thing.trim();
    let most = if is_resource(thing) { RESOURCE_BYTES_MAX } else { ARTIFACT_CHARS_MAX };
    if thing.is_empty() || thing.chars().count() > most || thing.chars().any(char::is_control) {
        let text = format!("a thing to ask for has 1 to {ARTIFACT_CHARS_MAX} characters and no line breaks");
        return Err(Error::Invalid(text));
    }
    let Finds { found, searched } = find::find(plane, thing, only).await?;
    let (visible, hidden) = visible(plane, asker, found).await?;
    let Some(first) = visible.first() else {
        return if hidden > 0 { Err(not_yours()) } else { Ok(Answer::Unknown { searched }) };
    };
    let is_first = |candidate: &Candidate| {
        candidate.found.session == first.found.session && candidate.found.developer == first.found.developer
    };
    if !visible.iter().all(is_first) {
        let candidates = visible.into_iter().take(WHO_CANDIDATES_MAX).collect();
        return Ok(Answer::Ambiguous { candidates, hidden });
    }
    match (first.session.clone(), first.found.developer) {
        (Some(session), _) => {
            let links = visible.into_iter().map(|candidate| candidate.found).collect();
            Ok(Answer::Session(Box::new(tell(plane, asker, session, links, hidden).await?)))
        }
        (None, Some(developer)) => {
            let sessions = neighbours::newest_of(plane, developer, WHO_NEIGHBOURS_MAX).await?;
            Ok(Answer::Developer { developer, sessions })
        }
        // What leads neither to a session nor to a human is not found.
        (None, None) => Ok(Answer::Unknown { searched }),
    }
}

/// Resources may have longer names than anything else.
fn is_resource(thing: &str) -> bool {
    thing.parse::<domain::Resource>().is_ok()
}

/// Those that the asker may see, with their sessions, and how many the asker may not.
async fn visible(plane: &ControlPlane, asker: Asker, found: Vec<Found>) -> Result<(Vec<Candidate>, usize), Error> {
    let (mut visible, mut hidden) = (Vec::new(), std::collections::BTreeSet::new());
    for found in found {
        let session = match found.session {
            Some(id) => plane.store.session(id).await?,
            None => None,
        };
        let may_see = match (&session, found.developer) {
            (Some(row), _) => may_read(plane, asker, row.developer),
            (None, Some(developer)) => may_list(plane, asker, developer),
            (None, None) => false,
        };
        match (may_see, found.session) {
            (true, _) => visible.push(Candidate { found, session }),
            // That somebody has a name is nobody else's business: it is as if it were not found.
            (false, None) => {}
            (false, Some(id)) => drop(hidden.insert(id)),
        }
    }
    Ok((visible, hidden.len()))
}

fn may_read(plane: &ControlPlane, asker: Asker, developer: DeveloperId) -> bool {
    plane.view.read(|state| policy::authorize(state, asker.by, ReadSession { developer }).is_ok())
}

fn may_list(plane: &ControlPlane, asker: Asker, developer: DeveloperId) -> bool {
    plane.view.read(|state| policy::authorize(state, asker.by, ReadSessions { of: Some(developer) }).is_ok())
}

fn not_yours() -> Error {
    Error::Forbidden {
        text: "this belongs to a session of somebody else's".to_owned(),
        next: Some("ask an auditor or an administrator: they may see whose it is".to_owned()),
    }
}

async fn tell(
    plane: &ControlPlane,
    asker: Asker,
    session: SessionRow,
    found: Vec<Found>,
    hidden: usize,
) -> Result<Told, Error> {
    let mut links = Vec::new();
    for found in found {
        let stored = match found.position {
            Some(position) => plane.store.entry(position).await?,
            None => None,
        };
        let entry = stored.and_then(|stored| ledger::decode(&stored.bytes).ok());
        links.push(Link { found, entry });
    }
    links.sort_by_key(|link| (link.found.kind.is_claim(), link.found.position));
    let call = call_of(plane, &links).await?;
    let at = moment(&session, call.as_ref(), &links);
    // Who may not see others' sessions sees as neighbours their own.
    let whose = Some(session.developer).filter(|_| !may_see_everybody(plane, asker));
    let credential = match credential_of(&links) {
        Some(id) => plane.store.credential(id).await?,
        None => None,
    };
    Ok(Told {
        credential,
        opened_in: plane.store.opening_position(session.id).await?,
        agent: agent_claims(plane, session.id, call.as_ref()).await?,
        neighbours: neighbours::around(plane, &session, whose, at).await?,
        links,
        session,
        call,
        hidden,
    })
}

fn may_see_everybody(plane: &ControlPlane, asker: Asker) -> bool {
    plane.view.read(|state| policy::authorize(state, asker.by, ReadSessions { of: None }).is_ok())
}

/// When it happened.
fn moment(session: &SessionRow, call: Option<&CallRow>, links: &[Link]) -> Time {
    let of_entry = links.iter().find_map(|link| link.entry.as_ref()).map(|entry| entry.time);
    call.map(|call| call.reserved_at).or(of_entry).unwrap_or(session.opened_at)
}

/// The call that the thing is, or that left it.
async fn call_of(plane: &ControlPlane, links: &[Link]) -> Result<Option<CallRow>, Error> {
    for link in links {
        let through_call = matches!(
            link.found.kind,
            Kind::Call | Kind::Artifact(ArtifactKind::UpstreamRequest | ArtifactKind::Request)
        );
        let id = match link.entry.as_ref().map(|entry| &entry.event) {
            Some(Event::CallReserved(event)) => event.call,
            Some(Event::CallSettled(event)) => event.call,
            _ => continue,
        };
        if through_call {
            return Ok(plane.store.call(id).await?);
        }
    }
    Ok(None)
}

/// The credential that the thing is a name of. The entry that recorded the name says which.
fn credential_of(links: &[Link]) -> Option<CredentialId> {
    let recorded = links.iter().filter_map(|link| match &link.entry.as_ref()?.event {
        Event::CredentialRequested(event) => Some(event.credential),
        Event::CredentialIssued(event) => Some(event.credential),
        _ => None,
    });
    recorded.max()
}

async fn agent_claims(plane: &ControlPlane, session: SessionId, call: Option<&CallRow>) -> Result<AgentClaims, Error> {
    if let Some(call) = call {
        let one = |claim: &Option<String>| claim.clone().into_iter().collect();
        return Ok(AgentClaims {
            user_agents: one(&call.user_agent),
            client_sessions: one(&call.client_session),
            agents: one(&call.agent),
        });
    }
    let artifacts = plane.store.artifacts_of_session(session, WHO_ARTIFACTS_READ_MAX).await?;
    let of = |kind| {
        let names = artifacts.iter().filter(|row| row.kind == kind).map(|row| row.value.clone());
        names.take(WHO_AGENTS_TOLD_MAX).collect()
    };
    Ok(AgentClaims {
        user_agents: plane.store.user_agents(session, WHO_USER_AGENTS_TOLD_MAX).await?,
        client_sessions: of(ArtifactKind::ClientSession),
        agents: of(ArtifactKind::Agent),
    })
}
