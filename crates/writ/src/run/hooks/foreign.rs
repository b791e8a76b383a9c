//! Changes that other sessions made, as the control plane tells them.

use std::collections::BTreeMap;

use domain::{Digest, Resource};
use serde::Deserialize;

use crate::limits::FOREIGN_WRITES_MAX;
use crate::ticket::Holder;

/// A change by another session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Foreign {
    /// Its position in the log: the version of the resource.
    pub(in crate::run) position: u64,
    /// When, as the control plane writes times.
    pub(in crate::run) time: String,
    /// Which session.
    pub(in crate::run) session: String,
    /// Whose, by name.
    pub(in crate::run) developer: String,
    /// The content before.
    pub(in crate::run) before: Option<Digest>,
    /// The content after; none if it is gone.
    pub(in crate::run) after: Option<Digest>,
    /// What for.
    pub(in crate::run) intent: Option<String>,
}

/// `event: write` of the stream, and a row of `GET /v1/writes`. What is left out there is none here.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::run) struct WriteTold {
    pub(in crate::run) position: u64,
    pub(in crate::run) time: String,
    #[serde(rename = "session.id")]
    pub(in crate::run) session: Option<String>,
    #[serde(rename = "developer.name")]
    pub(in crate::run) developer: Option<String>,
    pub(in crate::run) resource: String,
    pub(in crate::run) before: Option<String>,
    pub(in crate::run) after: Option<String>,
    pub(in crate::run) intent: Option<String>,
    /// A short difference, for people; in `GET /v1/writes` only.
    pub(in crate::run) diff: Option<String>,
    /// Who, in `GET /v1/writes`.
    pub(in crate::run) writer: Holder,
}

/// The newest change of each resource by another session, as far as they are known here.
#[derive(Debug, Default)]
pub(in crate::run) struct ForeignWrites(BTreeMap<Resource, Foreign>);

impl WriteTold {
    /// Which session changed it.
    pub(in crate::run) fn session(&self) -> &str {
        self.session.as_deref().or(self.writer.session.as_deref()).unwrap_or_default()
    }

    /// The change, if it can be understood.
    pub(in crate::run) fn read(&self) -> Option<(Resource, Foreign)> {
        let developer = self.developer.clone().or_else(|| self.writer.developer.clone());
        let foreign = Foreign {
            position: self.position,
            time: self.time.clone(),
            session: self.session().to_owned(),
            developer: developer.unwrap_or_default(),
            before: self.before.as_deref().and_then(digest),
            after: self.after.as_deref().and_then(digest),
            intent: self.intent.clone(),
        };
        Some((self.resource.parse().ok()?, foreign))
    }
}

/// A digest as the API writes it: `sha256:` and 64 hexadecimal characters.
pub(in crate::run) fn digest(text: &str) -> Option<Digest> {
    text.strip_prefix("sha256:").unwrap_or(text).parse().ok()
}

impl ForeignWrites {
    /// The newest change of a resource.
    pub(in crate::run) fn of(&self, resource: &Resource) -> Option<&Foreign> {
        self.0.get(resource)
    }

    /// Notes a change, unless a newer one is known.
    pub(in crate::run) fn note(&mut self, resource: Resource, foreign: Foreign) {
        if self.0.get(&resource).is_some_and(|known| known.position >= foreign.position) {
            return;
        }
        self.0.insert(resource, foreign);
        if self.0.len() > FOREIGN_WRITES_MAX {
            let oldest =
                self.0.iter().min_by_key(|(_, foreign)| foreign.position).map(|(resource, _)| resource.clone());
            oldest.and_then(|oldest| self.0.remove(&oldest));
        }
    }
}
