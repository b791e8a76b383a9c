//! Every bound of the state, reached: up to it all is well, beyond it the answer is a clear refusal. Where the bound is
//! large, the state is filled directly.

mod locks;

use super::house::*;
use super::run::Run;
use crate::call::{Reserve, Settlement};
use crate::developer::Developer;
use crate::project::Project;
use crate::session::{Claims, Open};
use crate::sign_in::SignIn;
use crate::team::Team;
use crate::{Actor, Command, Event, Refusal, Role, State, Usage, limits, project};

#[track_caller]
fn assert_limit(refusal: &Refusal, bound: usize) {
    assert!(matches!(refusal, Refusal::LimitReached { max, .. } if *max == bound), "{refusal}");
}

/// Fills what is counted up to one below its bound: one more is allowed, two are not.
#[track_caller]
fn check(bound: usize, count: fn(&State) -> usize, fill: fn(&mut State, u128), first: &Command, second: &Command) {
    let mut run = Run::furnished();
    for n in 1_000.. {
        if count(&run.state) == bound - 1 {
            break;
        }
        fill(&mut run.state, n);
    }
    run.ok(ada(), first);
    assert_limit(&run.refused(ada(), second), bound);
}

#[test]
fn developers() {
    let fill = |state: &mut State, n| {
        let developer = Developer { roles: roles([]), disabled: false, erased_at: None };
        state.developers.insert(dev(n), developer);
    };
    let count = |state: &State| state.developers.len();
    check(limits::DEVELOPERS_MAX, count, fill, &register(3, roles([])), &register(4, roles([])));
}

#[test]
fn teams() {
    let fill = |state: &mut State, n: u128| {
        state.teams.insert(tm(n), Team { name: name(&format!("t{n}")), members: Default::default() });
    };
    check(limits::TEAMS_MAX, |state| state.teams.len(), fill, &create_team(1, "apps"), &create_team(2, "ops"));
}

#[test]
fn projects() {
    let fill = |state: &mut State, n: u128| {
        let (name, teams) = (name(&format!("p{n}")), Default::default());
        state.projects.insert(prj(n), Project { name, teams, grants: Vec::new(), lock_rules: None });
    };
    let (first, second) = (create_project(1, "apps", &[]), create_project(2, "ops", &[]));
    check(limits::PROJECTS_MAX, |state| state.projects.len(), fill, &first, &second);
}

#[test]
fn teams_of_a_project() {
    let mut run = Run::furnished();
    for n in 1..=limits::TEAMS_PER_PROJECT_MAX as u128 {
        run.ok(ada(), &create_team(n, &format!("t{n}")));
    }
    let teams = |count: usize| (0..count as u128).map(tm).collect();
    let command =
        |count| Command::CreateProject(project::Create { project: prj(1), name: name("apps"), teams: teams(count) });
    assert_limit(&run.refused(ada(), &command(limits::TEAMS_PER_PROJECT_MAX + 1)), limits::TEAMS_PER_PROJECT_MAX);
    run.ok(ada(), &command(limits::TEAMS_PER_PROJECT_MAX));
}

#[test]
fn lock_rules_of_a_project() {
    let run = Run::furnished();
    let most = limits::LOCK_RULES_BYTES_MAX;
    let rules = |rules: String| Command::SetLockRules(project::SetLockRules { project: prj(0), rules });
    run.clone().ok(ada(), &rules("\n".repeat(most)));
    assert_eq!(
        run.refused(ada(), &rules("x".repeat(most + 1))),
        Refusal::TextTooLong { what: "the text of lock rules", max: most }
    );
    assert_eq!(
        run.refused(ada(), &rules("\u{1}".to_owned())),
        Refusal::TextMalformed { what: "the text of lock rules" }
    );
}

#[test]
fn live_sessions_of_one_developer() {
    let mut run = Run::furnished();
    for n in 0..limits::SESSIONS_LIVE_PER_DEVELOPER_MAX as u128 {
        run.ok(bob(), &opening(open(n)));
    }
    assert_limit(&run.refused(bob(), &opening(open(999))), limits::SESSIONS_LIVE_PER_DEVELOPER_MAX);
    let ada_too = Open { developer: dev(0), ..open(999) };
    run.ok(ada(), &opening(ada_too));
}

/// A house with a live session of somebody else for each number.
fn with_sessions(count: usize, parent: Option<u128>) -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    let template = run.state.sessions[&ses(0)].clone();
    for n in 1_000..1_000 + count as u128 {
        let live = crate::session::Session { developer: dev(n), parent: parent.map(ses), ..template.clone() };
        run.state.sessions.insert(ses(n), live);
        if let Some(parent) = parent {
            run.state.children.entry(ses(parent)).or_default().insert(ses(n));
        }
    }
    run
}

#[test]
fn live_sessions() {
    let mut run = with_sessions(limits::SESSIONS_LIVE_MAX - 2, None);
    run.ok(bob(), &opening(open(1)));
    assert_limit(&run.refused(bob(), &opening(open(2))), limits::SESSIONS_LIVE_MAX);
}

#[test]
fn live_descendants_of_one_root() {
    let mut run = with_sessions(limits::SESSION_DESCENDANTS_MAX - 1, Some(0));
    run.ok(Actor::Session(ses(0)), &opening(child(1, 0)));
    assert_limit(&run.refused(Actor::Session(ses(0)), &opening(child(2, 0))), limits::SESSION_DESCENDANTS_MAX);
    // The root counts, not the parent.
    assert_limit(&run.refused(Actor::Session(ses(1)), &opening(child(2, 1))), limits::SESSION_DESCENDANTS_MAX);
    // Roots are no descendants.
    run.ok(bob(), &opening(open(3)));
}

#[test]
fn levels_of_child_sessions() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    for n in 1..=limits::SESSION_DEPTH_MAX as u128 {
        run.ok(Actor::Session(ses(n - 1)), &opening(child(n, n - 1)));
    }
    let deepest = limits::SESSION_DEPTH_MAX as u128;
    assert_eq!(run.state.lineage(ses(deepest)), (0..deepest).rev().map(ses).collect::<Vec<_>>());
    let refusal = run.refused(Actor::Session(ses(deepest)), &opening(child(99, deepest)));
    assert_limit(&refusal, limits::SESSION_DEPTH_MAX);
}

#[test]
fn calls_in_flight_of_one_session() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    for n in 0..limits::CALLS_OPEN_PER_SESSION_MAX as u128 {
        run.ok(Actor::System, &reserving(reserve(n, 0, 1)));
    }
    let refusal = run.refused(Actor::System, &reserving(reserve(999, 0, 1)));
    assert_limit(&refusal, limits::CALLS_OPEN_PER_SESSION_MAX);
    run.ok(Actor::System, &reserving(reserve(999, 1, 1)));
    run.ok(Actor::System, &settling(0, settlement(1)));
    run.ok(Actor::System, &reserving(reserve(1_000, 0, 1)));
}

#[test]
fn calls_in_flight() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(Actor::System, &reserving(reserve(0, 0, 1)));
    let template = run.state.calls[&cal(0)].clone();
    for n in 1_000..1_000 + limits::CALLS_OPEN_MAX as u128 - 2 {
        run.state.calls.insert(cal(n), template.clone());
    }
    run.ok(Actor::System, &reserving(reserve(1, 0, 1)));
    assert_limit(&run.refused(Actor::System, &reserving(reserve(2, 0, 1))), limits::CALLS_OPEN_MAX);
}

/// Recovery settles so many calls at a time, and comes back for the rest.
#[test]
fn calls_abandoned_by_one_command() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    run.ok(bob(), &opening(open(2)));
    for n in 0..600 {
        run.ok(Actor::System, &reserving(reserve(n, n % 3, 1)));
    }
    let abandon = Command::AbandonCalls(crate::call::Abandon { node: nod(0) });
    assert_eq!(run.ok(Actor::System, &abandon).len(), limits::CALLS_ABANDONED_PER_COMMAND_MAX);
    assert_eq!(run.ok(Actor::System, &abandon).len(), 100);
    assert!(run.ok(Actor::System, &abandon).is_empty());
}

/// A sign-in over the limit ends the one that would end first.
#[test]
fn sign_ins_of_one_developer() {
    let mut run = Run::furnished();
    let sign_in =
        |n: u128| Command::SignIn(SignIn { sign_in: sin(1_000 - n), developer: dev(1), token: digest("sign-in", n) });
    for n in 0..limits::SIGN_INS_PER_DEVELOPER_MAX as u128 {
        assert_eq!(run.ok(bob(), &sign_in(n)).len(), 1);
        run.wait(crate::Span::from_secs(1));
    }
    for n in 0..2 {
        let events = run.ok(bob(), &sign_in(100 + n));
        let [Event::SignInEnded(ended), Event::SignInStarted(_)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(ended.sign_in, sin(1_000 - n));
        assert_eq!(run.state.sign_ins.len(), limits::SIGN_INS_PER_DEVELOPER_MAX);
    }
}

#[test]
fn client_session_ids_of_one_session() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    for n in 0..=limits::ALIASES_PER_SESSION_MAX as u128 {
        let claims = Claims { client_session: Some(format!("client {n}")), ..Claims::default() };
        let events = run.ok(Actor::System, &reserving(Reserve { claims, ..reserve(n, 0, 1) }));
        let claimed = events.iter().any(|event| matches!(event, Event::AliasClaimed(_)));
        assert_eq!(claimed, n < limits::ALIASES_PER_SESSION_MAX as u128);
    }
    assert_eq!(run.state.sessions[&ses(0)].aliases.len(), limits::ALIASES_PER_SESSION_MAX);
}

/// The oldest endings are forgotten first, token and all.
#[test]
fn endings_remembered() {
    let mut run = Run::furnished();
    let end = |n| Command::EndSession(crate::session::End { session: ses(n), exit_code: None });
    let most = limits::SESSIONS_OVER_REMEMBERED_MAX as u128;
    for n in 0..=most {
        // Numbered downwards, so that the order of ids is not the order of endings.
        run.ok(bob(), &opening(open(most - n)));
        run.ok(bob(), &end(most - n));
        let remembered = (n + 1).min(most) as usize;
        assert_eq!((run.state.past.len(), run.state.past_order.len()), (remembered, remembered));
    }
    assert_eq!(run.refused(bob(), &end(most)), Refusal::SessionUnknown(ses(most)));
    assert!(matches!(run.refused(bob(), &end(most - 1)), Refusal::SessionOver { .. }));
    super::laws::of_state::all(&run.state);
}

/// The same for calls that recovery settled.
#[test]
fn abandoned_calls_remembered() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    let most = limits::CALLS_ABANDONED_REMEMBERED_MAX as u128;
    let abandon = Command::AbandonCalls(crate::call::Abandon { node: nod(0) });
    for n in 0..=most {
        run.ok(Actor::System, &reserving(reserve(n, 0, 1)));
        run.ok(Actor::System, &abandon);
    }
    assert_eq!(run.state.abandoned.len() as u128, most);
    assert_eq!(run.refused(Actor::System, &reserving(reserve(1, 0, 1))), Refusal::IdTaken);
    assert_eq!(run.refused(Actor::System, &reserving(reserve(most, 0, 1))), Refusal::IdTaken);
    run.ok(Actor::System, &reserving(reserve(0, 0, 1)));
}

/// The same for sign-ins that were ended.
#[test]
fn ended_sign_ins_remembered() {
    let mut run = Run::furnished();
    let sign_in = |n| Command::SignIn(SignIn { sign_in: sin(n), developer: dev(1), token: digest("sign-in", n) });
    let most = limits::SIGN_INS_OVER_REMEMBERED_MAX as u128;
    for n in 0..=most {
        run.ok(bob(), &sign_in(n));
        run.ok(bob(), &Command::SignOut(crate::sign_in::SignOut { sign_in: sin(n) }));
    }
    assert_eq!(run.state.sign_ins_over.len() as u128, most);
    assert_eq!(run.refused(bob(), &sign_in(1)), Refusal::IdTaken);
    assert_eq!(run.refused(bob(), &sign_in(most)), Refusal::IdTaken);
    run.ok(bob(), &sign_in(0));
}

/// One character more than a text may have is refused; exactly as many pass, whatever their size in bytes.
#[test]
fn texts() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    run.ok(Actor::System, &reserving(reserve(0, 0, 1)));
    type Make = fn(String) -> Command;
    type Change = fn(&mut Settlement, String);
    let settle = |change: Change, text| {
        let mut settlement = settlement(1);
        change(&mut settlement, text);
        settling(0, settlement)
    };
    let claims: [fn(&mut Claims, String); 4] = [
        |claims, text| claims.client_session = Some(text),
        |claims, text| claims.metadata_session = Some(text),
        |claims, text| claims.agent = Some(text),
        |claims, text| claims.user_agent = Some(text),
    ];
    for change in claims {
        let make = |text| {
            let mut command = reserve(1, 0, 1);
            change(&mut command.claims, text);
            reserving(command)
        };
        check_text(&run, limits::CLAIM_CHARS_MAX, make);
    }
    let of_settlement: [(usize, Change); 4] = [
        (limits::MODEL_CHARS_MAX, |settlement, text| settlement.model = Some(text)),
        (limits::LABEL_CHARS_MAX, |settlement, text| settlement.upstream = Some(text)),
        (limits::LABEL_CHARS_MAX, |settlement, text| settlement.upstream_request = Some(text)),
        (limits::LABEL_CHARS_MAX, |settlement, text| settlement.book = text),
    ];
    for (most, change) in of_settlement {
        check_text(&run, most, |text| settle(change, text));
    }
    let others: [(usize, Make); 4] = [
        (limits::MODEL_CHARS_MAX, |model| reserving(Reserve { model, ..reserve(1, 0, 1) })),
        (limits::LABEL_CHARS_MAX, |version| Command::StartNode(crate::node::Start { node: nod(1), version })),
        (limits::REASON_CHARS_MAX, |reason| Command::RevokeSession(crate::session::Revoke { session: ses(0), reason })),
        (limits::REASON_CHARS_MAX, |reason| {
            Command::DisableDeveloper(crate::developer::Disable { developer: dev(1), reason })
        }),
    ];
    for (most, make) in others {
        check_text(&run, most, make);
    }
}

#[track_caller]
fn check_text(run: &Run, most: usize, make: impl Fn(String) -> Command) {
    run.clone().ok(Actor::System, &make("\u{1F980}".repeat(most)));
    let refusal = run.refused(Actor::System, &make("x".repeat(most + 1)));
    assert!(matches!(refusal, Refusal::TextTooLong { max, .. } if max == most), "{refusal}");
}

#[test]
fn amounts() {
    let mut run = Run::furnished();
    let most = limits::ENTRY_USD_NANOS_MAX;
    let with_budget = |n, budget| opening(Open { budget: Some(nanos(budget)), ..open(n) });
    run.ok(bob(), &with_budget(0, most));
    run.ok(bob(), &with_budget(1, 0));
    let too_much = Refusal::AmountOutOfBounds { max: nanos(most) };
    for amount in [-1, most + 1, i64::MAX, i64::MIN] {
        assert_eq!(run.refused(bob(), &with_budget(2, amount)), too_much);
        assert_eq!(run.refused(Actor::System, &reserving(reserve(0, 0, amount))), too_much);
        for (cost, list) in [(amount, 0), (0, amount)] {
            let settlement = Settlement { cost: nanos(cost), list: nanos(list), ..settlement(0) };
            assert_eq!(run.refused(Actor::System, &settling(0, settlement)), too_much);
        }
    }
    run.ok(Actor::System, &reserving(reserve(0, 0, most)));
    run.ok(Actor::System, &reserving(reserve(1, 1, 0)));
    run.ok(Actor::System, &settling(0, settlement(most)));
}

#[test]
fn counts_of_one_call() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(Actor::System, &reserving(reserve(0, 0, 1)));
    let changes: [fn(&mut Usage, u64); 6] = [
        |usage, count| usage.input_tokens = count,
        |usage, count| usage.cache_write_5m_tokens = count,
        |usage, count| usage.cache_write_1h_tokens = count,
        |usage, count| usage.cache_read_tokens = count,
        |usage, count| usage.output_tokens = count,
        |usage, count| usage.web_searches = count,
    ];
    for change in changes {
        let command = |count| {
            let mut settlement = settlement(1);
            change(&mut settlement.usage, count);
            settling(0, settlement)
        };
        run.clone().ok(Actor::System, &command(limits::ENTRY_COUNT_MAX));
        let refusal = run.refused(Actor::System, &command(limits::ENTRY_COUNT_MAX + 1));
        assert_limit(&refusal, limits::ENTRY_COUNT_MAX as usize);
    }
}

/// Whoever is an administrator: the first developer must be one, whoever registers them.
#[test]
fn first_developer_is_an_administrator() {
    let run = Run { clock: MORNING, ..Run::default() };
    let refusal = |by, roles| run.refused(by, &register(0, roles));
    assert_eq!(refusal(Actor::Bootstrap, roles([Role::Member])), Refusal::Forbidden { needs: "admin" });
    assert_eq!(refusal(Actor::System, roles([Role::Member])), Refusal::LastAdmin);
    run.clone().ok(Actor::System, &register(0, roles([Role::Admin])));
    run.clone().ok(Actor::Bootstrap, &register(0, roles([Role::Admin, Role::Member])));
}
