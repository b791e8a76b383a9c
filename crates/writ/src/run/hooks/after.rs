//! After a tool was used: what the agent has seen, and what it changed.

use std::path::Path;

use domain::{Digest, Resource};
use serde_json::Value;

use super::act::{Act, shown};
use super::diff::difference;
use super::disk::{Look, Stamp};
use super::input::{Agent, Input};
use super::plane::{Change, Changes, HunkTold, Plane, written};
use super::site::Place;
use super::stale::Deed;
use super::uses::Use;
use super::{Hooks, context, words};
use crate::hook::Event;
use crate::hook::wire::Answer;
use crate::limits::{WRITES_PER_ASK_MAX, WRITES_WAITING_MAX};

/// Files in the answer of a search that count as seen.
const FILES_FOUND_MAX: usize = 64;
/// How long before a look a file must have been at rest, beyond the tool's own time, to be what the tool saw.
const REST_MILLIS: i64 = 2000;

impl<P: Plane> Hooks<P> {
    /// Notes what a tool showed and did; tells the agent what waits for it.
    pub(super) async fn after(&self, input: &Input, has_failed: bool) -> Answer {
        let agent = input.agent();
        let used = self.state().uses.end(&agent, &input.tool_use_id);
        match input.tool_name.as_str() {
            "Read" if !has_failed => self.read(&agent, input),
            "Grep" if !has_failed => self.found(&agent, input),
            "Read" | "Grep" => {}
            _ => self.changed(&agent, input, used.as_ref(), has_failed).await,
        }
        let event = if has_failed { Event::PostToolUseFailure } else { Event::PostToolUse };
        if has_failed { Answer::default() } else { context(event, &self.state().notices.take(&agent)) }
    }

    fn read(&self, agent: &Agent, input: &Input) {
        let Some(path) = input.text("file_path") else { return };
        let place = self.0.sites.find(Path::new(&input.cwd), Path::new(path));
        let mut look = Look::at(&place.path);
        let file = &input.tool_response["file"];
        if !is_what_was_seen(file, &look, input.duration_ms) {
            // It changed meanwhile: nothing that is there counts as seen.
            look.digest = Some(Digest::of(file.to_string().as_bytes()));
            look.content = None;
        }
        self.note(agent, &place, look, is_partial(file));
    }

    /// A search that shows lines shows pieces of files.
    fn found(&self, agent: &Agent, input: &Input) {
        if input.text("output_mode") != Some("content") {
            return;
        }
        let named = input.tool_response["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for path in named.chain(input.text("path")).take(FILES_FOUND_MAX) {
            let place = self.0.sites.find(Path::new(&input.cwd), Path::new(path));
            let look = Look::at(&place.path);
            if look.digest.is_some() {
                self.note(agent, &place, look, true);
            }
        }
    }

    /// The agent knows what is there now, and is told who made it so.
    fn note(&self, agent: &Agent, place: &Place, look: Look, is_partial: bool) {
        let resource = resource(place);
        let mut state = self.state();
        state.reads.note(agent, &place.path, resource.clone(), look, is_partial);
        let Some(resource) = resource else { return };
        // What it was to be told of, it has seen.
        state.notices.take_back(agent, &resource.to_string());
        let Some(foreign) = state.foreign.of(&resource).cloned() else { return };
        let Some(seen) = state.reads.of_mut(agent, &place.path).filter(|seen| seen.told < foreign.position) else {
            return;
        };
        seen.told = foreign.position;
        let is_here = seen.known.digest == foreign.after;
        state.notices.leave(Some(agent), &resource.to_string(), words::news(&shown(place), &foreign, is_here));
    }

    async fn changed(&self, agent: &Agent, input: &Input, used: Option<&Use>, has_failed: bool) {
        let rules = self.rules();
        let act = Act::of(input, &self.0.sites, &rules, self.0.whose.home.as_deref());
        let mut changes = Vec::new();
        for target in &act.targets {
            let before = used.and_then(|used| used.before(&target.place.path)).cloned().unwrap_or_default();
            let now = Look::at(&target.place.path);
            if used.is_none() && has_failed || now.digest == before.digest && act.is_command {
                continue;
            }
            let was_known = self.state().reads.of(agent, &target.place.path).map(|seen| seen.known.partial);
            if act.brings {
                self.brought(agent, &target.place.path);
            } else if was_known.is_some() || target.deed == Deed::Overwrite || !act.is_command {
                let is_partial = target.deed == Deed::Change && was_known.unwrap_or(true);
                let resource = resource(&target.place);
                self.state().reads.note(agent, &target.place.path, resource, now.clone(), is_partial);
            }
            if now.digest != before.digest {
                changes.extend(to_tell(&target.place, &before, &now));
            }
        }
        if let Some(used) = used.filter(|_| act.is_command) {
            changes.extend(self.sweep(agent, &act, used));
        }
        for place in act.reads.iter().filter(|_| !has_failed) {
            let look = Look::at(&place.path);
            if look.digest.is_some() {
                self.note(agent, place, look, false);
            }
        }
        self.tell(changes).await;
        if act.pushes && !has_failed {
            self.pushed(&act).await;
        }
    }

    /// Files that the agent knows and a command changed, though that was not seen in its text.
    fn sweep(&self, agent: &Agent, act: &Act, used: &Use) -> Vec<(Place, Change)> {
        let mut changes = Vec::new();
        for (path, before) in used.stamps.iter().filter(|(path, _)| used.before(path).is_none()) {
            let now = Stamp::of(path);
            if now == *before {
                continue;
            }
            let look = Look::at(path);
            let Some(seen) = self.state().reads.of(agent, path).cloned() else { continue };
            if look.digest == seen.known.digest {
                continue;
            }
            let place = self.0.sites.find(Path::new("/"), path);
            let is_foreign = {
                let state = self.state();
                let latest = seen.resource.as_ref().and_then(|resource| state.foreign.of(resource));
                latest.is_some_and(|foreign| foreign.after == look.digest)
            };
            // It was another already when the command began, or somebody else says that it is theirs.
            if seen.stamp != *before || is_foreign {
                continue;
            }
            if act.brings {
                self.brought(agent, path);
                continue;
            }
            let was = Look { digest: seen.known.digest, content: seen.content.clone(), stamp: seen.stamp };
            self.state().reads.note(agent, path, seen.resource.clone(), look.clone(), seen.known.partial);
            changes.extend(to_tell(&place, &was, &look));
        }
        changes
    }

    fn brought(&self, agent: &Agent, path: &Path) {
        if let Some(seen) = self.state().reads.of_mut(agent, path) {
            seen.known.brought = true;
        }
    }

    /// Tells the control plane, with what it could not be told before; nothing of what git ignores.
    async fn tell(&self, changes: Vec<(Place, Change)>) {
        let places: Vec<_> = changes.iter().map(|(place, _)| place).collect();
        let ignored = if places.is_empty() { Default::default() } else { self.ignored(&places).await };
        let changes = changes.into_iter().filter(|(place, _)| !ignored.contains(&place.path)).map(|(_, change)| change);
        let intent = {
            let mut state = self.state();
            state.untold.extend(changes);
            while state.untold.len() > WRITES_WAITING_MAX {
                state.untold.pop_front();
            }
            state.intent.clone()
        };
        loop {
            let writes: Vec<Change> = {
                let mut state = self.state();
                let count = state.untold.len().min(WRITES_PER_ASK_MAX);
                state.untold.drain(..count).collect()
            };
            if writes.is_empty() {
                return;
            }
            match self.0.plane.tell(&Changes { writes: writes.clone(), intent: intent.clone(), intended: false }).await
            {
                Ok(told) => self.frozen_by(&told.frozen),
                // Later, with the next change.
                Err(error) if error.may_pass() => {
                    let mut state = self.state();
                    writes.into_iter().rev().for_each(|change| state.untold.push_front(change));
                    return;
                }
                // A control plane that takes none, or a session that is over.
                Err(_) => {}
            }
        }
    }

    fn frozen_by(&self, frozen: &[String]) {
        let mut state = self.state();
        for text in frozen {
            if let Ok(resource) = text.parse::<Resource>() {
                state.frozen.entry(resource).or_default();
                state.notices.leave(None, &format!("freeze {text}"), words::now_frozen(text));
            }
        }
    }

    /// Gives back locks on what is pushed: others can build on it now.
    async fn pushed(&self, act: &Act) {
        let Some(tree) = act.tree.clone() else { return };
        let prefix = Resource::in_repository(&tree.repository, "").ok();
        let held: Vec<Resource> = {
            let state = self.state();
            let all = state.tickets.held().iter().flat_map(|held| held.wants.iter().map(|want| want.resource.clone()));
            all.filter(|resource| is_of(resource, prefix.as_ref(), &tree.repository)).collect()
        };
        let mut done = Vec::new();
        for resource in held {
            let path = resource.repository_path().map(|(_, path)| path);
            if path.is_none() || is_pushed(&tree.root, path.as_deref().unwrap_or_default()).await {
                done.push(resource);
            }
        }
        let released = self.state().tickets.let_go_of(|resource| done.contains(resource));
        self.release(released);
    }
}

fn is_of(resource: &Resource, prefix: Option<&Resource>, repository: &str) -> bool {
    let is_reference = resource.kind() == "ref" && resource.to_string().starts_with(&format!("ref:{repository}/"));
    is_reference || prefix.is_some_and(|prefix| prefix.contains(resource))
}

/// Whether a path has no change that is not committed, and no commit that no remote has.
async fn is_pushed(root: &Path, path: &str) -> bool {
    let clean = super::ignored::said(root, &["status", "--porcelain", "--", path]).await;
    let unpushed = super::ignored::said(root, &["rev-list", "-n1", "HEAD", "--not", "--remotes", "--", path]).await;
    clean.is_some_and(|said| said.is_empty()) && unpushed.is_some_and(|said| said.is_empty())
}

/// By which name others know a file; none for what is in no repository.
pub(super) fn resource(place: &Place) -> Option<Resource> {
    let (tree, path) = place.relative()?;
    Resource::in_repository(&tree.repository, path).ok()
}

/// What others are told of a change; nothing of what is in no repository.
fn to_tell(place: &Place, before: &Look, now: &Look) -> Option<(Place, Change)> {
    Some((place.clone(), change(resource(place)?, before, now)))
}

/// A change as it is told.
pub(super) fn change(resource: Resource, before: &Look, now: &Look) -> Change {
    let difference = match (&before.content, &now.content) {
        (Some(before), Some(now)) => difference(before, now),
        (None, Some(now)) if before.digest.is_none() => difference(b"", now),
        (Some(before), None) if now.digest.is_none() => difference(before, b""),
        _ => Default::default(),
    };
    let hunks = difference.hunks.iter().map(|(old, new)| HunkTold { old: written(*old), new: written(*new) });
    Change {
        resource,
        before: before.digest.map(written),
        after: now.digest.map(written),
        hunks: hunks.collect(),
        lines: difference.lines,
        diff: difference.text,
    }
}

/// Whether the tool showed less than all.
fn is_partial(file: &Value) -> bool {
    let number = |name: &str| file.get(name).and_then(Value::as_u64);
    match (number("startLine"), number("numLines"), number("totalLines")) {
        (Some(start), Some(count), Some(total)) => start > 1 || count < total,
        _ => false,
    }
}

/// Whether what the tool showed is what is on the disk now. Only a file that changed while the tool ran may be another: the
/// tool's way to show content is its own.
fn is_what_was_seen(file: &Value, look: &Look, took_millis: u64) -> bool {
    let (Some(shown), Some(content), Some(stamp)) = (file["content"].as_str(), &look.content, &look.stamp) else {
        return true;
    };
    let now = control::seam::Clock::System.now().unix_millis();
    let took = i64::try_from(took_millis).unwrap_or(i64::MAX);
    if stamp.changed_at() < now.saturating_sub(took).saturating_sub(REST_MILLIS) {
        return true;
    }
    let content = String::from_utf8_lossy(content).replace("\r\n", "\n");
    let content = content.trim_start_matches('\u{feff}');
    let start = file["startLine"].as_u64().unwrap_or(1).max(1);
    let lines = content.lines().skip(usize::try_from(start - 1).unwrap_or(usize::MAX));
    shown.replace("\r\n", "\n").lines().zip(lines).all(|(one, other)| one.trim_end() == other.trim_end())
}

#[cfg(test)]
mod tests;
