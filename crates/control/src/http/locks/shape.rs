//! How tickets, and those who stand in the way, are shown: to whoever asks, in an answer or in a problem.

use domain::freeze::{Cause, Freeze};
use domain::lock::{
    Ahead as InTheWay, Granted, Holder as Who, How, Phase, Step as Link, Ticket as Known, Want as Asked,
};
use domain::{DeveloperId, ProjectId, Refusal, Resource, TicketId, Time};
use serde::Serialize;
use store::LockRow;
use utoipa::ToSchema;

use crate::error::Error;
use crate::http::problem::Problem;
use crate::plane::ControlPlane;
use crate::text::{rfc3339, short_utc};

/// A resource in a mode.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Want {
    pub(crate) resource: String,
    /// `N`, `IS`, `IX`, `S`, `SIX` or `X`.
    pub(crate) mode: &'static str,
}

/// The fencing token that a gate takes for a resource.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Covered {
    resource: String,
    mode: &'static str,
    token: u64,
}

/// Who holds, waits or writes: a session with its human, or a human.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Holder {
    #[serde(rename = "session.id")]
    pub(crate) session: Option<String>,
    #[serde(rename = "developer.id")]
    pub(crate) developer: Option<String>,
    /// The sign-in name.
    #[serde(rename = "developer.name")]
    pub(crate) developer_name: Option<String>,
    #[serde(rename = "project.id")]
    pub(crate) project: Option<String>,
    #[serde(rename = "project.name")]
    pub(crate) project_name: Option<String>,
}

/// A ticket: one request for some resources, all or nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Ticket {
    pub(crate) ticket: String,
    /// `waiting`, `offered` (its turn, to be claimed by asking again), `held`, `resting` (its holder vanished, and a change
    /// may still be on its way) or `over`.
    pub(crate) state: &'static str,
    /// The fencing token, when it is held: the position of the grant in the log. Of a momentary use the one that it had.
    token: Option<u64>,
    priority: &'static str,
    pub(crate) intent: Option<String>,
    pub(crate) wants: Vec<Want>,
    /// What a gate takes for each of the wants; empty when it is not held.
    tokens: Vec<Covered>,
    pub(crate) holder: Holder,
    /// Since when it is held; before that, since when it waits.
    pub(crate) since: String,
    /// Until when what is offered is set aside.
    #[serde(rename = "offered.until")]
    offered_until: Option<String>,
    /// Until when what a vanished session held rests.
    #[serde(rename = "resting.until")]
    resting_until: Option<String>,
    /// Until when a change that a gate let through may be on its way.
    #[serde(rename = "pinned.until")]
    pinned_until: Option<String>,
    /// How many wait before it at one of its resources, at most.
    pub(crate) position: usize,
    /// Who stands in its way, when it waits; the first 16.
    pub(crate) ahead: Vec<Ahead>,
    /// How long it will take, where that can be told.
    #[serde(rename = "eta.seconds")]
    eta_seconds: Option<u64>,
    /// How it came to be over, if it is: `released`, `passed`, `unclaimed`, `rested`, `broken` or `session_over`.
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<&'static str>,
    /// Why it was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(rename = "over.at", skip_serializing_if = "Option::is_none")]
    over_at: Option<String>,
}

/// A ticket that stands in the way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Ahead {
    pub(crate) ticket: String,
    pub(crate) state: &'static str,
    /// Which of its resources is in the way.
    pub(crate) resource: String,
    pub(crate) mode: &'static str,
    pub(crate) holder: Holder,
    pub(crate) intent: Option<String>,
    pub(crate) since: String,
    /// The same, for sentences.
    #[serde(skip)]
    #[schema(ignore)]
    pub(crate) at: Time,
    /// Whether its session missed its beats: it will be over soon, if it stays silent.
    pub(crate) suspect: bool,
}

/// One step of a circle: who would wait for whom.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Step {
    waits: Holder,
    resource: String,
    ahead: Holder,
}

/// A frozen resource.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Frozen {
    pub(crate) resource: String,
    since: String,
    /// `asked`, `ping_pong` or `reverted`.
    why: &'static str,
    /// In a sentence.
    pub(crate) detail: String,
    /// The sessions that changed it in turns; or the one that undid, and the one whose change it was.
    sessions: Vec<Holder>,
    #[serde(rename = "project.id")]
    project: Option<String>,
    #[serde(rename = "project.name")]
    pub(crate) project_name: Option<String>,
}

/// What stands in the way, in a problem.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct Obstacle {
    /// Who holds it, or waits and came before; the first 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ahead: Option<Vec<Ahead>>,
    /// The circle that waiting would close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cycle: Option<Vec<Step>>,
    /// What is frozen, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frozen: Option<Frozen>,
}

/// A ticket as state knows it.
pub(crate) fn ticket(plane: &ControlPlane, id: TicketId, known: &Known) -> Ticket {
    let (position, ahead) = match known.phase {
        Phase::Waiting => plane
            .view
            .read(|state| (state.locks.position(id), state.locks_ahead(known.holder, &known.wants, known.rank))),
        _ => Default::default(),
    };
    let token = known.phase.token();
    let time = |at: Option<Time>| at.map(rfc3339);
    let (offered, resting) = match known.phase {
        Phase::Offered { until } => (Some(until), None),
        Phase::Resting { until } => (None, Some(until)),
        Phase::Held { .. } | Phase::Waiting => (None, None),
    };
    Ticket {
        ticket: id.to_string(),
        state: known.phase.as_str(),
        token,
        priority: known.priority.as_str(),
        intent: known.intent.clone(),
        wants: known.wants.iter().map(want).collect(),
        tokens: token.into_iter().flat_map(|token| known.wants.iter().map(move |one| covered(one, token))).collect(),
        holder: holder(plane, known.holder),
        since: rfc3339(known.since()),
        offered_until: time(offered),
        resting_until: time(resting),
        pinned_until: time(known.pinned_until),
        position,
        ahead: all_ahead(plane, &ahead),
        eta_seconds: None,
        how: None,
        reason: None,
        over_at: None,
    }
}

/// A ticket that was granted and let go in one.
pub(crate) fn passed(plane: &ControlPlane, granted: &Granted, token: u64, at: Time) -> Ticket {
    Ticket {
        ticket: granted.ticket.to_string(),
        state: "over",
        token: Some(token),
        priority: granted.priority.as_str(),
        intent: granted.intent.clone(),
        wants: granted.wants.iter().map(want).collect(),
        tokens: granted.wants.iter().map(|one| covered(one, token)).collect(),
        holder: holder(plane, granted.holder),
        since: rfc3339(at),
        offered_until: None,
        resting_until: None,
        pinned_until: None,
        position: 0,
        ahead: Vec::new(),
        eta_seconds: None,
        how: Some(How::Passed.as_str()),
        reason: None,
        over_at: Some(rfc3339(at)),
    }
}

/// A ticket that is over, as its row tells.
pub(crate) fn over(plane: &ControlPlane, row: &LockRow) -> Ticket {
    let mut holder = holder(plane, row.holder);
    // The session is over too, perhaps for longer than state remembers; its row knows what it was for.
    if holder.project.is_none() {
        holder.project = row.project.map(|id| id.to_string());
        holder.project_name = row.project.and_then(|id| project_name(plane, id));
    }
    Ticket {
        ticket: row.ticket.to_string(),
        state: "over",
        token: row.token,
        priority: row.priority.as_str(),
        intent: row.intent.clone(),
        wants: row.wants.iter().map(want).collect(),
        tokens: Vec::new(),
        holder,
        since: rfc3339(row.granted_at.unwrap_or(row.asked_at)),
        offered_until: None,
        resting_until: None,
        pinned_until: None,
        position: 0,
        ahead: Vec::new(),
        eta_seconds: None,
        how: Some(row.how.as_ref().map_or("session_over", How::as_str)),
        reason: row.how.as_ref().and_then(reason),
        over_at: row.over_at.map(rfc3339),
    }
}

/// Why it was taken away, if it was.
pub(crate) fn reason(how: &How) -> Option<String> {
    match how {
        How::Broken { reason } => Some(reason.clone()),
        How::Released | How::Passed | How::Unclaimed | How::Rested => None,
    }
}

/// As it is shown.
pub(crate) fn want(want: &Asked) -> Want {
    Want { resource: want.resource.to_string(), mode: want.mode.as_str() }
}

fn covered(want: &Asked, token: u64) -> Covered {
    Covered { resource: want.resource.to_string(), mode: want.mode.as_str(), token }
}

/// Who holds. Everybody who may look is told the human, the project and nothing more of another's session.
pub(crate) fn holder(plane: &ControlPlane, who: Who) -> Holder {
    let (developer, project) = owner(plane, who);
    let project_name = project.and_then(|id| project_name(plane, id));
    Holder {
        session: who.session().map(|session| session.to_string()),
        developer: developer.map(|id| id.to_string()),
        developer_name: developer.map(|id| plane.people.login(id)),
        project: project.map(|id| id.to_string()),
        project_name,
    }
}

/// The human, and the project while the session is live.
fn owner(plane: &ControlPlane, who: Who) -> (Option<DeveloperId>, Option<ProjectId>) {
    match who {
        Who::Developer(developer) => (Some(developer), None),
        Who::Session(session) => plane.view.read(|state| match state.sessions.get(&session) {
            Some(live) => (Some(live.developer), live.project),
            None => (state.past.get(&session).map(|past| past.developer), None),
        }),
    }
}

fn project_name(plane: &ControlPlane, id: ProjectId) -> Option<String> {
    plane.view.read(|state| state.projects.get(&id).map(|project| project.name.to_string()))
}

/// Those who stand in the way and are not over meanwhile.
pub(crate) fn all_ahead(plane: &ControlPlane, ahead: &[InTheWay]) -> Vec<Ahead> {
    ahead.iter().filter_map(|one| self::ahead(plane, one)).collect()
}

/// One of those, unless it is over meanwhile.
pub(crate) fn ahead(plane: &ControlPlane, one: &InTheWay) -> Option<Ahead> {
    let (known, suspect) = plane.view.read(|state| {
        let session = one.holder.session().and_then(|session| state.sessions.get(&session));
        let suspect = session.is_some_and(|session| session.suspect_since.is_some());
        state.locks.tickets.get(&one.ticket).map(|ticket| (ticket.clone(), suspect))
    })?;
    let at = known.since();
    Some(Ahead {
        ticket: one.ticket.to_string(),
        state: known.phase.as_str(),
        resource: one.want.resource.to_string(),
        mode: one.want.mode.as_str(),
        holder: holder(plane, one.holder),
        intent: known.intent,
        since: rfc3339(at),
        at,
        suspect,
    })
}

fn step(plane: &ControlPlane, link: &Link) -> Step {
    let (waits, ahead) = (holder(plane, link.waits), holder(plane, link.ahead));
    Step { waits, resource: link.resource.to_string(), ahead }
}

/// A freeze, with what led to it in a sentence.
pub(crate) fn frozen(plane: &ControlPlane, resource: &Resource, freeze: &Freeze) -> Frozen {
    let sessions = freeze.cause.sessions().into_iter().map(|id| holder(plane, Who::Session(id)));
    let sessions: Vec<Holder> = sessions.collect();
    let names: Vec<String> = sessions.iter().map(name).collect();
    let (why, detail) = match &freeze.cause {
        Cause::Asked { by, reason } => {
            let who = by.map(|by| name(&holder(plane, Who::Developer(by))));
            ("asked", format!("frozen by {}: {reason}", who.as_deref().unwrap_or("hand")))
        }
        Cause::PingPong { .. } => ("ping_pong", format!("agents changed it in turns: {}", names.join(", then "))),
        Cause::Reverted { .. } => ("reverted", format!("an agent undid another's change: {}", names.join(" that of "))),
    };
    Frozen {
        resource: resource.to_string(),
        since: rfc3339(freeze.since),
        why,
        detail,
        sessions,
        project: freeze.project.map(|id| id.to_string()),
        project_name: freeze.project.and_then(|id| project_name(plane, id)),
    }
}

/// A person, for a sentence.
pub(crate) fn name(holder: &Holder) -> String {
    let developer = holder.developer_name.as_deref().unwrap_or("somebody");
    match (&holder.session, &holder.project_name) {
        (Some(session), Some(project)) => format!("{developer}'s {session} ({project})"),
        (Some(session), None) => format!("{developer}'s {session}"),
        (None, _) => developer.to_owned(),
    }
}

/// What a refusal says, with the names of who stands in the way: what an agent can act on.
pub(crate) fn problem(plane: &ControlPlane, error: Error) -> Problem {
    let Error::Refused(refusal) = &error else { return error.into() };
    match refusal {
        Refusal::LockHeld { ahead } => {
            let ahead = all_ahead(plane, ahead);
            let detail = ahead.first().map(held);
            explained(error, detail, Obstacle { ahead: Some(ahead), ..Obstacle::default() })
        }
        Refusal::WouldDeadlock { cycle } => {
            let cycle: Vec<Step> = cycle.iter().map(|link| step(plane, link)).collect();
            let detail = circle(&cycle);
            explained(error, Some(detail), Obstacle { cycle: Some(cycle), ..Obstacle::default() })
        }
        Refusal::ResourceFrozen(resource) => {
            let freeze = plane.view.read(|state| state.freezes.get(resource).cloned());
            let frozen = freeze.map(|freeze| frozen(plane, resource, &freeze));
            let detail = frozen.as_ref().map(|one| format!("{error}: {}", one.detail));
            explained(error, detail, Obstacle { frozen, ..Obstacle::default() })
        }
        _ => error.into(),
    }
}

fn explained(error: Error, detail: Option<String>, obstacle: Obstacle) -> Problem {
    let problem = Problem::from(error).obstacle(obstacle);
    match detail {
        Some(detail) => problem.saying(detail),
        None => problem,
    }
}

/// Who is in the way, since when and what for.
pub(crate) fn held(ahead: &Ahead) -> String {
    let does = match ahead.state {
        "waiting" => "waits for",
        "offered" => "is about to take",
        _ => "holds",
    };
    let who = name(&ahead.holder);
    let since = short_utc(ahead.at);
    let intent = ahead.intent.as_ref().map(|intent| format!(": {intent}")).unwrap_or_default();
    format!("{who} {does} `{}` in mode {} since {since}{intent}", ahead.resource, ahead.mode)
}

fn circle(cycle: &[Step]) -> String {
    let one =
        |step: &Step| format!("{} would wait for {} at `{}`", name(&step.waits), name(&step.ahead), step.resource);
    let steps: Vec<String> = cycle.iter().map(one).collect();
    format!("waiting for this would never end: {}", steps.join(", "))
}
