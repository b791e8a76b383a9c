//! `/v1/push-checks`: gates ask whether a push may go in.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json as Answer, Router};
use domain::lock::{Ahead, Want};
use domain::push::{Kind, Update, Why};
use domain::{RequestId, SessionId};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use store::WriteRow;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::extract::{Bearer, Json, Path, ThisRequest};
use super::locks::{self, Obstacle};
use super::problem::{self, Problem};
use crate::limits::PUSH_BODY_BYTES_MAX;
use crate::operations::push::{self, Asked, Commit, Decided, Identity, Signed};
use crate::plane::ControlPlane;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/push-checks", post(check).layer(DefaultBodyLimit::max(PUSH_BODY_BYTES_MAX)))
        .route("/v1/push-checks/{admitted}/landed", post(landed))
}

/// A push.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckPush {
    /// By what the gate knows the session; left out by a session that asks for itself.
    #[serde(rename = "proved.by")]
    proved_by: Option<ProvedBy>,
    /// With `token`: the token that the session showed the gate.
    #[schema(value_type = Option<String>)]
    proof: Option<Zeroizing<String>>,
    /// With `web_server` and `certificate`: the session that was found.
    #[serde(rename = "session.id")]
    session: Option<String>,
    /// With `certificate`: fingerprint of the authority that made it.
    authority: Option<String>,
    /// The session that the push says it is.
    #[serde(rename = "session.claimed")]
    claimed: Option<String>,
    /// Host, owner and name, as in `github.com/acme/api`.
    repository: String,
    /// The refs that it moves.
    updates: Vec<Move>,
    /// Every path that it touches, both sides of renames; of one that is not UTF-8 the nearest folder.
    paths: Vec<String>,
    /// Those of them with everything below.
    #[serde(default)]
    submodules: Vec<String>,
    /// The fencing tokens that it comes with.
    #[serde(default)]
    tokens: Vec<u64>,
    /// Commits that are new to the server; of a large push the first ones.
    #[serde(default)]
    commits: Vec<NewCommit>,
    /// How many commits are new.
    #[serde(default)]
    commit_count: u64,
}

/// By what a gate knows a session.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProvedBy {
    /// It showed a token.
    Token,
    /// The web server before the repository checked it.
    WebServer,
    /// The SSH server logged it in.
    Certificate,
}

/// A ref that is to be moved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    /// Its full name.
    #[serde(rename = "ref")]
    name: String,
    /// Where it is; zeros: nowhere.
    old: String,
    /// Where it is to be; zeros: nowhere.
    new: String,
    /// `create`, `update`, `delete` or `force`.
    #[schema(value_type = String)]
    kind: Kind,
}

/// A commit, as the gate read it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCommit {
    id: String,
    /// The sessions that its trailers name.
    #[serde(default)]
    sessions: Vec<String>,
    /// The session whose certificate signed it.
    #[serde(rename = "signed.by")]
    signed_by: Option<String>,
    /// Fingerprint of the authority that made the certificate.
    #[serde(rename = "signed.authority")]
    signed_authority: Option<String>,
    /// Why its signature proves nothing.
    unsigned: Option<String>,
}

/// The push may go in.
#[derive(Serialize, ToSchema)]
pub(super) struct AdmittedPush {
    /// Position of the entry that says so.
    admitted: u64,
}

/// The push may not go in.
#[derive(Serialize, ToSchema)]
pub(super) struct RefusedPush {
    #[serde(flatten)]
    problem: Problem,
    /// Position of the entry that says so.
    refused: u64,
    /// The ref that it is about, if it is about one.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Of what is frozen: what another session changed there last, in short, for those who work on its project.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// Decide whether a push may go in. The bearer is a gate's secret (the one of its audience under `[[introspection]]`), or
/// the token of a session that asks for itself.
#[utoipa::path(post, path = "/v1/push-checks", tag = "git", request_body = CheckPush,
    responses((status = 200, body = AdmittedPush), (status = 403, body = RefusedPush), (status = "4XX", body = Problem)))]
pub(super) async fn check(
    State(shared): State<Arc<Shared>>,
    ThisRequest(request): ThisRequest,
    gate: Gate,
    Json(body): Json<CheckPush>,
) -> Result<Response, Problem> {
    let plane = &shared.plane;
    let decided = push::check(plane, request, asked(gate, body)?).await?;
    Ok(match &decided.why {
        None => Answer(AdmittedPush { admitted: decided.position }).into_response(),
        Some(why) => {
            let lately = push::changed_lately(plane, request, &decided).await;
            refused(plane, request, &decided, why, lately)
        }
    })
}

/// Nothing is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LandPush {}

/// The push is not on its way any more.
#[derive(Serialize, ToSchema)]
pub(super) struct LandedPush {
    /// Whether it kept any lock until now.
    landed: bool,
}

/// Say that an admitted push has arrived, or that the git server did not take it: what its session lets go is free at once
/// then, and not only after a minute. The bearer is the secret of the gate that asked about it.
#[utoipa::path(post, path = "/v1/push-checks/{admitted}/landed", tag = "git", request_body = LandPush,
    params(("admitted" = u64, Path, description = "Position of the entry that admitted it")),
    responses((status = 200, body = LandedPush), (status = "4XX", body = Problem)))]
pub(super) async fn landed(
    State(shared): State<Arc<Shared>>,
    ThisRequest(request): ThisRequest,
    gate: Gate,
    Path(admitted): Path<u64>,
    Json(LandPush {}): Json<LandPush>,
) -> Result<Answer<LandedPush>, Problem> {
    let Gate::Of(gate) = gate else { return Err(problem::unauthenticated("this is for gates to say")) };
    let landed = push::landed(&shared.plane, request, &gate, admitted).await?;
    Ok(Answer(LandedPush { landed }))
}

fn refused(
    plane: &ControlPlane,
    request: RequestId,
    decided: &Decided,
    why: &Why,
    lately: Option<WriteRow>,
) -> Response {
    let words = push::words(plane, &decided.push, why, lately.as_ref());
    let mut problem = Problem::new(StatusCode::FORBIDDEN, why.code(), words.detail).next(words.next).of(request);
    if let Why::PathLocked { ticket, holder, held, mode, .. } = why {
        let in_the_way = Ahead { ticket: *ticket, holder: *holder, want: Want::new(held.clone(), *mode), waits: false };
        let ahead = locks::all_ahead(plane, &[in_the_way]);
        problem = problem.obstacle(Obstacle { ahead: Some(ahead), ..Obstacle::default() });
    }
    let reference = why.reference().map(str::to_owned);
    let diff = lately.and_then(|row| row.diff);
    let body = RefusedPush { problem, refused: decided.position, reference, diff };
    let mut answer = (StatusCode::FORBIDDEN, Answer(body)).into_response();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

/// Who asks about pushes.
pub(super) enum Gate {
    /// A relying party with this audience.
    Of(String),
    /// A session, for itself.
    None(SessionId),
}

impl FromRequestParts<Arc<Shared>> for Gate {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = header.and_then(|value| value.strip_prefix("Bearer "));
        if let Some(audience) = secret.and_then(|secret| shared.plane.introspectors.find(secret.trim())) {
            return Ok(Self::Of(audience.to_owned()));
        }
        match Bearer::from_request_parts(parts, shared).await? {
            Bearer::Session { session, .. } => Ok(Self::None(session)),
            Bearer::Developer(_) => {
                Err(problem::unauthenticated("this is for gates and sessions, and the bearer is a human's token"))
            }
        }
    }
}

fn asked(gate: Gate, body: CheckPush) -> Result<Asked, Problem> {
    let (gate, own) = match gate {
        Gate::Of(audience) => (Some(audience), None),
        Gate::None(session) => (None, Some(session)),
    };
    let missing = |what: &str| problem::unreadable(format!("`{what}` is missing"));
    let named = |id: Option<String>| super::sessions::session_id(&id.ok_or_else(|| missing("session.id"))?);
    let identity = match (own, body.proved_by) {
        (Some(session), None) => Identity::Bearer(session),
        (Some(_), Some(_)) => return Err(problem::unreadable("`proved.by` is for gates to say")),
        (None, Some(ProvedBy::Token)) => Identity::Token(body.proof.ok_or_else(|| missing("proof"))?),
        (None, Some(ProvedBy::WebServer)) => Identity::WebServer(named(body.session)?),
        (None, Some(ProvedBy::Certificate)) => {
            Identity::Certificate(named(body.session)?, body.authority.ok_or_else(|| missing("authority"))?)
        }
        (None, None) => return Err(missing("proved.by")),
    };
    let update = |one: Move| Update { name: one.name, old: one.old, new: one.new, kind: one.kind, protected: false };
    let commit = |one: NewCommit| Commit {
        id: one.id,
        sessions: one.sessions,
        signature: match (one.signed_by, one.signed_authority) {
            (Some(session), Some(authority)) => Ok(Signed { session, authority }),
            _ => Err(one.unsigned.unwrap_or_else(|| "the commit is not signed".to_owned())),
        },
    };
    let claimed = body.claimed.as_deref().map(super::sessions::session_id).transpose()?;
    Ok(Asked {
        identity,
        gate,
        claimed,
        repository: body.repository,
        updates: body.updates.into_iter().map(update).collect(),
        paths: body.paths,
        submodules: body.submodules,
        tokens: body.tokens,
        commits: body.commits.into_iter().map(commit).collect(),
        commit_count: body.commit_count,
    })
}
