use super::check_who;
use super::house::*;
use crate::credential::{
    Cause, Finish, How, MintResult, NoteStalled, PublicName, RecordMint, Request, Revoke, token_id,
};
use crate::grant::{Grant, Set};
use crate::session::{End, Lapse, Open};
use crate::tests::run::Run;
use crate::{
    Actor, ArtifactKind, Command, Event, Refusal, RequestId, Role, Span, broker, grant as grants, limits, node,
};

fn itself() -> Actor {
    Actor::Session(ses(0))
}

fn working() -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    run
}

/// A working session with a credential that was made at the target that is somewhere else.
fn vended() -> Run {
    let mut run = working();
    run.ok(itself(), &requesting(request(0, 0, "far")));
    run.ok(Actor::System, &made(0, Span::from_secs(600)));
    run
}

fn made(credential: u128, life: Span) -> Command {
    let names = vec![PublicName { kind: ArtifactKind::CredentialHandle, value: format!("handle-{credential}") }];
    let result = MintResult::Made { names, expires_at: MORNING + life };
    Command::RecordMint(RecordMint { credential: cre(credential), result })
}

fn finish(credential: u128, how: How) -> Command {
    Command::FinishCredential(Finish { credential: cre(credential), how })
}

fn revoked() -> How {
    How::Revoked { attempts: 1 }
}

fn end(session: u128) -> Command {
    Command::EndSession(End { session: ses(session), exit_code: Some(0) })
}

fn switch(is_on: bool) -> Command {
    Command::SwitchBroker(broker::Switch { broker: name("vault"), is_on, reason: "leak".to_owned() })
}

fn cause(run: &Run, credential: u128) -> Option<Cause> {
    run.state.credentials[&cre(credential)].due.map(|due| due.cause)
}

#[test]
fn only_the_session_asks_and_only_writ_records() {
    let run = working();
    let others = [bob(), ada(), Actor::System, Actor::Bootstrap, Actor::Session(ses(1))];
    check_who(&run, &requesting(request(0, 0, "far")), &[itself()], &others);
    let run = vended();
    let people = [bob(), ada(), Actor::Bootstrap, itself()];
    let stalled = NoteStalled { credential: cre(0), attempts: 6, reason: "away".to_owned() };
    check_who(&run, &Command::NoteStalled(stalled), &[Actor::System], &people);
    check_who(&run, &made(0, Span::from_secs(1)), &[Actor::System], &people);
    let revoke = Command::RevokeCredential(Revoke { credential: cre(0), reason: "leak".to_owned() });
    check_who(&run, &revoke, &[itself(), bob(), ada()], &[eve(), Actor::Session(ses(1)), Actor::Bootstrap]);
}

#[test]
fn only_an_administrator_configures_and_grants() {
    let run = working();
    let others = [bob(), itself(), Actor::Bootstrap];
    let remove = grants::Remove { project: prj(0), broker: name("vault"), target: name("far"), profile: None };
    for command in [
        configure("vault"),
        switch(false),
        grant("far", Span::from_secs(900)),
        Command::RemoveGrant(remove),
        Command::RemoveBroker(broker::Remove { broker: name("vault") }),
    ] {
        check_who(&run, &command, &[ada()], &others);
    }
}

#[test]
fn what_is_local_is_made_with_the_decision() {
    let mut run = working();
    let names = vec![PublicName { kind: ArtifactKind::CertificateSerial, value: "4711".to_owned() }];
    let events = run.ok(itself(), &requesting(Request { names: names.clone(), ..request(0, 0, "near") }));
    let [Event::CredentialRequested(asked), Event::CredentialIssued(issued)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((asked.sequence, &issued.names, issued.expires_at), (1, &names, asked.expires_at));
    assert!(run.state.credentials[&cre(0)].is_issued);
}

#[test]
fn every_name_of_a_credential_leads_to_its_session() {
    let mut run = working();
    let mut named = Vec::new();
    let asked = run.ok(itself(), &requesting(request(0, 0, "far")));
    let issued = run.ok(Actor::System, &made(0, Span::from_secs(600)));
    for event in asked.iter().chain(&issued) {
        assert_eq!(event.session(), Some(ses(0)));
        let names = crate::artifact::named_by(event, None::<RequestId>);
        named.extend(names.into_iter().map(|(kind, value)| (kind, value.into_owned())));
    }
    assert_eq!(
        named,
        [
            (ArtifactKind::Credential, cre(0).to_string()),
            (ArtifactKind::TokenId, token_id(ses(0), 1)),
            (ArtifactKind::CredentialHandle, "handle-0".to_owned()),
        ]
    );
}

#[test]
fn the_grant_bounds_life_and_the_session_cuts_it() {
    let mut run = working();
    let expiry = |run: &Run, life: Option<u64>| {
        let life = life.map(Span::from_secs);
        let request = Request { life, ..request(0, 0, "far") };
        crate::decide(&run.state, itself(), &requesting(request), run.clock).map(|events| match &events[0] {
            Event::CredentialRequested(asked) => asked.expires_at.since(run.clock).as_secs(),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(expiry(&run, None), Ok(600), "the target's usual life");
    assert_eq!(expiry(&run, Some(1800)), Ok(1800), "as far as the grant goes");
    assert!(matches!(expiry(&run, Some(1801)), Err(Refusal::LifeOutOfBounds { max, .. }) if max.as_secs() == 1800));
    assert!(matches!(expiry(&run, Some(59)), Err(Refusal::LifeOutOfBounds { min, .. }) if min.as_secs() == 60));
    let left = run.state.sessions[&ses(0)].expires_at.since(run.clock).as_secs();
    run.wait(Span::from_secs(left - 100));
    assert_eq!(expiry(&run, None), Ok(100), "never beyond the session");
    run.wait(Span::from_secs(70));
    assert_eq!(expiry(&run, None), Ok(60), "but never shorter than the target can");
}

#[test]
fn the_grant_of_the_profile_comes_before_the_one_of_all() {
    let mut run = working();
    let grant = Grant {
        broker: name("vault"),
        target: name("far"),
        profile: Some(name("default")),
        scope: rooms(&["c"]),
        life_max: Span::from_secs(60),
        lock: None,
    };
    run.ok(ada(), &Command::SetGrant(Box::new(Set { project: prj(0), grant: grant.clone() })));
    let events = run.ok(itself(), &requesting(request(0, 0, "far")));
    let [Event::CredentialRequested(asked)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&asked.scope, &asked.granted_to), (&rooms(&["c"]), &Some(name("default"))));
    let granted = run.state.grants_of(Some(prj(0)), &name("default"));
    assert_eq!(granted.len(), 2, "one for each target");
    assert!(granted.contains(&&grant));
    assert!(run.state.grants_of(None, &name("default")).is_empty());
}

#[test]
fn nobody_outside_the_project_is_told_what_there_is() {
    let mut run = working();
    let unattributed = Open { project: None, ..open(2) };
    run.ok(bob(), &opening(unattributed));
    let refusal = run.refused(Actor::Session(ses(2)), &requesting(request(0, 2, "far")));
    assert_eq!(refusal.to_string(), "this session is not granted `vault/far`; it is granted nothing");
    let unknown = Request { target: name("elsewhere"), ..request(0, 0, "far") };
    let refusal = run.refused(itself(), &requesting(unknown));
    assert!(matches!(&refusal, Refusal::NotGranted { granted, .. } if granted == &["vault/far", "vault/near"]));
}

#[test]
fn a_suspect_session_gets_nothing_new() {
    let mut run = working();
    run.wait(limits::BEAT_SUSPECT_AFTER);
    run.ok(Actor::System, &Command::LapseSession(Lapse { session: ses(0), last_beat: MORNING }));
    let refusal = run.refused(itself(), &requesting(request(0, 0, "far")));
    assert!(matches!(refusal, Refusal::SessionSuspect { .. }));
}

#[test]
fn a_session_is_closed_when_its_last_credential_is_dead() {
    let mut run = vended();
    run.ok(itself(), &requesting(request(1, 0, "near")));
    let events = run.ok(itself(), &end(0));
    assert!(matches!(events[..], [Event::SessionOver(_)]), "{events:?}");
    assert_eq!((cause(&run, 0), cause(&run, 1)), (Some(Cause::SessionOver), Some(Cause::SessionOver)));
    assert!(matches!(run.ok(Actor::System, &finish(0, revoked()))[..], [Event::CredentialOver(_)]));
    let last = run.ok(Actor::System, &finish(1, revoked()));
    assert!(matches!(last[..], [Event::CredentialOver(_), Event::SessionClosed(_)]), "{last:?}");
    assert!(run.state.closing.is_empty() && run.state.due.is_empty() && run.state.expiries.is_empty());
}

/// The answer of a slow target comes after the session's end: recorded, due, and ended.
#[test]
fn what_is_made_after_the_end_is_still_ended() {
    let mut run = working();
    run.ok(itself(), &requesting(request(0, 0, "far")));
    run.ok(itself(), &end(0));
    let late = run.ok(Actor::System, &made(0, Span::from_secs(600)));
    assert!(matches!(late[..], [Event::CredentialIssued(_)]));
    assert_eq!(cause(&run, 0), Some(Cause::SessionOver));
    let last = run.ok(Actor::System, &finish(0, revoked()));
    assert!(matches!(last[..], [Event::CredentialOver(_), Event::SessionClosed(_)]));
}

#[test]
fn what_was_not_made_is_over_at_once() {
    let mut run = working();
    run.ok(itself(), &requesting(request(0, 0, "far")));
    let not_made = MintResult::NotMade { reason: "the target is away".to_owned() };
    run.ok(Actor::System, &Command::RecordMint(RecordMint { credential: cre(0), result: not_made.clone() }));
    assert!(run.state.credentials.is_empty());
    let mut run = vended();
    let late = Command::RecordMint(RecordMint { credential: cre(0), result: not_made });
    assert!(run.ok(Actor::System, &late).is_empty(), "it was made: that counts");
}

#[test]
fn a_changed_grant_takes_back_what_was_issued_under_it() {
    let mut run = vended();
    run.ok(itself(), &requesting(request(1, 0, "near")));
    assert!(run.ok(ada(), &grant("far", Span::from_secs(1800))).is_empty(), "the same grant changes nothing");
    run.ok(ada(), &grant("far", Span::from_secs(900)));
    assert_eq!((cause(&run, 0), cause(&run, 1)), (Some(Cause::GrantChanged), None));
    let remove = grants::Remove { project: prj(0), broker: name("vault"), target: name("near"), profile: None };
    run.ok(ada(), &Command::RemoveGrant(remove));
    assert_eq!(cause(&run, 1), Some(Cause::GrantChanged));
}

#[test]
fn a_broker_that_is_off_takes_back_everything_and_makes_nothing() {
    let mut run = vended();
    run.ok(ada(), &switch(false));
    assert_eq!(cause(&run, 0), Some(Cause::BrokerOff));
    assert!(matches!(run.refused(itself(), &requesting(request(1, 0, "far"))), Refusal::BrokerOff(_)));
    run.ok(ada(), &configure("vault"));
    assert!(!run.state.brokers[&name("vault")].is_on, "configuring it anew does not switch it on");
    run.ok(ada(), &switch(true));
    run.ok(itself(), &requesting(request(1, 0, "far")));
}

#[test]
fn a_leaver_loses_every_credential() {
    let mut run = vended();
    run.ok(ada(), &register(3, roles([Role::Member])));
    run.ok(ada(), &disable(1));
    assert_eq!(cause(&run, 0), Some(Cause::SessionOver));
}

#[test]
fn what_a_lost_process_was_making_is_to_be_ended() {
    let mut run = vended();
    run.ok(itself(), &requesting(request(1, 0, "far")));
    run.ok(Actor::System, &Command::LoseNode(node::Lose { node: nod(0) }));
    assert_eq!((cause(&run, 0), cause(&run, 1)), (None, Some(Cause::NodeLost)), "what was made stays");
}

#[test]
fn a_credential_expires_at_its_time_and_not_before() {
    let mut run = vended();
    assert!(matches!(run.refused(Actor::System, &finish(0, How::Expired)), Refusal::CredentialAlive(_)));
    assert!(matches!(run.refused(Actor::System, &finish(0, revoked())), Refusal::CredentialAlive(_)), "nobody asked");
    run.wait(Span::from_secs(600));
    run.ok(Actor::System, &finish(0, How::Expired));
    assert!(matches!(run.refused(Actor::System, &finish(0, How::Expired)), Refusal::CredentialUnknown(_)));
}

#[test]
fn that_it_stalls_is_said_once() {
    let mut run = vended();
    let stalled = NoteStalled { credential: cre(0), attempts: 6, reason: "not permitted".to_owned() };
    let events = run.ok(Actor::System, &Command::NoteStalled(stalled.clone()));
    assert!(
        matches!(&events[..], [Event::CredentialStalled(said)] if said.lives_until == MORNING + Span::from_secs(600))
    );
    assert!(run.ok(Actor::System, &Command::NoteStalled(stalled)).is_empty());
}
