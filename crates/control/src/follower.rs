//! Follows what other nodes write, so that a session revoked there is cut here without waiting for a local append.

use std::sync::Arc;

use domain::Token;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use store::Engine;
use tokio_util::sync::CancellationToken;

use crate::http::cookie;
use crate::limits::FOLLOW_EVERY;
use crate::plane::ControlPlane;

/// Follows until `stop`. The notification is only a hint; the interval is the promise.
pub(crate) async fn run(plane: Arc<ControlPlane>, stop: CancellationToken) {
    let mut doorbell = plane.store.doorbell();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = doorbell.wait() => {}
        }
        if let Err(error) = plane.scribe.catch_up().await {
            tracing::debug!(%error, "could not follow the log; trying again");
            tokio::time::sleep(FOLLOW_EVERY).await;
        }
        let now = plane.clock.now();
        plane.people.forget_erased(&plane.view, now).await;
        let strangers = plane.view.read(|state| plane.people.strangers(state, now));
        plane.people.meet(&plane.store, strangers, now).await;
    }
}

/// Reads on if a request's token is unknown here, so that a session opened and a sign-in started on another node count
/// at once. A token known to no node stays unknown, and so does one that cannot be looked for now.
pub(crate) async fn meet(plane: &ControlPlane, headers: &HeaderMap) {
    if plane.store.engine() == Engine::Postgres
        && tokens(headers).any(|token| !is_known(plane, &token))
        && let Err(error) = plane.scribe.catch_up().await
    {
        tracing::debug!(%error, "could not look for a token on other nodes");
    }
}

/// Every writ token that a request presents as proof of identity.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = Token> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.split_whitespace().nth(1));
    [bearer, text("x-api-key"), cookie(headers)].into_iter().flatten().filter_map(|text| text.parse().ok())
}

fn is_known(plane: &ControlPlane, token: &Token) -> bool {
    let digest = token.digest();
    plane.view.read(|state| state.session_tokens.contains_key(&digest) || state.sign_in_tokens.contains_key(&digest))
}
