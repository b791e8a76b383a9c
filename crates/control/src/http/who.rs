//! `/v1/who`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use domain::DeveloperId;
use serde::{Deserialize, Serialize};
use store::SessionRow;
use utoipa::{IntoParams, ToSchema};

use super::credentials::{self, Credential};
use super::extract::{Query, SignedIn};
use super::problem::{self, Problem};
use super::shapes::{self, Call, Session};
use crate::operations::who::{self, Candidate as Means, Found, Link as Linked, Neighbour as Beside, Told};
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/who", get(who))
}

/// What to ask for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// A commit (whole, or at least seven digits), a pull request, a request of writ or of the model service, a client's
    /// session, a session, a call, a developer, a certificate, a role, a key, a token, a lock's ticket, its token as
    /// `lock:1234`, a resource as `env:prod/payments`, or a name with a session's id in it.
    thing: String,
    /// Only if it is of this kind: `session`, `call`, `developer`, `commit`, `certificate_serial`, …
    kind: Option<String>,
}

/// Who did it, what it may mean, or where it was looked for.
#[derive(Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(super) enum WhoAnswer {
    /// It leads to one session, or is a human.
    #[schema(title = "Found")]
    Found(Box<TheOne>),
    /// It may mean several.
    #[schema(title = "Ambiguous")]
    Ambiguous(Candidates),
    /// Nothing is known of it.
    #[schema(title = "Unknown")]
    Unknown(Places),
}

/// Who did it.
#[derive(Serialize, ToSchema)]
pub(super) struct TheOne {
    thing: String,
    /// How the thing leads to the session, proofs first.
    links: Vec<Link>,
    session: Option<Session>,
    human: Human,
    /// The entry that opened the session and names the human.
    opened_in: Option<u64>,
    /// What the session's programs say they are: claims.
    agent: Agent,
    /// The version of the policy that was in force. There is none yet.
    policy: Option<String>,
    /// Who approved it. Nothing is approved yet.
    approvals: Vec<String>,
    /// The model call, if the thing is one or leads through one.
    call: Option<Call>,
    /// The credential, if the thing is a name of one.
    credential: Option<Credential>,
    neighbours: Neighbours,
    /// More sessions that it leads to, which are not the asker's to see.
    hidden: usize,
}

/// One way from the thing to its session.
#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    kind: &'static str,
    /// Its full name.
    value: String,
    /// `proof` when a wall of writ saw it, `claim` when somebody said so.
    evidence: &'static str,
    /// Why it leads there.
    says: &'static str,
    /// The entry of the log that says so.
    position: Option<u64>,
    time: Option<String>,
    /// That entry's type.
    entry_type: Option<String>,
    /// Who made the entry: a sign-in name, a session's id, or writ itself.
    by: Option<String>,
}

/// The human, as far as they are known.
#[derive(Serialize, ToSchema)]
pub(super) struct Human {
    /// The pseudonym that stands in the log.
    id: String,
    login: String,
    display_name: String,
    disabled: bool,
    /// When who they are was erased, if it was: names are stand-ins then.
    erased_at: Option<String>,
}

/// What programs say they are: claims, not proof.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Agent {
    user_agents: Vec<String>,
    client_sessions: Vec<String>,
    agents: Vec<String>,
}

/// Who else was at work.
#[derive(Serialize, ToSchema)]
pub(super) struct Neighbours {
    /// Of the same `project` or the same `developer`.
    of: &'static str,
    at: Option<String>,
    /// Opened before that, at most five, oldest first.
    before: Vec<Neighbour>,
    /// Opened after that, at most five, oldest first.
    after: Vec<Neighbour>,
}

/// A session beside.
#[derive(Serialize, ToSchema)]
pub(super) struct Neighbour {
    session: String,
    developer: String,
    project: Option<String>,
    status: &'static str,
    opened_at: String,
    over_at: Option<String>,
    /// Whether it was at work at that moment.
    was_active: bool,
}

/// What an ambiguous name may mean.
#[derive(Serialize, ToSchema)]
pub(super) struct Candidates {
    thing: String,
    candidates: Vec<Candidate>,
    hidden: usize,
}

/// One of them.
#[derive(Serialize, ToSchema)]
pub(super) struct Candidate {
    kind: &'static str,
    value: String,
    evidence: &'static str,
    position: Option<u64>,
    session: Option<String>,
    developer: Option<String>,
    opened_at: Option<String>,
}

/// Where it was looked for.
#[derive(Serialize, ToSchema)]
pub(super) struct Places {
    thing: String,
    searched: Vec<Place>,
}

/// One place.
#[derive(Serialize, ToSchema)]
pub(super) struct Place {
    kinds: Vec<&'static str>,
    names: Vec<String>,
    place: &'static str,
}

/// Who did this? Auditors and administrators ask about everything, developers about their own sessions.
#[utoipa::path(get, path = "/v1/who", tag = "log", params(Asked),
    responses((status = 200, body = WhoAnswer), (status = "4XX", body = Problem)))]
pub(super) async fn who(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Answer<WhoAnswer>, Problem> {
    let plane = &shared.plane;
    let kind = asked.kind.as_deref().map(str::parse::<who::Kind>).transpose();
    let kind = kind.map_err(|error| problem::unreadable(format!("`kind`: {error}")))?;
    let answer = who::who(plane, signed_in.asker(), &asked.thing, kind).await?;
    Ok(Answer(shape(plane, asked.thing, answer)))
}

fn shape(plane: &ControlPlane, thing: String, answer: who::Answer) -> WhoAnswer {
    match answer {
        who::Answer::Session(told) => WhoAnswer::Found(Box::new(the_session(plane, thing, *told))),
        who::Answer::Developer { developer, sessions } => {
            WhoAnswer::Found(Box::new(the_developer(plane, thing, developer, sessions)))
        }
        who::Answer::Ambiguous { candidates, hidden } => {
            let candidates = candidates.into_iter().map(|means| candidate(plane, means)).collect();
            WhoAnswer::Ambiguous(Candidates { thing, candidates, hidden })
        }
        who::Answer::Unknown { searched } => {
            let place = |searched: who::Searched| Place {
                kinds: searched.kinds.into_iter().map(who::Kind::as_str).collect(),
                names: searched.names,
                place: searched.how,
            };
            WhoAnswer::Unknown(Places { thing, searched: searched.into_iter().map(place).collect() })
        }
    }
}

fn the_session(plane: &ControlPlane, thing: String, told: Told) -> TheOne {
    let beside = |rows: Vec<Beside>| rows.iter().map(|row| neighbour(plane, &row.session, row.was_active)).collect();
    TheOne {
        thing,
        links: told.links.into_iter().map(|linked| link(plane, linked)).collect(),
        human: human(plane, told.session.developer),
        session: Some(shapes::session(plane, &told.session)),
        opened_in: told.opened_in,
        agent: Agent {
            user_agents: told.agent.user_agents,
            client_sessions: told.agent.client_sessions,
            agents: told.agent.agents,
        },
        policy: None,
        approvals: Vec::new(),
        call: told.call.as_ref().map(shapes::call),
        credential: told.credential.map(|row| credentials::shape(plane, row)),
        neighbours: Neighbours {
            of: if told.neighbours.of_project { "project" } else { "developer" },
            at: Some(text::rfc3339(told.neighbours.at)),
            before: beside(told.neighbours.before),
            after: beside(told.neighbours.after),
        },
        hidden: told.hidden,
    }
}

fn the_developer(plane: &ControlPlane, thing: String, developer: DeveloperId, newest: Vec<SessionRow>) -> TheOne {
    let kind = who::Kind::Developer;
    let value = developer.to_string();
    let found = Found { kind, value, session: None, developer: Some(developer), position: None };
    TheOne {
        thing,
        links: vec![link(plane, Linked { found, entry: None })],
        session: None,
        human: human(plane, developer),
        opened_in: None,
        agent: Agent::default(),
        policy: None,
        approvals: Vec::new(),
        call: None,
        credential: None,
        neighbours: Neighbours {
            of: "developer",
            at: None,
            before: newest.iter().rev().map(|row| neighbour(plane, row, row.over_at.is_none())).collect(),
            after: Vec::new(),
        },
        hidden: 0,
    }
}

fn link(plane: &ControlPlane, linked: Linked) -> Link {
    let Linked { found, entry } = linked;
    let entry_type = entry.as_ref().and_then(|entry| serde_json::to_value(&entry.event).ok());
    let entry_type = entry_type.and_then(|value| Some(value.get("type")?.as_str()?.to_owned()));
    Link {
        kind: found.kind.as_str(),
        value: found.value,
        evidence: evidence(found.kind),
        says: found.kind.says(),
        position: found.position,
        time: entry.as_ref().map(|entry| text::rfc3339(entry.time)),
        entry_type,
        by: entry.map(|entry| text::actor(plane, entry.actor)),
    }
}

const fn evidence(kind: who::Kind) -> &'static str {
    if kind.is_claim() { "claim" } else { "proof" }
}

/// The one place that says who somebody is.
fn human(plane: &ControlPlane, id: DeveloperId) -> Human {
    let names = plane.people.names(id);
    let (disabled, erased_at) = plane.view.read(|state| {
        let known = state.developers.get(&id);
        (known.is_some_and(|known| known.disabled), known.and_then(|known| known.erased_at))
    });
    Human {
        id: id.to_string(),
        login: names.login_name,
        display_name: names.display_name,
        disabled,
        erased_at: erased_at.map(text::rfc3339),
    }
}

fn neighbour(plane: &ControlPlane, row: &SessionRow, was_active: bool) -> Neighbour {
    Neighbour {
        session: row.id.to_string(),
        developer: plane.people.login(row.developer),
        project: row.project.map(|id| shapes::project(plane, id).name().to_owned()),
        status: row.status.as_str(),
        opened_at: text::rfc3339(row.opened_at),
        over_at: row.over_at.map(text::rfc3339),
        was_active,
    }
}

fn candidate(plane: &ControlPlane, means: Means) -> Candidate {
    let Means { found, session } = means;
    let developer = session.as_ref().map(|row| row.developer).or(found.developer);
    Candidate {
        kind: found.kind.as_str(),
        evidence: evidence(found.kind),
        value: found.value,
        position: found.position,
        session: found.session.map(|id| id.to_string()),
        developer: developer.map(|id| plane.people.login(id)),
        opened_at: session.map(|row| text::rfc3339(row.opened_at)),
    }
}
