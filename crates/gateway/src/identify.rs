//! Who asks: the bearer is the only proof of identity. It never goes upstream.

use domain::TokenKind;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::headers::X_API_KEY;
use crate::rejection::{self, Rejection};
use crate::{Authority, Caller};

/// The session token a request came with.
#[derive(Clone)]
pub(crate) struct Bearer {
    value: HeaderValue,
    start: usize,
}

impl Bearer {
    /// `Authorization: Bearer writ_ses_…` wins; else `x-api-key: writ_ses_…`.
    ///
    /// # Errors
    /// A refusal that says how to get a token, if neither is there.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Rejection> {
        let authorization = only(headers, &AUTHORIZATION)?;
        let api_key = only(headers, &X_API_KEY)?;
        let candidates = [(authorization, "bearer "), (api_key, "")];
        let found = candidates.into_iter().find_map(|(value, scheme)| Self::session_token(value?, scheme));
        match found {
            Some(bearer) => Ok(bearer),
            None if authorization.is_none() && api_key.is_none() => Err(rejection::no_bearer()),
            None if is_empty(authorization) && is_empty(api_key) => Err(rejection::empty_bearer()),
            None => Err(rejection::foreign_bearer()),
        }
    }

    fn session_token(value: &HeaderValue, scheme: &str) -> Option<Self> {
        let text = value.to_str().ok()?;
        let start = scheme.len();
        let is_scheme = text.get(..start)?.eq_ignore_ascii_case(scheme);
        let is_ours = text.get(start..)?.starts_with(TokenKind::Session.prefix());
        (is_scheme && is_ours).then(|| Self { value: value.clone(), start })
    }

    /// Whose it is.
    ///
    /// # Errors
    /// The control plane's refusal.
    pub(crate) fn identify<A: Authority>(&self, authority: &A) -> Result<Caller, Rejection> {
        let text = self.value.to_str().unwrap_or_default();
        authority.identify(text.get(self.start..).unwrap_or_default())
    }

    /// Why the session behind this bearer is over: the same words that the next request will get.
    pub(crate) fn why_over<A: Authority>(&self, authority: &A) -> Rejection {
        self.identify(authority).err().unwrap_or_else(rejection::session_over)
    }
}

/// Whether a header is absent or says nothing: what a client sends whose key helper failed.
fn is_empty(value: Option<&HeaderValue>) -> bool {
    value.is_none_or(|value| {
        let text = value.as_bytes().trim_ascii();
        text.is_empty() || text.eq_ignore_ascii_case(b"bearer")
    })
}

/// The one value of a header. Two would let two readers of one request see two identities.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Rejection> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    match values.next() {
        Some(_) => Err(rejection::invalid(format!("the header `{name}` stands twice in this request"))),
        None => Ok(first),
    }
}

#[cfg(test)]
mod tests;
