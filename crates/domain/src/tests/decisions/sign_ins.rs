use super::check_who;
use super::house::*;
use crate::sign_in::{SignIn, SignOut};
use crate::tests::run::Run;
use crate::{Actor, Command, Event, Refusal, Span, Time, limits};

fn sign_in(n: u128, developer: u128, token: u128) -> Command {
    Command::SignIn(SignIn { sign_in: sin(n), developer: dev(developer), token: digest("sign-in", token) })
}

fn sign_out(n: u128) -> Command {
    Command::SignOut(SignOut { sign_in: sin(n) })
}

#[test]
fn a_token_signs_in_until_it_expires_or_is_ended() {
    let mut run = Run::furnished();
    let token = digest("sign-in", 0);
    assert_eq!(run.state.signed_in(&token, run.clock), None);
    let events = run.ok(Actor::System, &sign_in(0, 1, 0));
    let [Event::SignInStarted(started)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(started.expires_at, run.clock + limits::SIGN_IN_TTL);
    let last = Time::from_unix_millis(started.expires_at.unix_millis() - 1);
    assert_eq!(run.state.signed_in(&token, last), Some((sin(0), dev(1))));
    assert_eq!(run.state.signed_in(&token, started.expires_at), None);
    run.ok(bob(), &sign_out(0));
    assert_eq!(run.state.signed_in(&token, run.clock), None);
    assert_eq!(run.refused(bob(), &sign_out(0)), Refusal::SignInUnknown);
}

#[test]
fn the_owner_or_an_administrator_signs_out() {
    let mut run = Run::furnished();
    run.ok(Actor::System, &sign_in(0, 1, 0));
    let forbidden = [eve(), Actor::Bootstrap, Actor::Session(ses(0))];
    check_who(&run, &sign_out(0), &[bob(), ada(), Actor::System], &forbidden);
}

#[test]
fn nobody_unknown_or_disabled_signs_in() {
    let mut run = Run::furnished();
    assert_eq!(run.refused(Actor::System, &sign_in(0, 9, 0)), Refusal::DeveloperUnknown(dev(9)));
    run.ok(ada(), &disable(1));
    assert_eq!(run.refused(Actor::System, &sign_in(0, 1, 0)), Refusal::DeveloperDisabled(dev(1)));
}

/// State that says both "disabled" and "held" is not written by any decision; the reading door is shut all the same.
#[test]
fn a_disabled_developer_is_not_signed_in() {
    let mut run = Run::furnished();
    run.ok(Actor::System, &sign_in(0, 1, 0));
    run.state.developers.get_mut(&dev(1)).unwrap().disabled = true;
    assert_eq!(run.state.signed_in(&digest("sign-in", 0), run.clock), None);
}

#[test]
fn ids_and_tokens_are_used_once() {
    let mut run = Run::furnished();
    run.ok(Actor::System, &sign_in(0, 1, 0));
    assert_eq!(run.refused(Actor::System, &sign_in(0, 1, 1)), Refusal::IdTaken);
    assert_eq!(run.refused(Actor::System, &sign_in(1, 1, 0)), Refusal::IdTaken);
    run.wait(Span::from_secs(1));
    run.ok(Actor::System, &sign_in(1, 1, 1));
    assert_eq!(run.state.sign_ins.len(), 2);
}
