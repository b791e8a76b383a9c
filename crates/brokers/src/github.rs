//! The broker for GitHub Apps: installation tokens, narrowed to repositories and permissions.
//!
//! Wire formats: GitHub's REST description, "Create an installation access token for an app" and "Revoke an installation
//! access token", and GitHub's page on JSON Web Tokens for Apps. A token lives one hour, whoever asks; only the token
//! itself can end it early, so it is its own handle. Nobody's name can be put into it: the join with GitHub's audit log is
//! the base64 of its SHA-256, which the log calls `hashed_token`.

mod app;
mod asked;
mod granted;
mod limits;
mod requests;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::broker::Target;
use domain::{ArtifactKind, Name, Scope, Span, Time};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::broker::{
    Broker, BrokerError, Chance, Handle, Minted, Order, Plan, Revocation, Secret, Secrets, Tools, Work,
};
use crate::limits::REQUEST_MAX;
use crate::open::SettingsError;
use app::App;
use asked::Asked;
use requests::Service;
use settings::Installation;

/// Reads settings and secrets.
pub(crate) fn open(settings: &str, secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    settings::read(settings, secrets).map(|github| Arc::new(github) as Arc<dyn Broker>)
}

/// One App at one GitHub.
#[derive(Debug)]
struct Github {
    app: App,
    service: Service,
    installations: BTreeMap<Name, Installation>,
}

/// What every target is like: GitHub gives no other life than an hour.
const TARGET: Target = Target {
    life_min: limits::TOKEN_LIFE,
    life_default: limits::TOKEN_LIFE,
    life_max: limits::TOKEN_LIFE,
    is_revocable: true,
    is_local: false,
};

// === impl Github ===

impl Broker for Github {
    fn targets(&self) -> BTreeMap<Name, Target> {
        self.installations.keys().map(|name| (name.clone(), TARGET)).collect()
    }

    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError> {
        Asked::new(target, self.installation(target)?, scope).map(drop)
    }

    /// Nothing is known before: the token is GitHub's, and all its names come from it.
    fn plan(&self, _order: &Order) -> Plan {
        Plan::default()
    }

    fn mint<'a>(&'a self, order: &'a Order, tools: &'a Tools, chance: Chance) -> Work<'a, Minted> {
        Box::pin(self.make(order, tools, chance.now))
    }

    fn revoke<'a>(
        &'a self,
        _order: &'a Order,
        handle: &'a Handle,
        tools: &'a Tools,
        _chance: Chance,
    ) -> Work<'a, Revocation> {
        Box::pin(async move {
            let token = std::str::from_utf8(handle.bytes());
            let token = token.map_err(|_| BrokerError::operator("the handle of this credential is no GitHub token"))?;
            self.end(token, tools, REQUEST_MAX).await
        })
    }

    fn delivery(&self, target: &Name) -> Value {
        let Ok(installation) = self.installation(target) else { return json!({}) };
        let mut git = json!({ "host": installation.host, "auth": "basic", "username": "x-access-token" });
        if let Some(owner) = &installation.owner {
            git["path_prefix"] = json!(format!("{owner}/"));
        }
        if let Some(names) = installation.repositories.names() {
            git["repositories"] = json!(names);
        }
        if installation.rewrites_ssh {
            git["rewrite_ssh"] = json!(true);
        }
        json!({ "git": git, "api_url": self.service.base_url() })
    }

    fn shows(&self) -> &'static str {
        "GitHub's audit log names the App (`NAME[bot]`) and has the base64 of the token's SHA-256 as `hashed_token`: \
         `writ who` finds the session by it"
    }
}

impl Github {
    fn installation(&self, target: &Name) -> Result<&Installation, BrokerError> {
        let gone = || BrokerError::operator(format!("this broker has no target `{target}` (any more)"));
        self.installations.get(target).ok_or_else(gone)
    }

    async fn make(&self, order: &Order, tools: &Tools, now: Time) -> Result<Minted, BrokerError> {
        let installation = self.installation(&order.target)?;
        let asked = Asked::new(&order.target, installation, &order.scope)?;
        let answer = self.ask(installation.id, &asked, tools, now).await?;
        if answer.status() != StatusCode::CREATED {
            return Err(requests::not_minted(&answer));
        }
        let granted = granted::read(answer.body())?;
        match granted.check(&asked, installation, now, requests::date(&answer)) {
            Ok(expires_at) => Ok(minted(&granted.token, expires_at)),
            Err(error) => Err(self.take_back(&granted.token, error, tools).await),
        }
    }

    /// Asks for a token. When GitHub's clock and ours differ, the App's statement seems to come from the future or the past
    /// and is refused: then once more, by GitHub's clock.
    async fn ask(&self, id: u64, asked: &Asked, tools: &Tools, now: Time) -> Result<Response<Bytes>, BrokerError> {
        let send = async |at: Time| {
            let statement = self.app.statement(at)?;
            let request = self.service.make_token(id, &statement, asked)?;
            tools.wire.send(request, limits::MINT_REQUEST_MAX).await.map_err(BrokerError::from)
        };
        let answer = send(now).await?;
        let theirs = requests::date(&answer).filter(|_| answer.status() == StatusCode::UNAUTHORIZED);
        let Some(theirs) = theirs else { return Ok(answer) };
        let skew = skew(now, theirs);
        if skew <= limits::CLOCK_SKEW_NOTICED {
            return Ok(answer);
        }
        if skew > limits::CLOCK_SKEW_MAX {
            let text =
                format!("GitHub's clock and writ's differ by {skew}, so that the App's statement does not count");
            return Err(BrokerError::operator(format!("{text}: set the clock of writ's machine")));
        }
        send(theirs).await
    }

    /// Ends a token that is not what was asked for; the error says whether it may still work.
    async fn take_back(&self, token: &str, error: BrokerError, tools: &Tools) -> BrokerError {
        match self.end(token, tools, limits::TAKE_BACK_MAX).await {
            Ok(_) => error,
            Err(_) => error.perhaps_minted(),
        }
    }

    async fn end(&self, token: &str, tools: &Tools, within: Duration) -> Result<Revocation, BrokerError> {
        let request = self.service.end_token(token)?;
        let answer = tools.wire.send(request, within).await?;
        match answer.status() {
            // Unknown or expired: it opens nothing either way.
            StatusCode::NO_CONTENT | StatusCode::UNAUTHORIZED => Ok(Revocation::Dead),
            _ => Err(requests::not_ended(&answer)),
        }
    }
}

fn minted(token: &Zeroizing<String>, expires_at: Time) -> Minted {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, token.as_bytes()));
    Minted {
        secret: Secret::new([("token", token.to_string())]),
        expires_at,
        names: vec![(ArtifactKind::TokenHash, hash)],
        handle: Some(Handle::new(token.as_bytes().to_vec())),
    }
}

/// How far two clocks are apart, whichever is ahead.
fn skew(one: Time, other: Time) -> Span {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests;
