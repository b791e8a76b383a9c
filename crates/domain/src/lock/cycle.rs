//! Deadlock: refused when the ticket that would close the circle asks to wait. An agent cannot be rolled back cheaply, so
//! nobody is made to give up what they have.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::table::Change;
use super::{Ahead, Holder, Phase, Rank, Wants};
use crate::{Resource, State, limits};

/// One step of a circle: who waits for what, and who stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who waits.
    pub waits: Holder,
    /// For what.
    pub resource: Resource,
    /// Who stands in the way.
    pub ahead: Holder,
}

/// The circle that waiting would close, if it would: from the one who asks, back to them.
pub(super) fn closed_by(state: &State, holder: Holder, wants: &Wants, rank: Rank) -> Option<Vec<Step>> {
    if !somebody_waits_for(state, holder) {
        return None;
    }
    let mut from: BTreeMap<Holder, Step> = BTreeMap::new();
    let mut next = VecDeque::new();
    let step = |ahead: Ahead, waits| Step { waits, resource: ahead.want.resource, ahead: ahead.holder };
    for ahead in everybody_ahead(state, holder, wants, rank) {
        let found = step(ahead, holder);
        next.push_back(found.ahead);
        from.entry(found.ahead).or_insert(found);
    }
    while let Some(current) = next.pop_front() {
        for (rank, wants) in waiting_of(state, current) {
            for ahead in everybody_ahead(state, current, wants, rank) {
                let found = step(ahead, current);
                if state.are_kin(found.ahead, holder) {
                    return Some(path(&from, holder, found));
                }
                if from.len() < limits::LOCK_CYCLE_SEARCH_MAX && !from.contains_key(&found.ahead) {
                    next.push_back(found.ahead);
                    from.insert(found.ahead, found);
                }
            }
        }
    }
    None
}

/// Whether anybody could wait for the one who asks: without it there is no circle, and nothing to search.
fn somebody_waits_for(state: &State, holder: Holder) -> bool {
    family(state, holder).into_iter().any(|one| state.locks.of(one).next().is_some())
}

/// Everybody who stands in the way of some wants, each holder once.
fn everybody_ahead(state: &State, holder: Holder, wants: &Wants, rank: Rank) -> Vec<Ahead> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for want in wants {
        state.each_ahead(&Change::default(), holder, want, Some(rank), |ahead| {
            if seen.insert(ahead.holder) {
                all.push(ahead);
            }
            true
        });
    }
    all
}

/// What a holder and its kin wait for.
fn waiting_of(state: &State, holder: Holder) -> impl Iterator<Item = (Rank, &Wants)> {
    let all = family(state, holder).into_iter().flat_map(|one| state.locks.of(one));
    all.filter(|(_, ticket)| ticket.phase == Phase::Waiting).map(|(_, ticket)| (ticket.rank, &ticket.wants))
}

/// A session with those it descends from and that descend from it.
fn family(state: &State, holder: Holder) -> Vec<Holder> {
    let Holder::Session(session) = holder else { return vec![holder] };
    let mut all = vec![session];
    all.extend(state.lineage(session));
    all.extend(state.descendants(session));
    all.into_iter().map(Holder::Session).collect()
}

/// The steps from the one who asks to the one that closes the circle; at most [`limits::LOCK_AHEAD_SHOWN_MAX`].
fn path(from: &BTreeMap<Holder, Step>, holder: Holder, last: Step) -> Vec<Step> {
    let mut steps = vec![last];
    while let Some(step) = steps.last().and_then(|step| from.get(&step.waits)) {
        let is_first = step.waits == holder;
        steps.push(step.clone());
        if is_first || steps.len() >= limits::LOCK_AHEAD_SHOWN_MAX {
            break;
        }
    }
    steps.reverse();
    steps
}
