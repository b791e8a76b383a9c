//! Before a tool is used: is what it changes still what the agent has seen, is it free, and may it be changed at all?

use std::path::PathBuf;

use domain::Resource;
use domain::lock::Want;
use policy::Rules;

use super::act::{Act, Target};
use super::diff::difference;
use super::disk::Look;
use super::foreign::{WriteTold, digest};
use super::input::{Agent, Input};
use super::plane::{Changes, Plane};
use super::stale::{Deed, Verdict, judge};
use super::uses::Use;
use super::{Hooks, after, denied, words};
use crate::client::{ClientError, Problem};
use crate::hook::Event;
use crate::hook::wire::Answer;
use crate::limits::HOOK_LOCK_TIMEOUT;

impl<P: Plane> Hooks<P> {
    /// Answers before a tool is used: nothing where it may go on, so that the client's own permissions count.
    pub(super) async fn before(&self, input: &Input) -> Answer {
        let (agent, rules) = (input.agent(), self.rules());
        let act = Act::of(input, &self.0.sites, &rules, self.0.whose.home.as_deref());
        match self.check(&agent, input, &act, &rules).await {
            Err(reason) => denied(&reason),
            Ok(files) => {
                let known = if act.is_command { self.state().reads.newest(&agent) } else { Vec::new() };
                // Looked at while nobody waits for the state.
                let stamped = |path: PathBuf| (super::disk::Stamp::of(&path), path);
                let stamps = known.into_iter().map(stamped).map(|(stamp, path)| (path, stamp)).collect();
                let (id, is_command) = (input.tool_use_id.clone(), act.is_command);
                self.state().uses.begin(Use { id, agent: agent.clone(), files, stamps, is_command });
                self.with_notices(Event::PreToolUse, &agent)
            }
        }
    }

    /// Why it may not be, or how the files stand that it changes.
    async fn check(
        &self,
        agent: &Agent,
        input: &Input,
        act: &Act,
        rules: &Rules,
    ) -> Result<Vec<(PathBuf, Look)>, String> {
        let wants = act.all_wants(rules);
        if let Some((resource, text)) = self.frozen_of(&wants) {
            return Err(format!("{text}{}", self.lately(&resource).await));
        }
        let mut files = looks(act);
        self.check_reads(agent, act, &files).await?;
        if self.lock(agent, act, rules, wants).await? {
            // Time has passed.
            files = looks(act);
            self.check_reads(agent, act, &files).await?;
        }
        self.check_undoing(input, act, &files).await?;
        Ok(files)
    }

    /// What of it is frozen, and the words for that.
    fn frozen_of(&self, wants: &[Want]) -> Option<(Resource, String)> {
        let state = self.state();
        let mut changed = wants.iter().filter(|want| want.mode.changes());
        let frozen = |want: &Want| state.frozen.iter().find(|(frozen, _)| frozen.overlaps(&want.resource));
        changed.find_map(|want| {
            let (resource, reason) = frozen(want)?;
            Some((want.resource.clone(), words::frozen(&resource.to_string(), reason.as_deref())))
        })
    }

    /// Whether every file is what the agent has seen.
    async fn check_reads(&self, agent: &Agent, act: &Act, files: &[(PathBuf, Look)]) -> Result<(), String> {
        for (target, (_, look)) in act.targets.iter().zip(files) {
            self.check_read(agent, act, target, look).await?;
        }
        for folder in &act.folders {
            let below = self.state().reads.below(agent, folder);
            for path in below {
                let place = self.0.sites.find(folder, &path);
                let look = Look::at(&place.path);
                self.check_read(agent, act, &Target { place, deed: Deed::Remove }, &look).await?;
            }
        }
        Ok(())
    }

    async fn check_read(&self, agent: &Agent, act: &Act, target: &Target, look: &Look) -> Result<(), String> {
        let resource = resource(target);
        let (verdict, seen) = {
            let state = self.state();
            let seen = state.reads.of(agent, &target.place.path);
            let latest = resource.as_ref().and_then(|resource| state.foreign.of(resource));
            let verdict = judge(seen.map(|seen| &seen.known), look.digest, target.deed, latest);
            (verdict, seen.and_then(|seen| seen.content.clone()))
        };
        if verdict == Verdict::Go {
            return Ok(());
        }
        // Commands write logs and the like again and again; who uses a tool for files means that file.
        let is_written_again = verdict == Verdict::Unread && act.is_command;
        if is_written_again && (target.place.tree.is_none() || self.is_ignored(&target.place).await) {
            return Ok(());
        }
        Err(self.explain(agent, target, verdict, seen.as_deref(), look).await)
    }

    /// Says who changed it, and what: from what is here, else from what the control plane was told.
    async fn explain(
        &self,
        agent: &Agent,
        target: &Target,
        verdict: Verdict,
        seen: Option<&[u8]>,
        look: &Look,
    ) -> String {
        let resource = resource(target);
        let told = match (&verdict, &resource) {
            (Verdict::Changed(_) | Verdict::Elsewhere(_) | Verdict::News(_), Some(resource)) => {
                self.told_of(resource).await
            }
            _ => Vec::new(),
        };
        let others = || told.iter().filter(|write| write.session() != self.0.whose.session);
        let verdict = match verdict {
            Verdict::Changed(None) => {
                let here = others().find(|write| write.after.as_deref().and_then(digest) == look.digest);
                Verdict::Changed(here.and_then(|write| write.read()).map(|(_, foreign)| foreign))
            }
            other => other,
        };
        let by = match &verdict {
            Verdict::Changed(Some(foreign)) | Verdict::Elsewhere(foreign) | Verdict::News(foreign) => {
                Some(foreign.position)
            }
            _ => None,
        };
        let here = match (seen, &look.content) {
            (Some(before), Some(now)) if !matches!(verdict, Verdict::Elsewhere(_)) => difference(before, now).text,
            _ => String::new(),
        };
        let theirs = || others().find(|write| Some(write.position) == by).and_then(|write| write.diff.clone());
        let difference = if here.is_empty() { theirs().unwrap_or_default() } else { here };
        if let Some(resource) = &resource {
            self.state().notices.take_back(agent, &resource.to_string());
        }
        let digest = look.digest;
        let is_sibling = verdict == Verdict::Changed(None)
            && self.state().reads.is_known_to_another(agent, &target.place.path, digest);
        if is_sibling {
            return words::changed_by_sibling(&target.shown(), &difference);
        }
        words::stale(&target.shown(), &verdict, &difference)
    }

    /// The last changes of a resource, as the control plane was told of them; none when it does not say in time.
    async fn told_of(&self, resource: &Resource) -> Vec<WriteTold> {
        let asked = tokio::time::timeout(HOOK_LOCK_TIMEOUT / 2, self.0.plane.writes(resource)).await;
        asked.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// The last change by another session, in words: what the agent must know before it says what it wanted there.
    async fn lately(&self, resource: &Resource) -> String {
        let told = self.told_of(resource).await;
        let other = told.iter().find(|write| write.session() != self.0.whose.session);
        let change = other.and_then(|write| Some((write.read()?.1, write.diff.as_deref().unwrap_or_default())));
        change.map(|(foreign, difference)| words::lately(&foreign, difference)).unwrap_or_default()
    }

    /// Whether it undoes what another session has just done: that is frozen before it happens.
    async fn check_undoing(&self, input: &Input, act: &Act, files: &[(PathBuf, Look)]) -> Result<(), String> {
        let ([target], [(_, look)]) = (act.targets.as_slice(), files) else { return Ok(()) };
        let Some(resource) = resource(target) else { return Ok(()) };
        if act.is_command || self.state().foreign.of(&resource).is_none() {
            return Ok(());
        }
        let Some(content) = result(input, look) else { return Ok(()) };
        let after = Look { digest: Some(domain::Digest::of(&content)), content: Some(content), stamp: None };
        let change = after::change(resource.clone(), look, &after);
        let changes = Changes { writes: vec![change], intent: self.state().intent.clone(), intended: true };
        match self.0.plane.tell(&changes).await {
            Err(ClientError::Refused(problem)) if problem.code == "resource_frozen" => {
                self.state().frozen.insert(resource.clone(), problem.detail.clone());
                Err(format!("{}{}", refused(&problem), self.lately(&resource).await))
            }
            // It is told again once it is done.
            _ => Ok(()),
        }
    }
}

/// How the files stand that are to be changed.
fn looks(act: &Act) -> Vec<(PathBuf, Look)> {
    act.targets.iter().map(|target| (target.place.path.clone(), Look::at(&target.place.path))).collect()
}

/// By which name others know the file.
fn resource(target: &Target) -> Option<Resource> {
    super::after::resource(&target.place)
}

/// The content that an edit would leave; none when it would not work.
fn result(input: &Input, look: &Look) -> Option<Vec<u8>> {
    if let Some(content) = input.text("content") {
        return Some(content.as_bytes().to_vec());
    }
    let (old, new) = (input.text("old_string")?, input.text("new_string")?);
    let before = std::str::from_utf8(look.content.as_deref()?).ok()?;
    if old.is_empty() || !before.contains(old) {
        return None;
    }
    let after = if input.says("replace_all") { before.replace(old, new) } else { before.replacen(old, new, 1) };
    Some(after.into_bytes())
}

pub(super) fn refused(problem: &Problem) -> String {
    words::refused(&problem.sentence(), problem.next.as_deref())
}
