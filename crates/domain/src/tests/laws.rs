//! The laws as properties over arbitrary histories; each one has its name. `of_state` and `of_history` say what holds,
//! this file says for which histories; the simulation asks the same.

use proptest::collection::vec;
use proptest::prelude::*;

use super::any_command::{Step, any_steps, any_steps_of_locks};
use super::any_event::{Universe, any_event};
use super::run::Run;
use crate::{Command, Event, State, Time, decide};

pub(crate) mod of_history;
pub(crate) mod of_locks;
pub(crate) mod of_state;

/// The history that the steps make.
fn history(steps: &[Step]) -> Run {
    let mut run = Run::furnished();
    for step in steps {
        let _refused = step.take(&mut run);
    }
    run
}

/// Calls `check` after every step.
fn after_each(steps: &[Step], mut check: impl FnMut(&Run)) {
    let mut run = Run::furnished();
    for step in steps {
        let _refused = step.take(&mut run);
        check(&run);
    }
}

/// Makes a settlement cost at most what was held: the promise that the metering makes.
fn keep_to_the_hold(command: &mut Command, run: &Run) {
    if let Command::SettleCall(settle) = command
        && let Some(call) = run.state.calls.get(&settle.call)
    {
        settle.settlement.cost = settle.settlement.cost.min(call.hold);
    }
}

proptest! {
    #[test]
    fn revocation_wins(steps in any_steps()) {
        of_history::revocation_wins(&history(&steps).log);
    }

    #[test]
    fn closed_when_over_and_settled(steps in any_steps()) {
        let run = history(&steps);
        of_history::closed_when_over_and_settled(&run.log, &run.state);
    }

    #[test]
    fn laws_of_locks(steps in any_steps_of_locks()) {
        after_each(&steps, |run| {
            of_locks::all(&run.state);
            of_locks::nobody_meets_a_change_on_its_way(&run.state, run.clock);
        });
    }

    #[test]
    fn laws_of_locks_among_everything_else(steps in any_steps()) {
        after_each(&steps, |run| of_locks::all(&run.state));
    }

    #[test]
    fn grants_come_in_the_order_of_waiting(steps in any_steps_of_locks()) {
        of_locks::tickets_come_in_their_order(&history(&steps).log);
    }

    #[test]
    fn a_token_is_given_once(steps in any_steps_of_locks()) {
        let run = history(&steps);
        of_locks::tokens_rise(&run.log, &run.state);
    }

    #[test]
    fn frozen_is_granted_to_nobody(steps in any_steps_of_locks()) {
        of_locks::frozen_is_granted_to_nobody(&history(&steps).log);
    }

    #[test]
    fn a_release_with_an_old_token_is_nothing(steps in any_steps_of_locks()) {
        after_each(&steps, |run| of_locks::a_release_with_an_old_token_is_nothing(&run.state, run.clock));
    }

    #[test]
    fn sessions_that_rest_are_closed_later(steps in any_steps_of_locks()) {
        let run = history(&steps);
        of_history::closed_when_over_and_settled(&run.log, &run.state);
        of_history::revocation_wins(&run.log);
    }

    #[test]
    fn no_certificate_outlives_its_session(steps in any_steps()) {
        of_history::no_certificate_outlives_its_session(&history(&steps).log);
    }

    #[test]
    fn credentials_die_once(steps in any_steps()) {
        let run = history(&steps);
        of_history::credentials_die_once(&run.log, &run.state);
    }

    #[test]
    fn whatever_lost_its_ground_is_due(steps in any_steps()) {
        after_each(&steps, |run| of_state::whatever_lost_its_ground_is_due(&run.state));
    }

    #[test]
    fn held_is_sum_of_open_holds(steps in any_steps()) {
        after_each(&steps, |run| of_state::held_is_sum_of_open_holds(&run.state));
    }

    #[test]
    fn spent_is_sum_of_settled(steps in any_steps()) {
        let run = history(&steps);
        of_history::spent_is_sum_of_settled(&run.log, &run.state);
    }

    #[test]
    fn budget_is_never_overshot(steps in any_steps()) {
        let mut run = Run::furnished();
        for step in &steps {
            let (by, mut command) = step.propose(&mut run);
            keep_to_the_hold(&mut command, &run);
            let _refused = run.step(by, &command);
            of_state::budgets_hold(&run.state);
        }
    }

    #[test]
    fn no_reservation_overshoots_a_budget(steps in any_steps()) {
        of_history::no_reservation_overshoots_a_budget(&history(&steps).log);
    }

    #[test]
    fn settle_exactly_once(steps in any_steps()) {
        let run = history(&steps);
        of_history::settle_exactly_once(&run.log, &run.state);
    }

    #[test]
    fn no_child_outlives_its_parent(steps in any_steps()) {
        after_each(&steps, |run| of_state::no_child_outlives_its_parent(&run.state));
    }

    #[test]
    fn child_never_outlives_expiry_of_parent(steps in any_steps()) {
        of_history::child_never_outlives_expiry_of_parent(&history(&steps).log);
    }

    #[test]
    fn always_an_admin(steps in any_steps()) {
        after_each(&steps, |run| of_state::always_an_admin(&run.state));
    }

    #[test]
    fn tokens_index_consistent(steps in any_steps()) {
        after_each(&steps, |run| of_state::indices_agree(&run.state));
    }

    #[test]
    fn time_never_runs_backwards(steps in any_steps()) {
        let run = history(&steps);
        of_history::time_never_runs_backwards(&run.log, &run.state);
    }

    #[test]
    fn expired_session_admits_nothing(steps in any_steps()) {
        of_history::expired_session_admits_nothing(&history(&steps).log);
    }

    #[test]
    fn disabled_developer_has_no_live_sessions_or_sign_ins(steps in any_steps()) {
        after_each(&steps, |run| of_state::disabled_developers_hold_nothing(&run.state));
    }

    #[test]
    fn sign_in_ends_for_good(steps in any_steps()) {
        of_history::a_sign_in_ends_for_good(&history(&steps).log);
    }

    #[test]
    fn disabled_developer_starts_nothing(steps in any_steps()) {
        of_history::a_disabled_developer_starts_nothing(&history(&steps).log);
    }

    #[test]
    fn disabled_developer_is_granted_nothing(steps in any_steps_of_locks()) {
        of_history::a_disabled_developer_starts_nothing(&history(&steps).log);
    }

    #[test]
    fn suspect_session_opens_no_child(steps in any_steps()) {
        of_history::suspect_session_opens_no_child(&history(&steps).log);
    }

    #[test]
    fn bounds_are_kept(steps in any_steps()) {
        after_each(&steps, |run| of_state::bounds_are_kept(&run.state));
    }

    #[test]
    fn refusal_changes_nothing(steps in any_steps()) {
        let mut run = Run::furnished();
        for step in &steps {
            let before = run.clone();
            if step.take(&mut run).is_err() {
                prop_assert_eq!(&before.state, &run.state);
                prop_assert_eq!(&before.log, &run.log);
            }
        }
    }

    #[test]
    fn decide_is_deterministic(steps in any_steps()) {
        let mut run = Run::furnished();
        for step in &steps {
            let (by, command) = step.propose(&mut run);
            let copy: State = serde_json::from_str(&serde_json::to_string(&run.state).unwrap()).unwrap();
            prop_assert_eq!(
                decide(&run.state, by, &command, run.clock),
                decide(&copy, by, &command, run.clock)
            );
            let _refused = run.step(by, &command);
        }
    }

    #[test]
    fn fold_of_events_equals_state(steps in any_steps(), cut in any::<prop::sample::Index>()) {
        let run = history(&steps);
        let cut = cut.index(run.log.len() + 1);
        let mut folded = State::default();
        for (event, at) in &run.log[..cut] {
            folded.apply(event, *at);
        }
        let snapshot = serde_json::to_string(&folded).unwrap();
        let mut rebuilt: State = serde_json::from_str(&snapshot).unwrap();
        prop_assert_eq!(&folded, &rebuilt);
        for (event, at) in &run.log[cut..] {
            rebuilt.apply(event, *at);
        }
        prop_assert_eq!(run.state, rebuilt);
    }

    /// Also for nonsense that no decision writes: a log is read whatever it says, and decided on.
    #[test]
    fn apply_is_total(
        events in vec((any_event(Universe(6)), any::<i64>()), 0..60),
        steps in vec(any_steps(), 0..2),
    ) {
        let mut run = Run::default();
        for (event, at) in &events {
            run.state.apply(event, Time::from_unix_millis(*at));
        }
        for step in steps.iter().flatten() {
            let (by, command) = step.propose(&mut run);
            let _refused = decide(&run.state, by, &command, run.clock);
        }
        for id in run.state.sessions.keys() {
            run.state.lineage(*id);
            run.state.descendants(*id);
        }
    }
}

/// Histories of locks, too: queues are to form, and circles to be refused.
#[test]
fn histories_of_locks_are_eventful() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..200 {
        let steps = any_steps_of_locks().new_tree(&mut runner).unwrap().current();
        let mut run = Run::furnished();
        for step in &steps {
            let is_claim = |event: &Event| matches!(event, Event::LockGranted(one) if one.intent.is_none());
            let (by, command) = step.propose(&mut run);
            let waited = match &command {
                Command::AcquireLock(asked) => run.state.locks.tickets.contains_key(&asked.ticket),
                _ => false,
            };
            match run.step(by, &command) {
                Err(refusal) => *seen.entry(refusal.code().to_owned()).or_default() += 1,
                Ok(events) if waited && events.iter().any(is_claim) => {
                    *seen.entry("claimed".to_owned()).or_default() += 1
                }
                Ok(events) => {
                    for event in &events {
                        let value = serde_json::to_value(event).unwrap();
                        let how = value["body"]["how"].as_str().unwrap_or_default();
                        let kind = format!("{} {how}", value["type"].as_str().unwrap());
                        *seen.entry(kind.trim().to_owned()).or_default() += 1;
                    }
                }
            }
        }
    }
    for kind in [
        "claimed",
        "lock.granted",
        "lock.offered",
        "lock.over broken",
        "lock.over passed",
        "lock.over released",
        "lock.over rested",
        "lock.over unclaimed",
        "lock.queued",
        "lock.resting",
        "lock_held",
        "push.admitted",
        "resource_frozen",
        "ticket_over",
        "would_deadlock",
    ] {
        let count = seen.get(kind).copied().unwrap_or(0);
        assert!(count >= 1, "{kind} never happened in 200 histories: {seen:?}");
    }
}

/// Arbitrary histories must reach what the laws are about, or the laws hold of nothing.
#[test]
fn arbitrary_histories_are_eventful() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..400 {
        let steps = any_steps().new_tree(&mut runner).unwrap().current();
        let run = history(&steps);
        for (event, _) in &run.log {
            let value = serde_json::to_value(event).unwrap();
            let mut kind = value["type"].as_str().unwrap().to_owned();
            if let Some(how) = value["body"]["how"].as_str() {
                kind = format!("{kind}:{how}");
            }
            if let Some(why) = value["body"]["why"].as_str() {
                kind = format!("{kind}:{why}");
            }
            if value["body"]["lock"].is_string() {
                kind.push_str(":lock");
            }
            if value["body"]["parent"].is_string() && kind == "session.opened" {
                kind.push_str(":child");
            }
            *seen.entry(kind).or_default() += 1;
        }
    }
    for kind in [
        "artifact.recorded",
        "broker.configured",
        "broker.removed",
        "broker.switched",
        "credential.issued",
        "credential.over:expired",
        "credential.over:not_made",
        "credential.over:revoked",
        "credential.requested",
        "credential.revocation_asked",
        "credential.stalled",
        "grant.removed",
        "grant.set",
        "call.refused",
        "call.reserved",
        "call.settled",
        "certificate.issued",
        "developer.disabled",
        "developer.erased",
        "developer.registered",
        "developer.roles_set",
        "lock.granted",
        "lock.offered",
        "lock.over:broken",
        "lock.over:passed",
        "lock.over:released",
        "lock.queued",
        "node.lost",
        "node.started",
        "project.created",
        "project.lock_rules_set",
        "resource.frozen:asked",
        "resource.thawed",
        "resource.written",
        "session.alias_claimed",
        "session.claim_mismatched",
        "session.closed",
        "session.opened",
        "session.opened:child",
        "session.over:ended",
        "session.over:missed_beats",
        "session.over:parent_over",
        "session.over:reached_expiry",
        "session.over:revoked",
        "session.recovered",
        "session.suspected",
        "sign_in.ended",
        "sign_in.started",
        "team.created",
        "team.member_added",
        "team.member_removed",
    ] {
        let count = seen.get(kind).copied().unwrap_or(0);
        assert!(count >= 5, "{kind} happened {count} times in 400 histories: {seen:?}");
    }
    for kind in ["lock.over:rested", "lock.over:unclaimed", "resource.frozen:reverted"] {
        assert!(seen.contains_key(kind), "{kind} never happened: {seen:?}");
    }
}
