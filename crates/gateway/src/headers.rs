//! Which headers pass, which are taken away, which are put in their place. Everything not named here passes unchanged.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Our id of the request, on every answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// The upstream's own id of it.
pub(crate) const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");
/// Tells Anthropic's clients whether to ask again.
pub(crate) const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// Anthropic's list of what is not generally available yet.
const ANTHROPIC_BETA: HeaderName = HeaderName::from_static("anthropic-beta");
/// Anthropic's header for keys.
pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What speaks of the session inside the team and is nobody else's business: our launcher's hint, and the baggage and
/// vendors' state of W3C Trace Context. `traceparent` itself goes on: its ids say nothing to who cannot look them up.
const STAYS_HERE: [HeaderName; 3] = [
    HeaderName::from_static("writ-session"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("tracestate"),
];

/// RFC 9110 §7.6.1 and its predecessors: they speak about one connection only.
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes from a request what must not go upstream, and asks for an answer that the meter can read.
///
/// `content-length` goes too: it is set again from the body that is really sent.
pub(crate) fn for_upstream(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    for name in [header::HOST, header::AUTHORIZATION, X_API_KEY, header::EXPECT, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    for name in &STAYS_HERE {
        headers.remove(name);
    }
    strip_ours(headers);
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// Takes from an answer what must not go to the client. Returns the upstream's request id, which gets another name.
pub(crate) fn for_client(headers: &mut HeaderMap) -> Option<HeaderValue> {
    strip_hop_by_hop(headers);
    // These speak for the upstream's host name, which is not ours.
    headers.remove(header::ALT_SVC);
    headers.remove(header::STRICT_TRANSPORT_SECURITY);
    strip_ours(headers);
    headers.remove(UPSTREAM_REQUEST_ID);
    let id = headers.remove(REQUEST_ID)?;
    headers.insert(UPSTREAM_REQUEST_ID, id.clone());
    Some(id)
}

/// Adds a value to the list in `anthropic-beta`, unless it is there.
pub(crate) fn add_beta(headers: &mut HeaderMap, beta: &'static str) {
    let lines: Vec<&[u8]> = headers.get_all(ANTHROPIC_BETA).iter().map(HeaderValue::as_bytes).collect();
    let is_there =
        lines.iter().any(|line| line.split(|byte| *byte == b',').any(|one| one.trim_ascii() == beta.as_bytes()));
    if is_there {
        return;
    }
    let mut joined = lines.join(&b','.to_owned());
    if !joined.is_empty() {
        joined.push(b',');
    }
    joined.extend_from_slice(beta.as_bytes());
    // Made of values that headers carried.
    if let Ok(value) = HeaderValue::from_bytes(&joined) {
        headers.insert(ANTHROPIC_BETA, value);
    }
}

/// Takes away what is about one connection only, in either direction.
pub(crate) fn for_connection(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    for name in [header::HOST, header::EXPECT, header::ALT_SVC, header::STRICT_TRANSPORT_SECURITY] {
        headers.remove(name);
    }
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    for name in listed_by_connection(headers) {
        headers.remove(name);
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

fn listed_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter();
    let tokens = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    tokens.filter_map(|token| token.trim().parse().ok()).collect()
}

/// `x-writ-…` is for writ's own use between its parts; nobody outside may set it.
fn strip_ours(headers: &mut HeaderMap) {
    let ours: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with("x-writ-")).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests;
