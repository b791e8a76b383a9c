//! What GitHub granted: read, and held against what was asked.

use std::collections::BTreeMap;

use domain::{Span, Time};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::asked::{Asked, Level, Repositories};
use super::limits;
use super::settings::Installation;
use crate::broker::BrokerError;

/// The answer to a request for a token: schema `installation-token` of GitHub's REST description. What is not needed is not
/// read, and only the token must be there: with it, whatever else is wrong, it can be given back.
#[derive(Deserialize)]
pub(super) struct Granted {
    /// The token.
    #[serde(deserialize_with = "secret")]
    pub(super) token: Zeroizing<String>,
    #[serde(default)]
    expires_at: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    repository_selection: Option<String>,
    #[serde(default)]
    repositories: Option<Vec<Repository>>,
}

#[derive(Deserialize)]
struct Repository {
    name: String,
    owner: Owner,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

/// What every token may do, asked or not: GitHub adds it.
const IMPLIED: (&str, &str) = ("metadata", "read");

/// Reads an answer. Whatever is wrong with it, a token may have been made.
///
/// # Errors
/// It is no such answer.
pub(super) fn read(body: &[u8]) -> Result<Granted, BrokerError> {
    let strange = |what: &str| {
        BrokerError::refused(format!("GitHub's answer {what}: check that `base_url` leads to GitHub")).perhaps_minted()
    };
    if body.len() > limits::ANSWER_BYTES_MAX {
        return Err(strange("is larger than any it gives"));
    }
    let granted: Granted = serde_json::from_slice(body).map_err(|_| strange("is no installation token"))?;
    let is_printable = granted.token.bytes().all(|byte| byte.is_ascii_graphic());
    if granted.token.is_empty() || granted.token.len() > limits::TOKEN_CHARS_MAX || !is_printable {
        return Err(strange("has no usable token"));
    }
    Ok(granted)
}

// === impl Granted ===

impl Granted {
    /// Checks that this is what was asked for, no more and no less, and gives its end by writ's clock. `theirs` is GitHub's
    /// own time when it answered.
    ///
    /// # Errors
    /// It is something else: the token must be ended.
    pub(super) fn check(
        &self,
        asked: &Asked,
        installation: &Installation,
        now: Time,
        theirs: Option<Time>,
    ) -> Result<Time, BrokerError> {
        self.check_permissions(&asked.permissions)?;
        self.check_repositories(&asked.repositories)?;
        self.check_owner(installation.owner.as_deref())?;
        Ok(now + self.life(theirs.unwrap_or(now))?)
    }

    fn check_permissions(&self, asked: &BTreeMap<String, Level>) -> Result<(), BrokerError> {
        let level = |text: &String| Level::read(text);
        for (name, text) in &self.permissions {
            let is_implied = (name.as_str(), text.as_str()) == IMPLIED;
            let is_within = |most: &Level| level(text).is_some_and(|have| have <= *most);
            if !is_implied && !asked.get(name).is_some_and(is_within) {
                return Err(more("permissions"));
            }
        }
        let is_there = |(name, least): (&String, &Level)| self.permissions.get(name).and_then(level) >= Some(*least);
        if asked.iter().all(is_there) { Ok(()) } else { Err(less("permissions")) }
    }

    fn check_repositories(&self, asked: &Repositories) -> Result<(), BrokerError> {
        let Some(asked) = asked.names() else { return Ok(()) };
        let listed = self.repositories.as_deref().unwrap_or_default();
        if self.repository_selection.as_deref() == Some("all") {
            return Err(more("repositories"));
        }
        let is_asked = |found: &Repository| asked.iter().any(|name| name.eq_ignore_ascii_case(&found.name));
        if !listed.iter().all(is_asked) {
            return Err(more("repositories"));
        }
        let is_there = |name: &String| listed.iter().any(|found| found.name.eq_ignore_ascii_case(name));
        if asked.iter().all(is_there) { Ok(()) } else { Err(less("repositories")) }
    }

    fn check_owner(&self, owner: Option<&str>) -> Result<(), BrokerError> {
        let Some(owner) = owner else { return Ok(()) };
        let mut others = self.repositories.iter().flatten().map(|found| &found.owner.login);
        if others.all(|login| login.eq_ignore_ascii_case(owner)) {
            return Ok(());
        }
        let text = "the installation is another account's: check `installation_id` and `owner` of the target";
        Err(BrokerError::operator(text))
    }

    /// How long it lives from GitHub's now on.
    fn life(&self, theirs: Time) -> Result<Span, BrokerError> {
        let strange =
            |what: &str| BrokerError::refused(format!("GitHub's answer {what}, and the token was given back"));
        let expires_at: jiff::Timestamp = self.expires_at.parse().map_err(|_| strange("has no usable expiry"))?;
        let life = Time::from_unix_millis(expires_at.as_millisecond()).since(theirs);
        if life == Span::default() {
            return Err(strange("has an expiry that is over"));
        }
        if life.as_millis() > limits::TOKEN_LIFE.as_millis() + limits::TOKEN_LIFE_SLACK.as_millis() {
            return Err(strange("has an expiry beyond the hour that its tokens live"));
        }
        Ok(life)
    }
}

fn more(what: &str) -> BrokerError {
    BrokerError::refused(format!("GitHub granted more {what} than were asked for, and the token was given back"))
}

fn less(what: &str) -> BrokerError {
    BrokerError::refused(format!(
        "GitHub granted fewer {what} than were asked for, and the token was given back: widen the installation, or \
         narrow the target"
    ))
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}
