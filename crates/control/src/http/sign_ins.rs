//! `/v1/bootstrap`, `/v1/sign-ins`, `/v1/whoami`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json as Answer, Router};
use domain::{Refusal, Roles, SessionId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Bearer, Json, SignedIn, ThisRequest};
use super::problem::{self, Problem};
use super::shapes::{self, Developer, Named, Session};
use crate::error::Error;
use crate::operations::developer::NewDeveloper;
use crate::operations::{developer, session, sign_in};
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/bootstrap", post(bootstrap))
        .route("/v1/sign-ins", post(start))
        .route("/v1/sign-ins/current", delete(end))
        .route("/v1/whoami", get(whoami))
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bootstrap {
    /// The one-time token that `writ serve` prints.
    token: String,
    login: String,
    password: String,
    display_name: Option<String>,
    /// Kept sealed, like the names; the principal of certificates.
    email: Option<String>,
}

/// Name and password of a local account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    login: String,
    password: String,
}

/// A fresh sign-in; the token is shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct Started {
    sign_in: String,
    token: String,
    expires_at: String,
    developer: Developer,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(super) struct Whoami {
    developer: Developer,
    teams: Vec<Named>,
    /// Projects the developer may open sessions for.
    projects: Vec<Named>,
    /// The session, when asked with a session's token.
    session: Option<Session>,
}

/// Make the first administrator known, by the one-time bootstrap token, and sign them in.
#[utoipa::path(post, path = "/v1/bootstrap", tag = "sign-in", request_body = Bootstrap,
    responses((status = 201, body = Started), (status = "4XX", body = Problem)))]
pub(super) async fn bootstrap(
    State(shared): State<Arc<Shared>>,
    ThisRequest(request): ThisRequest,
    Json(body): Json<Bootstrap>,
) -> Result<(StatusCode, Answer<Started>), Problem> {
    let Bootstrap { token, login, password, display_name, email } = body;
    let new = NewDeveloper { login, password, display_name, email, roles: Roles::new() };
    let signed_in = developer::bootstrap(&shared.plane, request, &token, new).await?;
    Ok((StatusCode::CREATED, Answer(started(&shared.plane, &signed_in))))
}

/// Sign in with name and password.
#[utoipa::path(post, path = "/v1/sign-ins", tag = "sign-in", request_body = Credentials,
    responses((status = 201, body = Started), (status = "4XX", body = Problem)))]
pub(super) async fn start(
    State(shared): State<Arc<Shared>>,
    ThisRequest(request): ThisRequest,
    Json(body): Json<Credentials>,
) -> Result<(StatusCode, Answer<Started>), Problem> {
    let signed_in = sign_in::by_password(&shared.plane, request, &body.login, body.password).await?;
    Ok((StatusCode::CREATED, Answer(started(&shared.plane, &signed_in))))
}

/// End this sign-in.
#[utoipa::path(delete, path = "/v1/sign-ins/current", tag = "sign-in",
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn end(State(shared): State<Arc<Shared>>, signed_in: SignedIn) -> Result<StatusCode, Problem> {
    sign_in::end(&shared.plane, signed_in.asker(), signed_in.sign_in).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who this token stands for. A session that is over stands for nobody.
#[utoipa::path(get, path = "/v1/whoami", tag = "sign-in",
    responses((status = 200, body = Whoami), (status = 409, body = Problem, description = "the session is over"),
        (status = "4XX", body = Problem)))]
pub(super) async fn whoami(State(shared): State<Arc<Shared>>, bearer: Bearer) -> Result<Answer<Whoami>, Problem> {
    let plane = &shared.plane;
    let (developer, shown, session) = match bearer {
        Bearer::Developer(signed_in) => (signed_in.developer, shapes::developer(plane, signed_in.developer), None),
        // The address is for the human, not for their agents.
        Bearer::Session { session, .. } => {
            require_live(plane, session)?;
            let row = session::get(plane, bearer.asker(), session).await?;
            let shown = shapes::developer(plane, row.developer).without_email();
            (row.developer, shown, Some(shapes::session(plane, &row)))
        }
    };
    let (teams, projects) = plane.view.read(|state| {
        let is_admin = state.require(domain::Actor::Developer(developer), domain::Role::Admin).is_ok();
        let teams = state.teams.iter().filter(|(_, team)| team.members.contains(&developer));
        let teams: Vec<_> = teams.map(|(id, _)| *id).collect();
        let projects = state.projects.iter();
        let projects =
            projects.filter(|(_, project)| is_admin || teams.iter().any(|team| project.teams.contains(team)));
        let projects: Vec<_> = projects.map(|(id, _)| *id).collect();
        (teams, projects)
    });
    Ok(Answer(Whoami {
        developer: shown,
        teams: teams.into_iter().map(|id| shapes::team(plane, id)).collect(),
        projects: projects.into_iter().map(|id| shapes::project(plane, id)).collect(),
        session,
    }))
}

fn require_live(plane: &ControlPlane, session: SessionId) -> Result<(), Problem> {
    session::require_live(plane, session).map_err(|refusal| match refusal {
        Refusal::SessionOver { session, ending } => problem::session_over(plane, session, &ending),
        other => Error::Refused(other).into(),
    })
}

fn started(plane: &ControlPlane, signed_in: &sign_in::SignedIn) -> Started {
    Started {
        sign_in: signed_in.sign_in.to_string(),
        token: signed_in.token.expose().to_owned(),
        expires_at: text::rfc3339(signed_in.expires_at),
        developer: shapes::developer(plane, signed_in.developer),
    }
}
