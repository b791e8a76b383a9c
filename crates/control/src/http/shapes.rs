//! JSON shapes that more than one endpoint answers with, and how rows become them.

use domain::session::{Ending, How};
use domain::{DeveloperId, ProjectId, TeamId, Usage};
use serde::Serialize;
use store::{CallRow, SessionRow};
use utoipa::ToSchema;

use crate::plane::ControlPlane;
use crate::text;

/// A developer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Developer {
    id: String,
    login: String,
    display_name: String,
    /// Absent where none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    roles: Vec<&'static str>,
    disabled: bool,
    /// When who they are was destroyed; `login` and `display_name` are stand-ins then.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<String>,
}

/// Something with an id and a name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Named {
    id: String,
    name: String,
}

/// The human of a session.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Who {
    id: String,
    login: String,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    pub(crate) id: String,
    parent: Option<String>,
    /// The sub-agent of the parent's client that it stands for, by the client's own id of it: a claim.
    pub(crate) agent: Option<String>,
    pub(crate) developer: Who,
    pub(crate) project: Option<Named>,
    team: Option<Named>,
    profile: String,
    pub(crate) status: &'static str,
    pub(crate) opened_at: String,
    pub(crate) expires_at: String,
    pub(crate) over_at: Option<String>,
    pub(crate) over: Option<Over>,
    pub(crate) budget_usd_nanos: Option<i64>,
    /// Settled, sub-agents included.
    pub(crate) spent_usd_nanos: i64,
    /// Held by calls in flight, sub-agents included.
    pub(crate) held_usd_nanos: i64,
    /// Calls, sub-agents included.
    pub(crate) calls: i64,
    url: String,
}

/// How a session came to be over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Over {
    how: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    pub(crate) text: String,
}

/// A model call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Call {
    pub(crate) id: String,
    session: String,
    pub(crate) model: String,
    pub(crate) model_served: Option<String>,
    pub(crate) reserved_at: String,
    settled_at: Option<String>,
    pub(crate) hold_usd_nanos: i64,
    pub(crate) cost_usd_nanos: Option<i64>,
    list_usd_nanos: Option<i64>,
    pub(crate) quality: Option<String>,
    pub(crate) unpriced: bool,
    pub(crate) outcome: Option<String>,
    pub(crate) status: Option<u16>,
    #[schema(value_type = Object)]
    pub(crate) usage: Usage,
    upstream: Option<String>,
    upstream_request: Option<String>,
    request_id: Option<String>,
    claims: CallClaims,
}

/// What a call said about itself: claims, not proof.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallClaims {
    client_session: Option<String>,
    agent: Option<String>,
    user_agent: Option<String>,
}

pub(crate) fn developer(plane: &ControlPlane, id: DeveloperId) -> Developer {
    let names = plane.people.names(id);
    let (roles, disabled, erased_at) = plane.view.read(|state| {
        let known = state.developers.get(&id);
        let roles = known.map(|known| known.roles.iter().map(|role| role.as_str()).collect());
        let erased_at = known.and_then(|known| known.erased_at);
        (roles.unwrap_or_default(), known.is_some_and(|known| known.disabled), erased_at)
    });
    Developer {
        id: id.to_string(),
        login: names.login_name,
        display_name: names.display_name,
        email: names.email,
        roles,
        disabled,
        erased_at: erased_at.map(text::rfc3339),
    }
}

pub(crate) fn project(plane: &ControlPlane, id: ProjectId) -> Named {
    let name = plane.view.read(|state| state.projects.get(&id).map(|project| project.name.to_string()));
    Named { id: id.to_string(), name: name.unwrap_or_else(|| id.to_string()) }
}

pub(crate) fn team(plane: &ControlPlane, id: TeamId) -> Named {
    let name = plane.view.read(|state| state.teams.get(&id).map(|team| team.name.to_string()));
    Named { id: id.to_string(), name: name.unwrap_or_else(|| id.to_string()) }
}

impl Developer {
    /// The same for those who have no need of the address.
    pub(crate) fn without_email(self) -> Self {
        Self { email: None, ..self }
    }

    pub(crate) fn display_name(&self) -> &str {
        &self.display_name
    }

    pub(crate) fn roles(&self) -> &[&'static str] {
        &self.roles
    }
}

impl Named {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Who {
    pub(crate) fn login(&self) -> &str {
        &self.login
    }
}

pub(crate) fn human(plane: &ControlPlane, id: DeveloperId) -> Who {
    Who { id: id.to_string(), login: plane.people.login(id) }
}

pub(crate) fn session(plane: &ControlPlane, row: &SessionRow) -> Session {
    Session {
        id: row.id.to_string(),
        parent: row.parent.map(|id| id.to_string()),
        agent: row.agent.clone(),
        developer: human(plane, row.developer),
        project: row.project.map(|id| project(plane, id)),
        team: row.team.map(|id| team(plane, id)),
        profile: row.profile.to_string(),
        status: row.status.as_str(),
        opened_at: text::rfc3339(row.opened_at),
        expires_at: text::rfc3339(row.expires_at),
        over_at: row.over_at.map(text::rfc3339),
        over: row.over_how.as_ref().zip(row.over_at).map(|(how, at)| over(plane, row, how, at)),
        budget_usd_nanos: row.budget.map(domain::Usd::nanos),
        spent_usd_nanos: row.spent.nanos(),
        held_usd_nanos: row.held.nanos(),
        calls: row.calls,
        url: plane.session_url(row.id),
    }
}

fn over(plane: &ControlPlane, row: &SessionRow, how: &How, at: domain::Time) -> Over {
    let text = text::session_over(plane, row.id, &Ending { how: how.clone(), at });
    let plain = Over { how: "", by: None, reason: None, exit_code: None, text };
    match how {
        How::Ended { exit_code } => Over { how: "ended", exit_code: *exit_code, ..plain },
        How::Revoked { by, reason } => {
            Over { how: "revoked", by: Some(text::actor(plane, *by)), reason: Some(reason.clone()), ..plain }
        }
        How::ReachedExpiry => Over { how: "reached_expiry", ..plain },
        How::MissedBeats => Over { how: "missed_beats", ..plain },
        How::ParentOver { .. } => Over { how: "parent_over", ..plain },
    }
}

pub(crate) fn call(row: &CallRow) -> Call {
    Call {
        id: row.id.to_string(),
        session: row.session.to_string(),
        model: row.model.clone(),
        model_served: row.model_served.clone(),
        reserved_at: text::rfc3339(row.reserved_at),
        settled_at: row.settled_at.map(text::rfc3339),
        hold_usd_nanos: row.hold.nanos(),
        cost_usd_nanos: row.cost.map(domain::Usd::nanos),
        list_usd_nanos: row.list.map(domain::Usd::nanos),
        quality: row.quality.map(|quality| quality.as_str().to_owned()),
        unpriced: row.unpriced,
        outcome: row.outcome.map(|outcome| outcome.as_str().to_owned()),
        status: row.status,
        usage: row.usage,
        upstream: row.upstream.clone(),
        upstream_request: row.upstream_request.clone(),
        request_id: row.request.map(|id| id.to_string()),
        claims: CallClaims {
            client_session: row.client_session.clone(),
            agent: row.agent.clone(),
            user_agent: row.user_agent.clone(),
        },
    }
}
