//! What a client was told, and what the log must therefore say.

use std::collections::BTreeMap;

use crate::{Actor, CallId, Command, Event, Refusal, SessionId, SignInId, TicketId};

/// A command on its way, with what its client knows of it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) by: Actor,
    pub(super) command: Command,
    /// Whether an earlier try may have been written without an answer.
    pub(super) in_doubt: bool,
}

/// Where the log says that something came to be.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) opened: BTreeMap<SessionId, usize>,
    pub(super) over: BTreeMap<SessionId, usize>,
    pub(super) reserved: BTreeMap<CallId, usize>,
    pub(super) settled: BTreeMap<CallId, usize>,
    pub(super) signed_in: BTreeMap<SignInId, usize>,
    pub(super) queued: BTreeMap<TicketId, usize>,
    /// The position is the token: no ticket has two.
    pub(super) granted: BTreeMap<TicketId, usize>,
    pub(super) let_go: BTreeMap<TicketId, usize>,
}

impl Index {
    /// Notes a line; each of these happens once, whatever clients retry.
    pub(super) fn note(&mut self, event: &Event, position: usize) {
        let before = match event {
            Event::SessionOpened(event) => self.opened.insert(event.session, position),
            Event::SessionOver(event) => self.over.insert(event.session, position),
            Event::CallReserved(event) => self.reserved.insert(event.call, position),
            Event::CallSettled(event) => self.settled.insert(event.call, position),
            Event::SignInStarted(event) => self.signed_in.insert(event.sign_in, position),
            Event::LockQueued(event) => self.queued.insert(event.ticket, position),
            Event::LockGranted(event) => self.granted.insert(event.ticket, position),
            Event::LockOver(event) => self.let_go.insert(event.ticket, position),
            _ => None,
        };
        assert_eq!(before, None, "line {position} happened before: {event:?}");
    }

    /// Whether the log says that the command was carried out, for commands that happen once.
    fn says_done(&self, command: &Command) -> Option<bool> {
        match command {
            Command::OpenSession(open) => Some(self.opened.contains_key(&open.session)),
            Command::EndSession(end) => Some(self.over.contains_key(&end.session)),
            Command::RevokeSession(revoke) => Some(self.over.contains_key(&revoke.session)),
            Command::ReserveCall(reserve) => Some(self.reserved.contains_key(&reserve.call)),
            Command::SettleCall(settle) => Some(self.settled.contains_key(&settle.call)),
            Command::SignIn(sign_in) => Some(self.signed_in.contains_key(&sign_in.sign_in)),
            Command::AcquireLock(asked) => Some(self.knows(asked.ticket)),
            _ => None,
        }
    }

    fn knows(&self, ticket: TicketId) -> bool {
        self.queued.contains_key(&ticket) || self.granted.contains_key(&ticket)
    }
}

/// What an answer tells the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It is done.
    Done,
    /// It had been done by a try whose answer was lost.
    DoneBefore,
    /// It is not done.
    Refused,
}

/// Reads an answer as a client does, and checks it against the log as committed.
pub(super) fn read(request: &Request, answer: &Result<Vec<Event>, Refusal>, index: &Index) -> Told {
    let done = index.says_done(&request.command);
    match answer {
        Ok(events) => {
            let refused = events.iter().any(|event| matches!(event, Event::CallRefused(_)));
            if refused {
                return Told::Refused;
            }
            assert_ne!(done, Some(false), "acknowledged, and not in the log: {request:?}");
            for event in events {
                if let Event::LockGranted(granted) = event {
                    assert!(
                        index.granted.contains_key(&granted.ticket),
                        "a token that the log does not know: {event:?}"
                    );
                }
            }
            Told::Done
        }
        Err(Refusal::TicketOver(ticket)) => {
            assert!(index.knows(*ticket), "over, and never was: {request:?}");
            Told::DoneBefore
        }
        Err(Refusal::IdTaken) => {
            // Ids are fresh, so only an earlier try of the same request can have taken it.
            assert!(request.in_doubt, "a first try heard that its id is taken: {request:?}");
            assert_ne!(done, Some(false), "the id is taken, and not in the log: {request:?}");
            Told::DoneBefore
        }
        Err(Refusal::SessionOver { session, .. }) if ends(&request.command) == Some(*session) => {
            assert_eq!(done, Some(true), "over, and not in the log: {request:?}");
            Told::DoneBefore
        }
        Err(Refusal::CallUnknown) => {
            assert_eq!(done, Some(true), "a reserved call is unknown, and was never settled: {request:?}");
            Told::DoneBefore
        }
        Err(_) => Told::Refused,
    }
}

fn ends(command: &Command) -> Option<SessionId> {
    match command {
        Command::EndSession(end) => Some(end.session),
        Command::RevokeSession(revoke) => Some(revoke.session),
        _ => None,
    }
}
