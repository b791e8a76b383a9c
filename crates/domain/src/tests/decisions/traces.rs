use super::check_who;
use super::house::*;
use crate::artifact::Record;
use crate::certificate::{Issue, Purpose};
use crate::session::{Lapse, Open};
use crate::tests::run::Run;
use crate::{Actor, ArtifactKind, Command, Event, Refusal, Span, limits};

fn record(kind: ArtifactKind) -> Command {
    Command::RecordArtifact(Record { session: ses(0), kind, value: "1f2e".to_owned() })
}

fn issue(valid_for: Span) -> Command {
    Command::IssueCertificate(Issue {
        session: ses(0),
        serial: 7,
        purpose: Purpose::GitSigning,
        key: "SHA256:key".to_owned(),
        valid_until: MORNING + valid_for,
    })
}

fn working() -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    run
}

#[test]
fn a_session_claims_for_itself_what_may_be_claimed() {
    let run = working();
    let others = [bob(), ada(), Actor::Bootstrap, Actor::Session(ses(1))];
    for kind in ArtifactKind::ALL {
        let itself: &[Actor] = if kind.may_be_claimed() { &[Actor::Session(ses(0))] } else { &[] };
        check_who(&run, &record(kind), itself, &others);
        check_who(&run, &record(kind), &[Actor::System], &[]);
    }
    assert!(run.clone().step(Actor::Session(ses(0)), &record(ArtifactKind::AwsAccessKey)).is_err());
}

#[test]
fn only_the_session_gets_its_certificate_and_never_beyond_its_expiry() {
    let mut run = working();
    let others = [bob(), ada(), Actor::System, Actor::Session(ses(1))];
    check_who(&run, &issue(Span::from_secs(60)), &[Actor::Session(ses(0))], &others);
    let expires_at = run.state.sessions[&ses(0)].expires_at;
    for (asked, granted) in
        [(Span::from_secs(60), MORNING + Span::from_secs(60)), (limits::SESSION_TTL_MAX, expires_at)]
    {
        let events = run.ok(Actor::Session(ses(0)), &issue(asked));
        let [Event::CertificateIssued(issued)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(issued.valid_until, granted);
    }
    assert_eq!(run.state.sessions[&ses(0)].certificates, 2);
}

#[test]
fn a_suspect_session_gets_no_certificate() {
    let mut run = working();
    run.wait(limits::BEAT_SUSPECT_AFTER);
    run.ok(Actor::System, &Command::LapseSession(Lapse { session: ses(0), last_beat: MORNING }));
    let refusal = run.refused(Actor::Session(ses(0)), &issue(Span::from_secs(60)));
    assert!(matches!(refusal, Refusal::SessionSuspect { .. }), "{refusal}");
}

#[test]
fn the_dead_leave_no_traces() {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(Open { beats: false, ..open(0) }));
    run.wait(Span::from_secs(8 * 3600));
    for command in [record(ArtifactKind::Commit), issue(Span::from_secs(60))] {
        let refusal = run.refused(Actor::Session(ses(0)), &command);
        assert!(matches!(refusal, Refusal::SessionOver { .. }), "{refusal}");
    }
}

#[test]
fn traces_are_bounded() {
    let mut run = working();
    let live = run.state.sessions.get_mut(&ses(0)).unwrap();
    (live.artifacts, live.certificates) =
        (limits::ARTIFACTS_PER_SESSION_MAX - 1, limits::CERTIFICATES_PER_SESSION_MAX - 1);
    for command in [record(ArtifactKind::Commit), issue(Span::from_secs(60))] {
        run.ok(Actor::Session(ses(0)), &command);
        let refusal = run.refused(Actor::Session(ses(0)), &command);
        assert!(matches!(refusal, Refusal::LimitReached { .. }), "{refusal}");
    }
    let long =
        Record { session: ses(1), kind: ArtifactKind::Commit, value: "x".repeat(limits::ARTIFACT_CHARS_MAX + 1) };
    let refusal = run.refused(Actor::Session(ses(1)), &Command::RecordArtifact(long));
    assert!(matches!(refusal, Refusal::TextTooLong { .. }), "{refusal}");
    let Command::IssueCertificate(mut large) = issue(Span::from_secs(60)) else { panic!() };
    (large.session, large.serial) = (ses(1), limits::ENTRY_COUNT_MAX + 1);
    let refusal = run.refused(Actor::Session(ses(1)), &Command::IssueCertificate(large));
    assert!(matches!(refusal, Refusal::LimitReached { .. }), "{refusal}");
}
