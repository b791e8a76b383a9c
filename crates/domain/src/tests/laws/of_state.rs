//! Laws that one state shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::{DeveloperId, Role, SessionId, State, Usd, limits};

/// All laws of this file.
pub(crate) fn all(state: &State) {
    held_is_sum_of_open_holds(state);
    no_child_outlives_its_parent(state);
    always_an_admin(state);
    indices_agree(state);
    disabled_developers_hold_nothing(state);
    bounds_are_kept(state);
    whatever_lost_its_ground_is_due(state);
    super::of_locks::all(state);
}

/// No credential is left alone: when its session is over, its broker off or its grant gone, it is to be ended.
pub(crate) fn whatever_lost_its_ground_is_due(state: &State) {
    for (id, credential) in &state.credentials {
        let is_on = state.brokers.get(&credential.broker).is_some_and(|broker| broker.is_on);
        let grants = state.projects.get(&credential.project).map(|project| &project.grants);
        let is_granted = grants.is_some_and(|grants| {
            let profile = credential.granted_to.as_ref();
            grants.iter().any(|grant| grant.is_for(&credential.broker, &credential.target, profile))
        });
        let has_ground = state.sessions.contains_key(&credential.session) && is_on && is_granted;
        assert!(has_ground || credential.due.is_some(), "{id} has no ground and is not due: {credential:?}");
        assert_eq!(credential.due.is_some(), state.due.contains(id), "{id}");
        let in_expiries = state.expiries.contains(&(credential.expires_at, *id));
        let in_session = state.session_credentials.get(&credential.session).is_some_and(|ids| ids.contains(id));
        assert!(in_expiries && in_session, "{id} is not in an index");
    }
    let counted: usize = state.session_credentials.values().map(BTreeSet::len).sum();
    assert_eq!(counted, state.credentials.len(), "credentials of sessions");
    assert_eq!(state.expiries.len(), state.credentials.len(), "expiries");
    assert!(state.due.iter().all(|id| state.credentials.contains_key(id)), "due and dead");
}

/// What a session holds is what the open calls of it and of its descendants hold.
pub(crate) fn held_is_sum_of_open_holds(state: &State) {
    let mut held = BTreeMap::<SessionId, (Usd, usize)>::new();
    for call in state.calls.values() {
        for payer in call.ancestors.iter().chain([&call.session]) {
            let sum = held.entry(*payer).or_default();
            sum.0 = sum.0.plus(call.hold);
        }
        held.entry(call.session).or_default().1 += 1;
    }
    for (id, live) in &state.sessions {
        let expected = held.get(id).copied().unwrap_or_default();
        assert_eq!((live.held, live.calls_open), expected, "money held and calls open of {id}");
    }
}

/// Given settlements within their holds, nothing exceeds a budget.
pub(crate) fn budgets_hold(state: &State) {
    for (id, live) in &state.sessions {
        if let Some(budget) = live.budget {
            assert!(live.spent.plus(live.held) <= budget, "{id} passed its budget: {live:?}");
        }
    }
}

/// A live child has a live parent, for the same work, that expires no sooner.
pub(crate) fn no_child_outlives_its_parent(state: &State) {
    for (id, live) in &state.sessions {
        let Some(parent) = live.parent else { continue };
        let parent = state.sessions.get(&parent).unwrap_or_else(|| panic!("{id} outlived its parent {parent}"));
        assert!(live.expires_at <= parent.expires_at, "{id} expires after its parent");
        assert_eq!((live.developer, live.project), (parent.developer, parent.project), "work of {id}");
    }
}

/// Whoever is locked out, somebody can still let people in.
pub(crate) fn always_an_admin(state: &State) {
    let mut people = state.developers.values();
    let is_admin = people.any(|developer| !developer.disabled && developer.roles.contains(&Role::Admin));
    assert!(is_admin || state.developers.is_empty(), "no administrator among {:?}", state.developers);
}

/// Every derived map says what the map it is derived from says.
pub(crate) fn indices_agree(state: &State) {
    let sign_in_tokens: BTreeMap<_, _> = state.sign_ins.iter().map(|(id, held)| (held.token, *id)).collect();
    assert_eq!(state.sign_in_tokens, sign_in_tokens);
    assert_eq!(sign_in_tokens.len(), state.sign_ins.len(), "two sign-ins share a token");

    let live = state.sessions.iter().map(|(id, live)| (live.token, *id));
    let session_tokens: BTreeMap<_, _> = live.chain(state.past.iter().map(|(id, past)| (past.token, *id))).collect();
    assert_eq!(state.session_tokens, session_tokens);
    assert_eq!(session_tokens.len(), state.sessions.len() + state.past.len(), "two sessions share a token");
    for id in state.past.keys() {
        assert!(!state.sessions.contains_key(id), "{id} is both live and over");
    }
    let order: BTreeSet<_> = state.past_order.iter().copied().collect();
    assert!(order.iter().eq(state.past.keys()) && order.len() == state.past_order.len(), "order of endings");

    let mut aliases = BTreeMap::new();
    let mut children = BTreeMap::<_, BTreeSet<_>>::new();
    for (id, live) in &state.sessions {
        aliases.extend(live.aliases.iter().map(|alias| (alias.clone(), *id)));
        if let Some(parent) = live.parent {
            children.entry(parent).or_default().insert(*id);
        }
    }
    assert_eq!(state.aliases, aliases);
    assert_eq!(state.children, children);
    for (parent, agents) in &state.agents {
        assert!(state.sessions.contains_key(parent), "{parent} is over, its sub-agents are not forgotten");
        assert!(agents.len() <= limits::AGENTS_PER_SESSION_MAX);
    }
    for (id, live) in &state.sessions {
        if let (Some(parent), Some(agent)) = (live.parent, &live.agent) {
            assert_eq!(state.agent_session(parent, agent), Some(*id), "{agent} has two sessions");
        }
    }
    for project in state.projects.values() {
        assert!(project.teams.iter().all(|team| state.teams.contains_key(team)), "a project names an unknown team");
    }
}

/// A leaver's agents and browsers are dead, and who was erased is a leaver for good.
pub(crate) fn disabled_developers_hold_nothing(state: &State) {
    for (id, developer) in &state.developers {
        assert!(developer.disabled || developer.erased_at.is_none(), "{id} was erased and is not locked out");
    }
    let is_disabled = |id: &DeveloperId| state.developers.get(id).is_none_or(|developer| developer.disabled);
    for (id, live) in &state.sessions {
        assert!(!is_disabled(&live.developer), "{id} of a disabled developer lives");
    }
    for (id, held) in &state.sign_ins {
        assert!(!is_disabled(&held.developer), "{id} of a disabled developer is held");
    }
}

/// Nothing in memory grows past its bound.
pub(crate) fn bounds_are_kept(state: &State) {
    let mut of_developer = BTreeMap::<_, usize>::new();
    for (id, live) in &state.sessions {
        *of_developer.entry(live.developer).or_default() += 1;
        assert!(state.lineage(*id).len() <= limits::SESSION_DEPTH_MAX, "{id} is too deep");
        assert!(live.calls_open <= limits::CALLS_OPEN_PER_SESSION_MAX);
        assert!(live.aliases.len() <= limits::ALIASES_PER_SESSION_MAX);
    }
    assert!(of_developer.values().all(|&count| count <= limits::SESSIONS_LIVE_PER_DEVELOPER_MAX));
    assert!(state.sessions.len() <= limits::SESSIONS_LIVE_MAX);
    assert!(state.closing.values().sum::<usize>() <= limits::CALLS_OPEN_MAX);
    assert!(state.past.len() <= limits::SESSIONS_OVER_REMEMBERED_MAX);
    assert!(state.calls.len() <= limits::CALLS_OPEN_MAX);
    assert!(state.sign_ins_over.len() <= limits::SIGN_INS_OVER_REMEMBERED_MAX);
    assert!(state.abandoned.len() <= limits::CALLS_ABANDONED_REMEMBERED_MAX);
    assert!(state.developers.len() <= limits::DEVELOPERS_MAX);
    assert!(state.teams.len() <= limits::TEAMS_MAX);
    assert!(state.projects.len() <= limits::PROJECTS_MAX);
}
