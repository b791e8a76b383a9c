//! `/v1/inject/{broker}/{target}/…`: requests that get a stored secret on their way.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::routing::any;
use domain::{Actor, Name};
use http::Response;
use http::uri::PathAndQuery;

use super::extract::Bearer;
use super::problem::{self, Problem};
use crate::operations::inject::{self, Injected};
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/inject/{broker}/{target}", any(forward))
        .route("/v1/inject/{broker}/{target}/", any(forward))
        .route("/v1/inject/{broker}/{target}/{*path}", any(forward))
}

/// Send a request to a service with its secret in it; the bearer is the session's token, any method will do, and the rest
/// of the path and the query are the service's. The answer is the service's own.
#[utoipa::path(get, path = "/v1/inject/{broker}/{target}/{path}", tag = "credentials",
    params(("broker" = String, Path), ("target" = String, Path), ("path" = String, Path)),
    responses((status = "default", description = "the service's answer"), (status = "4XX", body = Problem),
              (status = "5XX", body = Problem)))]
pub(super) async fn forward(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let asker = bearer.asker();
    let Actor::Session(session) = asker.by else {
        return Err(problem::unauthenticated("this is for a session, and the bearer is a person's sign-in"));
    };
    let (head, body) = request.into_parts();
    let (broker, target, path) = address(head.uri.path_and_query())?;
    let injected = Injected { broker, target, path, head, body };
    Ok(inject::inject(&shared.plane, &shared.relay, asker, session, injected).await?)
}

/// Broker, target, and the service's path with its query: as they stand in the request, decoded by nobody.
fn address(whole: Option<&PathAndQuery>) -> Result<(Name, Name, PathAndQuery), Problem> {
    let unreadable = || problem::unreadable("the path is not `/v1/inject/BROKER/TARGET/…`");
    let whole = whole.ok_or_else(unreadable)?;
    let rest = whole.as_str().strip_prefix("/v1/inject/").ok_or_else(unreadable)?;
    let end = rest.find('?').unwrap_or(rest.len());
    let mut names = rest[..end].splitn(3, '/');
    let mut name = || names.next().and_then(|name| name.parse().ok()).ok_or_else(unreadable);
    let (broker, target): (Name, Name) = (name()?, name()?);
    let path = format!("/{}{}", names.next().unwrap_or_default(), &rest[end..]);
    Ok((broker, target, path.parse().map_err(|_| unreadable())?))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_services_path_stays_as_it_is() {
        for (whole, expected) in [
            ("/v1/inject/jira/prod/rest/api?q=a%2Fb", Some("jira prod /rest/api?q=a%2Fb")),
            ("/v1/inject/jira/prod/a%2Fb//c", Some("jira prod /a%2Fb//c")),
            ("/v1/inject/jira/prod", Some("jira prod /")),
            ("/v1/inject/jira/prod?x=/", Some("jira prod /?x=/")),
            ("/v1/inject/jira/prod/", Some("jira prod /")),
            ("/v1/inject/jira", None),
            ("/v1/inject/j%69ra/prod/x", None),
        ] {
            let parsed = whole.parse().unwrap();
            let found = address(Some(&parsed)).ok().map(|(broker, target, path)| format!("{broker} {target} {path}"));
            assert_eq!(found.as_deref(), expected, "{whole}");
        }
    }
}
