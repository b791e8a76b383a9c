use super::check_who;
use super::house::*;
use crate::tests::run::Run;
use crate::{Actor, Command, Event, Refusal, Role, Roles, State, developer};

fn set_roles(n: u128, roles: Roles) -> Command {
    Command::SetRoles(developer::SetRoles { developer: dev(n), roles })
}

#[test]
fn only_administrators_change_people() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(ada(), &register(7, roles([Role::Member, Role::Approver, Role::Auditor])));
    let allowed = [ada(), Actor::System];
    let forbidden = [bob(), Actor::Developer(dev(7)), Actor::Developer(dev(9)), Actor::Session(ses(0))];
    for command in [
        register(3, roles([Role::Member])),
        set_roles(1, roles([Role::Auditor])),
        disable(1),
        erase(1),
        create_team(1, "apps"),
        join(0, 2),
        leave(0, 1),
        create_project(1, "apps", &[0]),
    ] {
        check_who(&run, &command, &allowed, &forbidden);
        assert!(run.step(Actor::Bootstrap, &command).is_err(), "{command:?}");
    }
}

#[test]
fn a_disabled_administrator_is_none() {
    let mut run = Run::furnished();
    run.ok(ada(), &set_roles(1, roles([Role::Admin])));
    run.ok(bob(), &disable(0));
    check_who(&run, &create_team(1, "apps"), &[bob()], &[ada()]);
    assert_eq!(run.refused(bob(), &disable(1)), Refusal::LastAdmin);
    assert_eq!(run.refused(bob(), &set_roles(1, roles([Role::Member]))), Refusal::LastAdmin);
    // Whoever is disabled already is no administrator to keep: their roles may go.
    run.ok(bob(), &set_roles(0, roles([])));
}

#[test]
fn the_last_administrator_stays() {
    let mut run = Run::furnished();
    for by in [ada(), Actor::System] {
        assert_eq!(run.refused(by, &disable(0)), Refusal::LastAdmin);
        assert_eq!(run.refused(by, &erase(0)), Refusal::LastAdmin);
        assert_eq!(run.refused(by, &set_roles(0, roles([Role::Member]))), Refusal::LastAdmin);
    }
    run.ok(ada(), &set_roles(0, roles([Role::Admin, Role::Member])));
    run.ok(ada(), &set_roles(2, roles([Role::Admin])));
    run.ok(ada(), &set_roles(0, roles([Role::Member])));
    assert!(matches!(run.refused(ada(), &set_roles(0, roles([Role::Admin]))), Refusal::Forbidden { .. }));
}

#[test]
fn roles_are_what_was_set() {
    let mut run = Run::furnished();
    assert_eq!(run.state.developers[&dev(1)].roles, roles([Role::Member]));
    run.ok(ada(), &set_roles(1, roles([Role::Auditor, Role::Approver])));
    assert_eq!(run.state.developers[&dev(1)].roles, roles([Role::Auditor, Role::Approver]));
    assert!(run.ok(ada(), &set_roles(1, roles([Role::Auditor, Role::Approver]))).is_empty());
    assert_eq!(run.refused(ada(), &set_roles(9, roles([]))), Refusal::DeveloperUnknown(dev(9)));
}

#[test]
fn a_role_is_held_or_stands_above() {
    let mut run = Run::furnished();
    run.ok(ada(), &set_roles(1, roles([Role::Auditor])));
    assert_eq!(run.state.require(bob(), Role::Auditor), Ok(()));
    assert_eq!(run.state.require(bob(), Role::Approver), Err(Refusal::Forbidden { needs: "approver" }));
    assert_eq!(run.state.require(ada(), Role::Approver), Ok(()));
    assert_eq!(run.state.require(Actor::System, Role::Admin), Ok(()));
    assert!(run.state.require(Actor::Bootstrap, Role::Member).is_err());
    run.ok(ada(), &disable(1));
    assert!(run.state.require(bob(), Role::Auditor).is_err());
}

#[test]
fn disabling_ends_everything_of_theirs_and_nothing_else() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(5)));
    run.ok(Actor::Session(ses(5)), &opening(child(3, 5)));
    run.ok(bob(), &opening(open(6)));
    let of_ada = crate::session::Open { developer: dev(0), ..open(7) };
    run.ok(ada(), &opening(of_ada));
    for (n, who) in [(0, 1), (1, 1), (2, 0)] {
        let sign_in = crate::sign_in::SignIn { sign_in: sin(n), developer: dev(who), token: digest("sign-in", n) };
        run.ok(Actor::System, &Command::SignIn(sign_in));
    }
    let events = run.ok(ada(), &disable(1));
    assert_eq!(events.len(), 2 + 3 + 1 + 3);
    let revoked = crate::session::How::Revoked { by: ada(), reason: "left".to_owned() };
    for event in &events {
        if let Event::SessionOver(over) = event {
            assert_eq!(over.how, revoked);
        }
    }
    assert!(run.state.developers[&dev(1)].disabled);
    assert_eq!(run.state.sessions.keys().copied().collect::<Vec<_>>(), [ses(7)]);
    assert_eq!(run.state.sign_ins.keys().copied().collect::<Vec<_>>(), [sin(2)]);
    assert!(run.ok(ada(), &disable(1)).is_empty());
    assert_eq!(run.refused(ada(), &disable(9)), Refusal::DeveloperUnknown(dev(9)));
}

#[test]
fn erasing_ends_everything_of_theirs_and_leaves_the_pseudonym_locked_out() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(5)));
    let sign_in = crate::sign_in::SignIn { sign_in: sin(0), developer: dev(1), token: digest("sign-in", 0) };
    run.ok(Actor::System, &Command::SignIn(sign_in.clone()));
    let events = run.ok(ada(), &erase(1));
    let [Event::SignInEnded(_), Event::SessionOver(over), Event::DeveloperErased(erased), Event::SessionClosed(_)] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
    let reason = "the developer was erased".to_owned();
    assert_eq!(over.how, crate::session::How::Revoked { by: ada(), reason });
    assert_eq!(erased.developer, dev(1));
    let known = run.state.developers[&dev(1)].clone();
    assert!(known.disabled && known.erased_at == Some(run.state.last_time), "{known:?}");
    assert!(run.state.sessions.is_empty() && run.state.sign_ins.is_empty());

    // For good: the second time changes nothing, and nothing brings them back.
    run.clock = run.clock + crate::Span::from_secs(60);
    assert!(run.ok(ada(), &erase(1)).is_empty());
    assert!(run.ok(ada(), &disable(1)).is_empty());
    assert_eq!(run.refused(ada(), &register(1, roles([]))), Refusal::IdTaken);
    assert_eq!(run.refused(Actor::System, &Command::SignIn(sign_in)), Refusal::DeveloperDisabled(dev(1)));
    assert_eq!(run.refused(bob(), &opening(open(6))), Refusal::DeveloperDisabled(dev(1)));
    assert_eq!(run.state.developers[&dev(1)], known);
    assert_eq!(run.refused(ada(), &erase(9)), Refusal::DeveloperUnknown(dev(9)));
}

#[test]
fn who_was_disabled_can_still_be_erased_and_an_administrator_can_erase_themselves() {
    let mut run = Run::furnished();
    run.ok(ada(), &disable(1));
    assert_eq!(run.ok(ada(), &erase(1)).len(), 1);
    run.ok(ada(), &set_roles(2, roles([Role::Admin])));
    run.ok(ada(), &erase(0));
    assert!(matches!(run.refused(ada(), &create_team(1, "apps")), Refusal::Forbidden { .. }));
}

#[test]
fn ids_and_names_are_used_once() {
    let run = Run::furnished();
    assert_eq!(run.refused(ada(), &register(1, roles([]))), Refusal::IdTaken);
    assert_eq!(run.refused(ada(), &create_team(0, "apps")), Refusal::IdTaken);
    assert_eq!(run.refused(ada(), &create_team(1, "core")), Refusal::NameTaken);
    assert_eq!(run.refused(ada(), &create_project(0, "apps", &[])), Refusal::IdTaken);
    assert_eq!(run.refused(ada(), &create_project(1, "writ", &[])), Refusal::NameTaken);
    assert_eq!(run.refused(ada(), &create_project(1, "apps", &[0, 9])), Refusal::TeamUnknown);
}

#[test]
fn teams_have_the_members_that_joined_and_did_not_leave() {
    let mut run = Run::furnished();
    let members = |state: &State| state.teams[&tm(0)].members.iter().copied().collect::<Vec<_>>();
    assert!(run.ok(ada(), &join(0, 1)).is_empty());
    assert!(run.ok(ada(), &leave(0, 2)).is_empty());
    run.ok(ada(), &join(0, 2));
    assert_eq!(members(&run.state), [dev(1), dev(2)]);
    run.ok(ada(), &leave(0, 1));
    assert_eq!(members(&run.state), [dev(2)]);
    assert_eq!(run.refused(ada(), &join(0, 9)), Refusal::DeveloperUnknown(dev(9)));
    assert_eq!(run.refused(ada(), &leave(9, 1)), Refusal::TeamUnknown);
    assert_eq!(run.state.projects[&prj(0)].teams, [tm(0)].into());
}
