use super::check_who;
use super::house::*;
use crate::session::Open;
use crate::tests::run::Run;
use crate::{Actor, Command, DeveloperId, Event, Refusal, Role, Span, TeamId, Time, developer, limits};

#[track_caller]
fn opened(events: &[Event]) -> crate::session::Opened {
    let [Event::SessionOpened(opened)] = events else { panic!("{events:?}") };
    (**opened).clone()
}

#[test]
fn only_the_human_opens_a_root_session() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(9)));
    let others = [ada(), eve(), Actor::System, Actor::Bootstrap, Actor::Session(ses(9))];
    check_who(&run, &opening(open(0)), &[bob()], &others);
}

#[test]
fn only_members_and_administrators_open_sessions() {
    for (role, may) in [(Role::Member, true), (Role::Admin, true), (Role::Approver, false), (Role::Auditor, false)] {
        let mut run = Run::furnished();
        let set = developer::SetRoles { developer: dev(1), roles: roles([role]) };
        run.ok(ada(), &Command::SetRoles(set));
        assert_eq!(run.step(bob(), &opening(open(0))).is_ok(), may, "{role:?}");
    }
}

#[test]
fn only_a_live_session_opens_its_child_for_the_same_work() {
    let mut run = Run::furnished();
    run.ok(ada(), &create_project(1, "apps", &[0]));
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    let others = [bob(), ada(), Actor::System, Actor::Bootstrap, Actor::Session(ses(1))];
    check_who(&run, &opening(child(2, 0)), &[Actor::Session(ses(0))], &others);
    for project in [None, Some(prj(1))] {
        let command = opening(Open { project, ..child(2, 0) });
        check_who(&run, &command, &[], &[Actor::Session(ses(0))]);
    }
    let for_ada = opening(Open { developer: dev(0), ..child(2, 0) });
    check_who(&run, &for_ada, &[], &[Actor::Session(ses(0))]);
    let orphan = opening(child(2, 8));
    assert_eq!(run.refused(Actor::Session(ses(8)), &orphan), Refusal::SessionUnknown(ses(8)));
}

#[test]
fn what_is_opened_is_what_was_asked() {
    let mut run = Run::furnished();
    run.wait(Span::from_secs(5));
    let command = Open { budget: Some(nanos(3)), beats: false, profile: name("careful"), ..open(0) };
    let event = opened(&run.ok(bob(), &opening(command)));
    assert_eq!(event.expires_at, MORNING + Span::from_secs(5 + 8 * 3600));
    let live = &run.state.sessions[&ses(0)];
    assert_eq!((live.developer, live.project, live.team), (dev(1), Some(prj(0)), Some(tm(0))));
    assert_eq!((live.opened_at, live.expires_at), (run.clock, event.expires_at));
    assert_eq!((live.budget, live.beats, &live.profile), (Some(nanos(3)), false, &name("careful")));
    assert_eq!((live.parent, live.suspect_since, live.calls_open), (None, None, 0));
    assert_eq!(run.state.session_tokens[&digest("session", 0)], ses(0));
}

#[test]
fn a_child_expires_with_its_parent_at_the_latest() {
    let mut run = Run::furnished();
    let parent = opened(&run.ok(bob(), &opening(open(0))));
    run.wait(Span::from_secs(60));
    let child = |n, ttl| opening(Open { ttl: Span::from_secs(ttl), ..child(n, 0) });
    let short = opened(&run.ok(Actor::Session(ses(0)), &child(1, 600)));
    assert_eq!(short.expires_at, run.clock + Span::from_secs(600));
    let long = opened(&run.ok(Actor::Session(ses(0)), &child(2, 8 * 3600)));
    assert_eq!(long.expires_at, parent.expires_at);
}

#[test]
fn a_parent_past_its_expiry_opens_nothing() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.clock = MORNING + Span::from_millis(8 * 3_600_000 - 1);
    run.clone().ok(Actor::Session(ses(0)), &opening(child(1, 0)));
    run.wait(Span::from_millis(1));
    let refusal = run.refused(Actor::Session(ses(0)), &opening(child(1, 0)));
    let Refusal::SessionOver { session, ending } = refusal else { panic!("{refusal}") };
    assert_eq!((session, ending.how, ending.at), (ses(0), crate::session::How::ReachedExpiry, run.clock));
}

#[test]
fn a_session_lives_within_bounds() {
    let run = Run::furnished();
    let with = |ttl| opening(Open { ttl, ..open(0) });
    let millis = |ttl: Span, more: i64| Span::from_millis(ttl.as_millis().checked_add_signed(more).unwrap());
    let (min, max) = (limits::SESSION_TTL_MIN, limits::SESSION_TTL_MAX);
    for ttl in [min, max] {
        run.clone().ok(bob(), &with(ttl));
    }
    for asked in [millis(min, -1), millis(max, 1)] {
        assert_eq!(run.refused(bob(), &with(asked)), Refusal::TtlOutOfBounds { asked, min, max });
    }
}

#[test]
fn ids_and_tokens_are_used_once_also_after_the_end() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    let same_id = opening(Open { token: digest("session", 9), ..open(0) });
    let same_token = opening(Open { session: ses(9), ..open(0) });
    assert_eq!(run.refused(bob(), &same_id), Refusal::IdTaken);
    assert_eq!(run.refused(bob(), &same_token), Refusal::IdTaken);
    run.ok(bob(), &Command::EndSession(crate::session::End { session: ses(0), exit_code: None }));
    assert_eq!(run.refused(bob(), &same_id), Refusal::IdTaken);
    assert_eq!(run.refused(bob(), &same_token), Refusal::IdTaken);
}

#[test]
fn work_is_for_a_project_of_a_team_of_theirs() {
    let mut run = Run::furnished();
    let team = |run: &mut Run, by, open| opened(&run.ok(by, &opening(open))).team;
    for n in 1..4 {
        run.ok(ada(), &create_team(n, &format!("t{n}")));
    }
    run.ok(ada(), &create_project(1, "apps", &[1, 2, 3]));
    run.ok(ada(), &join(2, 2));
    run.ok(ada(), &join(3, 2));
    let of = |n, who: DeveloperId, project| Open { developer: who, project, ..open(n) };
    let through: [(_, _, _, Option<TeamId>); 4] = [
        (eve(), dev(2), Some(prj(1)), Some(tm(2))),
        (eve(), dev(2), None, None),
        (ada(), dev(0), Some(prj(1)), None),
        (bob(), dev(1), Some(prj(0)), Some(tm(0))),
    ];
    for (n, (by, who, project, expected)) in (0..).zip(through) {
        assert_eq!(team(&mut run, by, of(n, who, project)), expected);
    }
    let refusal = run.refused(bob(), &opening(of(9, dev(1), Some(prj(1)))));
    assert_eq!(refusal, Refusal::ProjectForbidden { developer: dev(1), project: prj(1) });
    // A leaver of the team opens nothing more for it, not even through a live session.
    run.ok(ada(), &leave(0, 1));
    let refusal = run.refused(Actor::Session(ses(3)), &opening(child(9, 3)));
    assert_eq!(refusal, Refusal::ProjectForbidden { developer: dev(1), project: prj(0) });
}

#[test]
fn family_is_found_both_ways() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    for (n, parent) in [(5, 0), (3, 5), (4, 5), (1, 4)] {
        run.ok(Actor::Session(ses(parent)), &opening(child(n, parent)));
    }
    assert_eq!(run.state.lineage(ses(1)), [ses(4), ses(5), ses(0)]);
    assert_eq!(run.state.lineage(ses(0)), []);
    assert_eq!(run.state.descendants(ses(0)), [ses(5), ses(3), ses(4), ses(1)]);
    assert_eq!(run.state.descendants(ses(3)), []);
}

/// No decision writes a circle; if a log has one, the search still ends, and finds each once.
#[test]
fn a_circle_of_parents_is_searched_once() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(Actor::Session(ses(0)), &opening(child(1, 0)));
    run.state.children.insert(ses(1), [ses(0)].into());
    assert_eq!(run.state.descendants(ses(0)), [ses(1)]);
    run.state.sessions.get_mut(&ses(0)).unwrap().parent = Some(ses(1));
    assert_eq!(run.state.lineage(ses(0)).len(), limits::SESSION_DEPTH_MAX + 1);
}

/// A node's clock that lags the log decides at the log's time.
#[test]
fn a_clock_behind_the_log_counts_as_the_logs_time() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.wait(Span::from_secs(8 * 3600));
    run.ok(bob(), &opening(open(1)));
    run.clock = Time::from_unix_millis(0);
    assert!(matches!(run.refused(Actor::System, &reserving(reserve(0, 0, 1))), Refusal::SessionOver { .. }));
    let expires_at = opened(&run.ok(bob(), &opening(open(2)))).expires_at;
    assert_eq!(expires_at, MORNING + Span::from_secs(16 * 3600));
}

fn sub_agent(n: u128, parent: u128, agent: &str) -> Open {
    Open { agent: Some(agent.to_owned()), beats: false, ..child(n, parent) }
}

/// A sub-agent has one session, for as long as its parent lives: asked again there is nothing to open, and once it is over
/// it gets no other.
#[test]
fn a_sub_agent_has_one_session() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    let parent = Actor::Session(ses(0));
    let event = opened(&run.ok(parent, &opening(sub_agent(2, 0, "p"))));
    assert_eq!((event.agent.as_deref(), event.parent), (Some("p"), Some(ses(0))));
    assert!(run.ok(parent, &opening(sub_agent(3, 0, "p"))).is_empty());
    assert_eq!(run.state.agent_session(ses(0), "p"), Some(ses(2)));
    // Another one, and one of the same name elsewhere.
    opened(&run.ok(parent, &opening(sub_agent(3, 0, "q"))));
    opened(&run.ok(Actor::Session(ses(1)), &opening(sub_agent(4, 1, "p"))));
    let revoke = crate::session::Revoke { session: ses(2), reason: "loops".to_owned() };
    run.ok(ada(), &Command::RevokeSession(revoke));
    let refusal = run.refused(parent, &opening(sub_agent(5, 0, "p")));
    assert!(matches!(refusal, Refusal::SessionOver { session, .. } if session == ses(2)), "{refusal}");
    assert_eq!(run.state.sessions[&ses(3)].agent.as_deref(), Some("q"), "the others work on");
    let end = crate::session::End { session: ses(0), exit_code: Some(0) };
    run.ok(parent, &Command::EndSession(end));
    assert_eq!(run.state.agents.keys().copied().collect::<Vec<_>>(), [ses(1)]);
}

#[test]
fn sub_agents_stand_below_a_session_and_are_bounded() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    let rootless = Open { parent: None, ..sub_agent(2, 0, "p") };
    assert!(matches!(run.refused(bob(), &opening(rootless)), Refusal::Forbidden { .. }));
    let long = "x".repeat(limits::CLAIM_CHARS_MAX + 1);
    let refusal = run.refused(Actor::Session(ses(0)), &opening(sub_agent(2, 0, &long)));
    assert!(matches!(refusal, Refusal::TextTooLong { .. }), "{refusal}");
    let agents = (0..limits::AGENTS_PER_SESSION_MAX as u128).map(|n| (format!("a{n}"), ses(1_000 + n))).collect();
    run.state.agents.insert(ses(0), agents);
    let refusal = run.refused(Actor::Session(ses(0)), &opening(sub_agent(2, 0, "p")));
    assert!(matches!(refusal, Refusal::LimitReached { max: limits::AGENTS_PER_SESSION_MAX, .. }), "{refusal}");
}
