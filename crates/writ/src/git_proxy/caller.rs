//! Who asks: whoever shows a token of a session, as `Bearer` or as the password of `Basic`, that is alive at the control
//! plane and was made for this proxy; or the session's own bearer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Token, TokenKind};
use gateway::{Body, Outbound};
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Response, StatusCode, Uri};
use zeroize::Zeroizing;

use super::limits::VERIFY_MAX;
use super::stream::said;
use crate::client::{Address, escape};
use crate::command_error::CommandError;

/// What is to be done with the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Looking.
    Read,
    /// Changing something.
    Write,
}

/// Asks the control plane who callers are.
pub(super) struct Callers {
    outbound: Outbound,
    read: Uri,
    write: Uri,
    own: Uri,
}

// === impl Callers ===

impl Callers {
    /// For tokens of an audience.
    ///
    /// # Errors
    /// The addresses are none, or TLS cannot be set up.
    pub(super) fn new(server: &Address, audience: &str) -> Result<Self, CommandError> {
        let uri = |path: String| {
            let uri = server.join(&path).parse::<Uri>();
            uri.map_err(|error| CommandError::usage(format!("`{server}`")).because(&error))
        };
        let verify = |access: &str| uri(format!("/v1/verify?audience={}&access={access}", escape(audience)));
        let outbound = Outbound::new(None).map_err(|error| CommandError::failed("the http client").because(&error))?;
        Ok(Self { outbound, read: verify("read")?, write: verify("write")?, own: uri("/v1/whoami".to_owned())? })
    }

    /// The token of whoever asks, when it is alive and allows this.
    ///
    /// # Errors
    /// The answer for whoever asks.
    pub(super) async fn check(
        &self,
        headers: &HeaderMap,
        access: Access,
    ) -> Result<Zeroizing<String>, Box<Response<Body>>> {
        let Some(token) = presented(headers) else { return Err(unknown("show a token of a session")) };
        let of_session = token.parse::<Token>().ok().map(|token| token.kind());
        let uri = match (of_session, access) {
            (Some(TokenKind::Session), _) => &self.own,
            (Some(_), _) => {
                return Err(unknown("this is a human's token: sessions push here, humans at the server itself"));
            }
            (None, Access::Read) => &self.read,
            (None, Access::Write) => &self.write,
        };
        let Ok(bearer) = HeaderValue::from_str(&format!("Bearer {}", token.as_str())) else {
            return Err(unknown("the token has characters that no token has"));
        };
        let asked = self.outbound.get(uri, HeaderMap::from_iter([(AUTHORIZATION, bearer)]), VERIFY_MAX).await;
        let is_over = of_session.is_some() && asked.as_ref().is_ok_and(|answer| !is_live(answer.body()));
        match asked.map(|answer| answer.status()) {
            Ok(status) if status.is_success() && !is_over => Ok(token),
            Ok(status) if status.is_success() => Err(unknown("the session is over")),
            Ok(StatusCode::FORBIDDEN) => Err(Box::new(said(StatusCode::FORBIDDEN, "this token is for reading only"))),
            Ok(status) if status.is_client_error() => Err(unknown("the token is not alive: the session may be over")),
            Ok(_) | Err(_) => {
                Err(Box::new(said(StatusCode::SERVICE_UNAVAILABLE, "the control plane does not answer; try again")))
            }
        }
    }
}

/// Whether the answer to a session that asks who it is says that it lives: of one that is over, writ remembers who it was.
fn is_live(body: &[u8]) -> bool {
    let told: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let status = told.as_ref().and_then(|told| told["session"]["status"].as_str());
    matches!(status, Some("active" | "suspect"))
}

/// A bearer, or the password of `Basic`. Of two nobody knows which would count.
fn presented(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Zeroizing::new(rest.trim().to_owned()));
    }
    let pair = Zeroizing::new(STANDARD.decode(rest.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?);
    let (_, password) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
    Some(Zeroizing::new(password.to_owned()))
}

/// Git sends nothing before it is asked for `Basic`.
fn unknown(why: &str) -> Box<Response<Body>> {
    let mut answer = said(StatusCode::UNAUTHORIZED, why);
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"writ\""));
    answer.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"writ\""));
    Box::new(answer)
}
