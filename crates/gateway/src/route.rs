//! Which path is what. Only the path decides: queries such as `?beta=true` go upstream as they are.

use http::Method;

use crate::rejection::{self, Rejection};

/// What a request is to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// A model call: reserved, forwarded, metered, settled.
    Message,
    /// Counting tokens: forwarded with a body, costs nothing.
    CountTokens,
    /// The list of models: forwarded, costs nothing.
    Models,
    /// The client asks whether anybody is there.
    Hello,
}

impl Route {
    /// Whether the gateway answers this path at all, if only with a refusal.
    pub(crate) fn serves(path: &str) -> bool {
        let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        below("/v1/messages") || below("/v1/models") || path == "/api/hello"
    }

    /// # Errors
    /// What a request with this method and path is refused with.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Rejection> {
        let (route, allowed) = match path {
            "/v1/messages" => (Self::Message, "POST"),
            "/v1/messages/count_tokens" => (Self::CountTokens, "POST"),
            "/api/hello" => (Self::Hello, "GET or HEAD"),
            "/v1/models" => (Self::Models, "GET"),
            _ if path.strip_prefix("/v1/models/").is_some_and(is_model_id) => (Self::Models, "GET"),
            _ if path.starts_with("/v1/messages/") => return Err(rejection::batches_not_governed()),
            _ => return Err(rejection::not_found(path)),
        };
        let fits = match route {
            Self::Message | Self::CountTokens => method == Method::POST,
            Self::Models => method == Method::GET,
            Self::Hello => method == Method::GET || method == Method::HEAD,
        };
        if fits { Ok(route) } else { Err(rejection::wrong_method(allowed)) }
    }
}

/// One path segment that no server turns into another path: a way out of `/v1/models/` would be a way around the meter.
fn is_model_id(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let climbs = ["/", "\\", "%2e", "%2f", "%5c"].iter().any(|part| lower.contains(part));
    !climbs && !segment.trim_matches('.').is_empty()
}

#[cfg(test)]
mod tests;
