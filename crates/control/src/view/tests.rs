use domain::lock::{Granted, Holder, How, Mode, Offered, Over, Priority, Queued, Want, Wants};
use domain::session::How as Ending;
use domain::{Actor, Digest, Event, NodeId, SessionId, TicketId, Time, session};
use ledger::Entry;

use super::View;

const WAITERS: u128 = 1_000;

fn ticket(number: u128) -> TicketId {
    TicketId::new(Time::default(), number)
}

fn holder(number: u128) -> Holder {
    Holder::Session(SessionId::new(Time::default(), number))
}

fn wants() -> Wants {
    Wants::new([Want::new("env:prod".parse().unwrap(), Mode::X)]).unwrap()
}

fn commit(view: &View, event: Event) {
    let node = NodeId::new(Time::default(), 0);
    let entry = Entry { time: Time::default(), actor: Actor::System, node, request: None, chain: None, event };
    view.commit([(&entry, Digest::of(b""))]);
}

/// A view in which one holds and the others wait.
fn crowd() -> View {
    let view = View::default();
    let (priority, intent) = (Priority::Normal, None);
    let granted = Granted { ticket: ticket(0), holder: holder(0), wants: wants(), priority, intent: intent.clone() };
    commit(&view, Event::LockGranted(Box::new(granted)));
    for number in 1..=WAITERS {
        let (ticket, holder, intent) = (ticket(number), holder(number), intent.clone());
        commit(&view, Event::LockQueued(Box::new(Queued { ticket, holder, wants: wants(), priority, intent })));
    }
    view
}

#[test]
fn a_release_wakes_only_whose_turn_it_is() {
    let view = crowd();
    let watched: Vec<_> = (1..=WAITERS).map(|number| view.moved(ticket(number))).collect();
    let woken = || watched.iter().filter(|moved| moved.is_cancelled()).count();
    assert_eq!(woken(), 0);
    commit(&view, Event::LockOver(Over { ticket: ticket(0), holder: holder(0), how: How::Released }));
    assert_eq!(woken(), 0, "it is nobody's turn yet");
    commit(&view, Event::LockOffered(Offered { ticket: ticket(1), holder: holder(1), until: Time::default() }));
    assert_eq!(woken(), 1);
    assert!(watched[0].is_cancelled());
    assert_eq!(view.lock().turns.len(), 999, "nothing is kept of who was woken");
}

#[test]
fn what_does_not_wait_is_not_waited_for() {
    let view = crowd();
    assert!(view.moved(ticket(0)).is_cancelled(), "it holds");
    assert!(view.moved(ticket(WAITERS + 1)).is_cancelled(), "nobody knows it");
    assert!(view.lock().turns.is_empty());
}

/// A session may end while it waits; no entry says of its ticket that it is over.
#[test]
fn whoever_waits_is_woken_by_the_end_of_its_session() {
    let view = crowd();
    let (own, other) = (view.moved(ticket(1)), view.moved(ticket(2)));
    open(&view, 1);
    let session = SessionId::new(Time::default(), 1);
    commit(&view, Event::SessionOver(session::Over { session, how: Ending::Ended { exit_code: None } }));
    assert!(own.is_cancelled() && !other.is_cancelled());
}

fn open(view: &View, number: u128) {
    let opened = session::Opened {
        session: SessionId::new(Time::default(), number),
        parent: None,
        agent: None,
        developer: domain::DeveloperId::new(Time::default(), 1),
        project: None,
        team: None,
        profile: "default".parse().unwrap(),
        token: Digest::of(b"token"),
        beats: false,
        budget: None,
        expires_at: Time::default(),
    };
    commit(view, Event::SessionOpened(Box::new(opened)));
}
