//! What agents are to be told at their next hook.

use super::input::Agent;
use crate::limits::{NOTICES_MAX, NOTICES_TOLD_MAX};

/// Texts that wait, the oldest first.
#[derive(Debug, Default)]
pub(in crate::run) struct Notices(Vec<Notice>);

#[derive(Debug)]
struct Notice {
    /// Who is to be told; none is whoever comes first.
    to: Option<Agent>,
    /// What it is about: a newer one takes its place.
    about: String,
    text: String,
}

impl Notices {
    /// Leaves a text for an agent, or for whoever comes first.
    pub(in crate::run) fn leave(&mut self, to: Option<&Agent>, about: &str, text: String) {
        self.0.retain(|known| known.about != about || known.to.as_ref() != to);
        if self.0.len() >= NOTICES_MAX {
            self.0.remove(0);
        }
        self.0.push(Notice { to: to.cloned(), about: about.to_owned(), text });
    }

    /// Takes back what waits about this: the agent was told otherwise.
    pub(in crate::run) fn take_back(&mut self, to: &Agent, about: &str) {
        self.0.retain(|known| known.about != about || known.to.as_ref() != Some(to));
    }

    /// What there is for an agent, [`NOTICES_TOLD_MAX`] at most.
    pub(in crate::run) fn take(&mut self, agent: &Agent) -> Vec<String> {
        let mut texts = Vec::new();
        self.0.retain(|notice| {
            let is_theirs = notice.to.as_ref().is_none_or(|to| to == agent) && texts.len() < NOTICES_TOLD_MAX;
            if is_theirs {
                texts.push(notice.text.clone());
            }
            !is_theirs
        });
        texts
    }
}
