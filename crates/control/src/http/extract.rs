//! Who asks: a signed-in developer, a session, or either. The console's cookie counts for pages only.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Actor, DeveloperId, RequestId, SessionId, SignInId, Token, TokenKind};
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::{self, Problem};
use crate::operations::session;
use crate::plane::Asker;
use crate::server::Shared;

/// The cookie that holds a browser's sign-in token.
pub(crate) const SIGN_IN_COOKIE: &str = "writ_sign_in";

/// The id of this HTTP request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThisRequest(pub RequestId);

/// A developer who presented a sign-in token as bearer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedIn {
    pub sign_in: SignInId,
    pub developer: DeveloperId,
    pub request: RequestId,
}

/// A signed-in developer or a session, by bearer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bearer {
    Developer(SignedIn),
    Session { session: SessionId, request: RequestId },
}

/// A developer whose browser holds a sign-in cookie; none when nobody is signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor(pub Option<SignedIn>);

/// A JSON body whose errors are problems.
pub(crate) struct Json<T>(pub T);

/// A query string whose errors are problems.
pub(crate) struct Query<T>(pub T);

/// A path parameter whose errors are problems.
pub(crate) struct Path<T>(pub T);

impl SignedIn {
    pub(crate) fn asker(self) -> Asker {
        Asker { by: Actor::Developer(self.developer), request: self.request }
    }
}

impl Bearer {
    pub(crate) fn asker(self) -> Asker {
        match self {
            Self::Developer(signed_in) => signed_in.asker(),
            Self::Session { session, request } => Asker { by: Actor::Session(session), request },
        }
    }
}

impl FromRequestParts<Arc<Shared>> for ThisRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        Ok(Self(request_id(parts, shared)))
    }
}

impl FromRequestParts<Arc<Shared>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        if token.kind() == TokenKind::Session {
            return Err(problem::unauthenticated(
                "this is for a signed-in developer, and the bearer is a session's token",
            ));
        }
        signed_in(parts, shared, &token)
            .ok_or_else(|| problem::unauthenticated("this sign-in is unknown, ended or expired"))
    }
}

impl FromRequestParts<Arc<Shared>> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let token = bearer(parts)?;
        if token.kind() != TokenKind::Session {
            return SignedIn::from_request_parts(parts, shared).await.map(Self::Developer);
        }
        let session = session::of_token(&shared.plane, &token)?;
        Ok(Self::Session { session, request: request_id(parts, shared) })
    }
}

impl FromRequestParts<Arc<Shared>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let token = cookie(&parts.headers).and_then(|text| text.parse().ok());
        Ok(Self(token.and_then(|token| signed_in(parts, shared, &token))))
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let read = axum::Json::<T>::from_request(request, shared).await;
        read.map(|axum::Json(value)| Self(value))
            .map_err(|rejection| problem::rejected(rejection.status(), &rejection.body_text()))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Shared>> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, shared).await;
        read.map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| problem::rejected(rejection.status(), &rejection.body_text()))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Shared>> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, shared).await;
        read.map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| problem::rejected(rejection.status(), &rejection.body_text()))
    }
}

fn request_id(parts: &Parts, shared: &Shared) -> RequestId {
    parts.extensions.get::<RequestId>().copied().unwrap_or_else(|| shared.plane.clock.request_id())
}

fn bearer(parts: &Parts) -> Result<Token, Problem> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = header.and_then(|value| match value.strip_prefix("Bearer ") {
        Some(token) => Some(token.trim().to_owned()),
        None => value.strip_prefix("Basic ").and_then(basic_password),
    });
    let text = text.ok_or_else(|| problem::unauthenticated("this needs `authorization: Bearer` with a writ token"))?;
    text.parse().map_err(|_| problem::unauthenticated("the bearer is not a writ token, or was cut or mistyped"))
}

/// RFC 7617: the password of `Basic`, for tools that know no bearer; the user name says nothing.
pub(super) fn basic_password(credentials: &str) -> Option<String> {
    let pair = STANDARD.decode(credentials.trim()).ok()?;
    let (_, password) = str::from_utf8(&pair).ok()?.split_once(':')?;
    Some(password.to_owned())
}

fn signed_in(parts: &Parts, shared: &Shared, token: &Token) -> Option<SignedIn> {
    if token.kind() != TokenKind::SignIn {
        return None;
    }
    let (digest, now) = (token.digest(), shared.plane.clock.now());
    let (sign_in, developer) = shared.plane.view.read(|state| state.signed_in(&digest, now))?;
    Some(SignedIn { sign_in, developer, request: request_id(parts, shared) })
}

/// The sign-in token that a browser sends.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SIGN_IN_COOKIE).then_some(value))
}
