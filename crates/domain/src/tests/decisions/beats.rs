use super::check_who;
use super::house::*;
use crate::session::{How, Lapse, Open, Recover};
use crate::tests::run::Run;
use crate::{Actor, Command, Event, Refusal, Span, Time, limits};

fn lapse(last_beat: Time) -> Command {
    Command::LapseSession(Lapse { session: ses(0), last_beat })
}

fn recover() -> Command {
    Command::RecoverSession(Recover { session: ses(0) })
}

/// A house with a session, so long after it was opened.
fn after(silence: Span, open: Open) -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open));
    run.wait(silence);
    run
}

fn less(span: Span) -> Span {
    Span::from_millis(span.as_millis() - 1)
}

#[track_caller]
fn how(events: &[Event]) -> &How {
    let [Event::SessionOver(over), Event::SessionClosed(_)] = events else { panic!("{events:?}") };
    &over.how
}

#[test]
fn silence_makes_suspect_then_expired() {
    let not_overdue = Refusal::NotOverdue(ses(0));
    let run = after(less(limits::BEAT_SUSPECT_AFTER), open(0));
    assert_eq!(run.refused(Actor::System, &lapse(MORNING)), not_overdue);

    let mut run = after(limits::BEAT_SUSPECT_AFTER, open(0));
    let events = run.ok(Actor::System, &lapse(MORNING));
    assert!(matches!(&events[..], [Event::SessionSuspected(event)] if event.last_beat == MORNING));
    assert_eq!(run.state.sessions[&ses(0)].suspect_since, Some(MORNING));
    assert!(run.ok(Actor::System, &lapse(MORNING)).is_empty());

    let mut run = after(less(limits::BEAT_EXPIRE_AFTER), open(0));
    assert!(matches!(run.ok(Actor::System, &lapse(MORNING))[..], [Event::SessionSuspected(_)]));
    run.wait(Span::from_millis(1));
    assert_eq!(how(&run.ok(Actor::System, &lapse(MORNING))), &How::MissedBeats);
}

#[test]
fn silence_counts_from_the_last_beat_and_never_from_before_the_opening() {
    let long_ago = Time::from_unix_millis(0);
    let run = after(less(limits::BEAT_SUSPECT_AFTER), open(0));
    assert_eq!(run.refused(Actor::System, &lapse(long_ago)), Refusal::NotOverdue(ses(0)));
    let mut run = after(limits::BEAT_SUSPECT_AFTER, open(0));
    let events = run.clone().ok(Actor::System, &lapse(long_ago));
    assert!(matches!(&events[..], [Event::SessionSuspected(event)] if event.last_beat == MORNING));
    let beat = MORNING + Span::from_secs(10);
    assert_eq!(run.refused(Actor::System, &lapse(beat)), Refusal::NotOverdue(ses(0)));
    // A clock ahead of the log is not silence.
    assert!(run.step(Actor::System, &lapse(run.clock + Span::from_secs(9_999))).is_err());
}

#[test]
fn without_a_launcher_only_the_expiry_counts() {
    let quiet = Open { beats: false, ..open(0) };
    let run = after(less(Span::from_secs(8 * 3600)), quiet.clone());
    assert_eq!(run.refused(Actor::System, &lapse(MORNING)), Refusal::NotOverdue(ses(0)));
    let mut run = after(Span::from_secs(8 * 3600), quiet);
    assert_eq!(how(&run.ok(Actor::System, &lapse(run.clock))), &How::ReachedExpiry);
}

#[test]
fn the_expiry_counts_more_than_beats() {
    let mut run = after(Span::from_secs(8 * 3600), open(0));
    assert_eq!(how(&run.ok(Actor::System, &lapse(MORNING))), &How::ReachedExpiry);
    assert!(matches!(run.refused(Actor::System, &lapse(MORNING)), Refusal::SessionOver { .. }));
}

#[test]
fn descendants_lapse_with_it() {
    let mut run = after(Span::from_secs(0), open(0));
    run.ok(Actor::Session(ses(0)), &opening(child(1, 0)));
    run.wait(limits::BEAT_EXPIRE_AFTER);
    // Each is over, and closed.
    assert_eq!(run.ok(Actor::System, &lapse(MORNING)).len(), 2 + 2);
    assert!(run.state.sessions.is_empty());
}

#[test]
fn its_launcher_or_owner_recovers_a_suspect_session() {
    let mut run = after(limits::BEAT_SUSPECT_AFTER, open(0));
    run.ok(bob(), &opening(open(1)));
    assert!(run.clone().ok(bob(), &recover()).is_empty());
    run.ok(Actor::System, &lapse(MORNING));
    let others = [ada(), eve(), Actor::System, Actor::Bootstrap, Actor::Session(ses(1))];
    check_who(&run, &recover(), &[bob(), Actor::Session(ses(0))], &others);
    assert!(matches!(run.ok(bob(), &recover())[..], [Event::SessionRecovered(_)]));
    assert_eq!(run.state.sessions[&ses(0)].suspect_since, None);
    run.ok(Actor::Session(ses(0)), &opening(child(2, 0)));
}

#[test]
fn after_the_expiry_nothing_recovers() {
    let mut run = after(limits::BEAT_SUSPECT_AFTER, open(0));
    run.ok(Actor::System, &lapse(MORNING));
    run.clock = MORNING + less(Span::from_secs(8 * 3600));
    assert!(matches!(run.clone().ok(bob(), &recover())[..], [Event::SessionRecovered(_)]));
    run.wait(Span::from_millis(1));
    assert_eq!(how(&run.ok(bob(), &recover())), &How::ReachedExpiry);
    assert!(matches!(run.refused(bob(), &recover()), Refusal::SessionOver { .. }));
}
