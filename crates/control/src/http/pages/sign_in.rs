//! `/sign-in`, `/sign-out`.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{HeaderMap, HeaderValue, SET_COOKIE};
use serde::Deserialize;

use super::{Failed, html};
use crate::console::{SignInPage, sign_in_page};
use crate::error::Error;
use crate::http::extract::{Query, SIGN_IN_COOKIE, ThisRequest, Visitor};
use crate::http::problem::Problem;
use crate::operations::sign_in;
use crate::server::Shared;

#[derive(Default, Deserialize)]
pub(crate) struct Return {
    return_to: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Submitted {
    login: String,
    password: String,
    return_to: Option<String>,
}

pub(super) async fn form(Query(query): Query<Return>) -> Response {
    let return_to = query.return_to.filter(|path| is_ours(path));
    html(sign_in_page(&SignInPage { return_to, ..SignInPage::default() }))
}

pub(super) async fn submit(
    State(shared): State<Arc<Shared>>,
    ThisRequest(request): ThisRequest,
    Form(form): Form<Submitted>,
) -> Response {
    let return_to = form.return_to.filter(|path| is_ours(path));
    match sign_in::by_password(&shared.plane, request, &form.login, form.password).await {
        Ok(signed_in) => {
            let to = Redirect::to(return_to.as_deref().unwrap_or("/sessions"));
            let lifetime = domain::limits::SIGN_IN_TTL.as_secs();
            (cookie(&shared, signed_in.token.expose(), lifetime), to).into_response()
        }
        Err(error @ (Error::Unauthenticated(_) | Error::Throttled { .. } | Error::Refused(_))) => {
            let failure = Some(error.to_string());
            let page = html(sign_in_page(&SignInPage { login: form.login, failure, return_to }));
            let problem = Problem::from(error);
            (problem.status(), problem.retry_after(), page).into_response()
        }
        Err(error) => Failed::new(&shared, Visitor(None), error).into_response(),
    }
}

pub(super) async fn sign_out(State(shared): State<Arc<Shared>>, visitor: Visitor) -> Response {
    if let Some(signed_in) = visitor.0
        && let Err(error) = sign_in::end(&shared.plane, signed_in.asker(), signed_in.sign_in).await
    {
        return Failed::new(&shared, visitor, error).into_response();
    }
    (cookie(&shared, "", 0), Redirect::to("/sign-in")).into_response()
}

/// A path of this console: starts with one slash, so it cannot lead to another host.
fn is_ours(path: &str) -> bool {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && path.starts_with('/') && !path.starts_with("//")
}

fn cookie(shared: &Shared, token: &str, seconds: u64) -> HeaderMap {
    let secure = if shared.secure { "; Secure" } else { "" };
    let text = format!("{SIGN_IN_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(SET_COOKIE, value);
    }
    headers
}
