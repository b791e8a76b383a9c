//! Laws that a history shows. Each is told from the events alone, by its own bookkeeping, not by the state under test.

use std::collections::{BTreeMap, BTreeSet};

use crate::lock::{Holder, How};
use crate::session::Opened;
use crate::tests::laws::of_locks;
use crate::{CallId, Event, SessionId, State, Time, Usd};

type Log = [(Event, Time)];

/// All laws of this file that need no promise about settlements.
pub(crate) fn all(log: &Log, state: &State) {
    revocation_wins(log);
    closed_when_over_and_settled(log, state);
    no_certificate_outlives_its_session(log);
    credentials_die_once(log, state);
    spent_is_sum_of_settled(log, state);
    no_reservation_overshoots_a_budget(log);
    settle_exactly_once(log, state);
    child_never_outlives_expiry_of_parent(log);
    time_never_runs_backwards(log, state);
    expired_session_admits_nothing(log);
    suspect_session_opens_no_child(log);
    a_sign_in_ends_for_good(log);
    a_disabled_developer_starts_nothing(log);
    of_locks::tickets_come_in_their_order(log);
    of_locks::tokens_rise(log, state);
    of_locks::frozen_is_granted_to_nobody(log);
}

/// Once over, a session never acts again: it opens no child, holds no money, claims nothing, recovers not, and does not
/// end a second time. What it left open is settled, and what it still asks is refused.
pub(crate) fn revocation_wins(log: &Log) {
    let mut over = BTreeSet::<SessionId>::new();
    for (event, _) in log {
        let acts = !matches!(
            event,
            Event::CallSettled(_)
                | Event::CallRefused(_)
                | Event::SessionClosed(_)
                // What was on its way arrives.
                | Event::PushLanded(_)
                // What was made meanwhile is recorded, or nobody would end it.
                | Event::CredentialIssued(_)
                | Event::RevocationAsked(_)
                | Event::CredentialStalled(_)
                | Event::CredentialOver(_)
        ) && !matches!(event, Event::LockOver(over) if matches!(over.how, How::Rested | How::Broken { .. }));
        if let Some(session) = event.session().filter(|_| acts) {
            assert!(!over.contains(&session), "{session} is over, and yet: {event:?}");
        }
        match event {
            Event::SessionOpened(opened) => {
                assert!(opened.parent.is_none_or(|parent| !over.contains(&parent)), "child of the dead: {event:?}");
            }
            Event::SessionOver(ended) => {
                over.insert(ended.session);
            }
            _ => {}
        }
    }
}

/// A session is closed once, as soon as it is over, none of its calls is in flight, none of its credentials alive and none of
/// its tickets at rest, and then only refusals follow.
pub(crate) fn closed_when_over_and_settled(log: &Log, state: &State) {
    let mut resting = of_locks::resting(log, state);
    let mut in_flight = BTreeMap::<SessionId, usize>::new();
    let mut over = BTreeMap::<SessionId, Time>::new();
    let mut closed = BTreeSet::<SessionId>::new();
    for (index, (event, at)) in log.iter().enumerate() {
        let Some(session) = event.session() else { continue };
        assert!(!closed.contains(&session) || matches!(event, Event::CallRefused(_)), "{session} is closed: {event:?}");
        match event {
            Event::CredentialRequested(_) => *in_flight.entry(session).or_default() += 1,
            Event::CredentialOver(_) => *in_flight.get_mut(&session).unwrap() -= 1,
            Event::CallReserved(_) => *in_flight.entry(session).or_default() += 1,
            Event::CallSettled(_) => *in_flight.get_mut(&session).unwrap() -= 1,
            Event::SessionOver(_) => {
                over.insert(session, *at);
                *in_flight.entry(session).or_default() += resting.get(&session).map_or(0, BTreeSet::len);
            }
            Event::LockOver(ended) if resting.get_mut(&session).is_some_and(|ids| ids.remove(&ended.ticket)) => {
                *in_flight.get_mut(&session).unwrap() -= 1;
            }
            Event::SessionClosed(_) => {
                assert!(over.remove(&session).is_some(), "{session} is closed and not over");
                assert_eq!(in_flight.remove(&session).unwrap_or(0), 0, "{session} is closed with calls in flight");
                closed.insert(session);
            }
            _ => {}
        }
        // Nobody waits longer than to the end of the command that made it so: its entries share one time.
        let ends_here = log.get(index + 1).is_none_or(|(_, next)| next > at);
        let waiting = over.keys().find(|session| in_flight.get(session).copied().unwrap_or(0) == 0);
        assert!(!ends_here || waiting.is_none(), "{waiting:?} is over and settled, and not closed");
    }
}

/// What is signed in a session's name counts no longer than the session may live.
pub(crate) fn no_certificate_outlives_its_session(log: &Log) {
    let mut openings = Openings::default();
    for (event, _) in log {
        openings.note(event);
        if let Event::CertificateIssued(issued) = event {
            assert!(issued.valid_until <= openings.of(issued.session).expires_at, "{event:?}");
        }
    }
}

/// A credential is decided for a live session, within the grant in force; it is made at most once and dies exactly once, and
/// what is not dead is in the state.
pub(crate) fn credentials_die_once(log: &Log, state: &State) {
    let mut alive = BTreeMap::new();
    let mut grants = BTreeMap::new();
    let mut off = BTreeSet::new();
    let mut numbers = BTreeMap::<SessionId, u64>::new();
    for (event, at) in log {
        match event {
            Event::GrantSet(set) => {
                let grant = &set.grant;
                let key = (set.project, grant.broker.clone(), grant.target.clone(), grant.profile.clone());
                grants.insert(key, grant.clone());
            }
            Event::GrantRemoved(gone) => {
                grants.remove(&(gone.project, gone.broker.clone(), gone.target.clone(), gone.profile.clone()));
            }
            Event::BrokerSwitched(switched) if switched.is_on => drop(off.remove(&switched.broker)),
            Event::BrokerSwitched(switched) => drop(off.insert(switched.broker.clone())),
            Event::BrokerRemoved(removed) => {
                off.remove(&removed.broker);
                grants.retain(|(_, broker, _, _), _| *broker != removed.broker);
                let mut of_it = alive.values().filter(|(broker, _)| *broker == removed.broker);
                assert!(of_it.next().is_none(), "nobody is left to end what {} made", removed.broker);
            }
            Event::CredentialRequested(asked) => {
                let key = (asked.project, asked.broker.clone(), asked.target.clone(), asked.granted_to.clone());
                let grant = grants.get(&key).unwrap_or_else(|| panic!("without a grant: {event:?}"));
                for (dimension, values) in asked.scope.iter() {
                    let granted = grant.scope.values(dimension).expect("a dimension that was not granted");
                    assert!(granted.contains("*") || values.is_subset(granted), "beyond the grant: {event:?}");
                }
                assert!(asked.expires_at <= *at + grant.life_max, "longer than granted: {event:?}");
                assert!(!off.contains(&asked.broker), "by a broker that is off: {event:?}");
                let number = numbers.entry(asked.session).or_default();
                *number += 1;
                assert_eq!(asked.sequence, *number, "numbers of a session run on");
                let before = alive.insert(asked.credential, (asked.broker.clone(), false));
                assert!(before.is_none(), "an id is used twice");
            }
            Event::CredentialIssued(issued) => {
                let (_, is_issued) = alive.get_mut(&issued.credential).expect("made without being asked for");
                assert!(!std::mem::replace(is_issued, true), "made twice: {event:?}");
            }
            Event::CredentialOver(over) => {
                assert!(alive.remove(&over.credential).is_some(), "dies twice: {event:?}");
            }
            _ => {}
        }
    }
    assert!(alive.keys().eq(state.credentials.keys()), "what is alive is in the state");
}

/// Sessions opened so far, whatever became of them.
#[derive(Default)]
struct Openings<'a>(BTreeMap<SessionId, &'a Opened>);

impl<'a> Openings<'a> {
    fn note(&mut self, event: &'a Event) {
        if let Event::SessionOpened(opened) = event {
            self.0.insert(opened.session, opened);
        }
    }

    fn of(&self, session: SessionId) -> &'a Opened {
        self.0.get(&session).unwrap_or_else(|| panic!("{session} acts and was never opened"))
    }

    /// The session and its ancestors, nearest first.
    fn line(&self, session: SessionId) -> Vec<&'a Opened> {
        let parent = |opened: &&'a Opened| opened.parent.map(|parent| self.of(parent));
        std::iter::successors(Some(self.of(session)), parent).collect()
    }
}

/// What a session spent is what the settled calls of it and of its descendants cost.
pub(crate) fn spent_is_sum_of_settled(log: &Log, state: &State) {
    let mut openings = Openings::default();
    let mut spent = BTreeMap::<SessionId, Usd>::new();
    for (event, _) in log {
        openings.note(event);
        if let Event::CallSettled(settled) = event {
            for payer in openings.line(settled.session) {
                let sum = spent.entry(payer.session).or_default();
                *sum = sum.plus(settled.settlement.cost);
            }
        }
    }
    for (id, live) in &state.sessions {
        assert_eq!(live.spent, spent.get(id).copied().unwrap_or_default(), "spent of {id}");
    }
}

/// At every reservation, what is spent and held, the new hold included, fits every budget up the line.
pub(crate) fn no_reservation_overshoots_a_budget(log: &Log) {
    let mut openings = Openings::default();
    let mut used = BTreeMap::<SessionId, Usd>::new();
    for (event, _) in log {
        openings.note(event);
        match event {
            Event::CallReserved(reserved) => {
                for payer in openings.line(reserved.session) {
                    let sum = used.entry(payer.session).or_default();
                    *sum = sum.plus(reserved.hold);
                    assert!(payer.budget.is_none_or(|budget| *sum <= budget), "{event:?} overshoots {payer:?}");
                }
            }
            Event::CallSettled(settled) => {
                for payer in openings.line(settled.session) {
                    let sum = used.entry(payer.session).or_default();
                    *sum = sum.minus(settled.hold).plus(settled.settlement.cost);
                }
            }
            _ => {}
        }
    }
}

/// Every settlement closes an open reservation of the same session and hold; what is not closed is open in the state.
pub(crate) fn settle_exactly_once(log: &Log, state: &State) {
    let mut open = BTreeMap::<CallId, _>::new();
    for (event, at) in log {
        match event {
            Event::CallReserved(call) => {
                let promise = (call.session, call.hold, *at, call.dimensions.clone());
                assert!(open.insert(call.call, promise).is_none(), "reserved twice: {event:?}");
            }
            Event::CallSettled(call) => {
                let settled = (call.session, call.hold, call.reserved_at, call.dimensions.clone());
                assert_eq!(open.remove(&call.call), Some(settled), "settled otherwise than reserved: {event:?}");
            }
            _ => {}
        }
    }
    assert!(open.keys().eq(state.calls.keys()), "calls in flight");
}

/// A child's expiry lies no later than its parent's.
pub(crate) fn child_never_outlives_expiry_of_parent(log: &Log) {
    let mut openings = Openings::default();
    for (event, _) in log {
        openings.note(event);
        if let Event::SessionOpened(opened) = event
            && let Some(parent) = opened.parent
        {
            assert!(opened.expires_at <= openings.of(parent).expires_at, "{event:?} outlives its parent");
        }
    }
}

/// Times in the log never decrease, and state knows the newest.
pub(crate) fn time_never_runs_backwards(log: &Log, state: &State) {
    assert!(log.is_sorted_by_key(|(_, at)| *at), "an entry is older than the one before it");
    assert_eq!(log.last().map_or(Time::default(), |(_, at)| *at), state.last_time);
}

/// From its expiry on a session reserves nothing, opens nothing and recovers not, whether or not its end is an entry yet.
pub(crate) fn expired_session_admits_nothing(log: &Log) {
    let mut openings = Openings::default();
    for (event, at) in log {
        openings.note(event);
        let acting = match event {
            Event::CallReserved(call) => Some(call.session),
            Event::AliasClaimed(claim) => Some(claim.session),
            Event::SessionRecovered(recovered) => Some(recovered.session),
            Event::SessionOpened(opened) => Some(opened.session),
            _ => None,
        };
        for session in acting.into_iter().flat_map(|session| openings.line(session)) {
            assert!(*at < session.expires_at, "{session:?} has expired, and yet: {event:?}");
        }
    }
}

/// While nothing beats for it, a session opens no child.
pub(crate) fn suspect_session_opens_no_child(log: &Log) {
    let mut suspect = BTreeSet::<SessionId>::new();
    for (event, _) in log {
        match event {
            Event::SessionSuspected(event) => {
                assert!(suspect.insert(event.session), "suspected twice: {event:?}")
            }
            Event::SessionRecovered(event) => {
                assert!(suspect.remove(&event.session), "was not suspect: {event:?}")
            }
            Event::SessionOpened(opened) => {
                assert!(opened.parent.is_none_or(|parent| !suspect.contains(&parent)), "from a suspect: {event:?}");
            }
            _ => {}
        }
    }
}

/// A sign-in that was ended stays ended.
pub(crate) fn a_sign_in_ends_for_good(log: &Log) {
    let mut held = BTreeSet::new();
    let mut over = BTreeSet::new();
    for (event, _) in log {
        match event {
            Event::SignInStarted(started) => {
                assert!(held.insert(started.sign_in) && !over.contains(&started.sign_in), "started again: {event:?}");
            }
            Event::SignInEnded(ended) => {
                assert!(held.remove(&ended.sign_in) && over.insert(ended.sign_in), "ended again: {event:?}");
            }
            _ => {}
        }
    }
}

/// After a developer is disabled or erased they sign in nowhere and open nothing; both happen once, erasure last.
pub(crate) fn a_disabled_developer_starts_nothing(log: &Log) {
    let (mut disabled, mut erased) = (BTreeSet::new(), BTreeSet::new());
    for (event, _) in log {
        let starter = match event {
            Event::DeveloperDisabled(event) => {
                assert!(disabled.insert(event.developer), "disabled twice: {event:?}");
                None
            }
            Event::DeveloperErased(event) => {
                assert!(erased.insert(event.developer), "erased twice: {event:?}");
                disabled.insert(event.developer);
                None
            }
            Event::DeveloperRegistered(event) => {
                assert!(!erased.contains(&event.developer), "an erased developer's id came back: {event:?}");
                None
            }
            Event::SignInStarted(started) => Some(started.developer),
            Event::SessionOpened(opened) => Some(opened.developer),
            Event::CallReserved(reserved) => Some(reserved.dimensions.developer),
            Event::LockGranted(granted) => match granted.holder {
                Holder::Developer(developer) => Some(developer),
                Holder::Session(_) => None,
            },
            _ => None,
        };
        assert!(starter.is_none_or(|developer| !disabled.contains(&developer)), "of the disabled: {event:?}");
    }
}
