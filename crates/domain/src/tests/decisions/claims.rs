use super::house::*;
use crate::call::Reserve;
use crate::session::{AliasClaimed, ClaimMismatched, Claims, End, Mismatch};
use crate::tests::run::Run;
use crate::{Actor, Command, Event};

/// A call of the session that claims these client sessions in its header and its metadata; what is noted about them.
fn claim(run: &mut Run, call: u128, session: u128, header: Option<&str>, metadata: Option<&str>) -> Vec<Event> {
    let claims = Claims {
        client_session: header.map(str::to_owned),
        metadata_session: metadata.map(str::to_owned),
        ..Claims::default()
    };
    let mut events = run.ok(Actor::System, &reserving(Reserve { claims: claims.clone(), ..reserve(call, session, 1) }));
    let Some(Event::CallReserved(reserved)) = events.pop() else { panic!("{events:?}") };
    assert_eq!(reserved.claims, claims);
    events
}

fn alias(session: u128, client_session: &str) -> Event {
    Event::AliasClaimed(AliasClaimed { session: ses(session), client_session: client_session.to_owned() })
}

fn mismatch(session: u128, call: u128, mismatch: Mismatch, claimed: &str) -> Event {
    let (session, call, claimed) = (ses(session), cal(call), claimed.to_owned());
    Event::ClaimMismatched(ClaimMismatched { session, call, mismatch, claimed })
}

fn house() -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    run
}

#[test]
fn a_client_session_is_noted_once() {
    let mut run = house();
    assert_eq!(claim(&mut run, 0, 0, None, None), []);
    assert_eq!(claim(&mut run, 1, 0, Some("x"), None), [alias(0, "x")]);
    assert_eq!(claim(&mut run, 2, 0, Some("x"), Some("x")), []);
    assert_eq!(claim(&mut run, 3, 0, None, Some("y")), [alias(0, "y")]);
    assert_eq!(run.state.aliases.len(), 2);
}

#[test]
fn header_and_metadata_that_differ_are_noted_and_the_metadata_counts() {
    let mut run = house();
    let differ = Mismatch::HeaderAndMetadataDiffer;
    assert_eq!(claim(&mut run, 0, 0, Some("x"), Some("y")), [mismatch(0, 0, differ, "x"), alias(0, "y")]);
    assert_eq!(claim(&mut run, 1, 0, Some("x"), Some("y")), [mismatch(0, 1, differ, "x")]);
}

#[test]
fn another_sessions_client_session_is_noted_until_that_one_is_over() {
    let mut run = house();
    let belongs = Mismatch::BelongsToAnotherSession;
    claim(&mut run, 0, 0, Some("x"), None);
    assert_eq!(claim(&mut run, 1, 1, Some("x"), None), [mismatch(1, 1, belongs, "x")]);
    assert_eq!(run.state.aliases["x"], ses(0));
    run.ok(bob(), &Command::EndSession(End { session: ses(0), exit_code: None }));
    assert_eq!(claim(&mut run, 2, 1, Some("x"), None), [alias(1, "x")]);
}
