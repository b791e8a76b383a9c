//! Laws that are wrong on purpose, one for each thing that the search looks for: that it finds them is what shows that it
//! would find such a mistake in the law.

use super::super::reference::{conflict, kin, parts};
use crate::lock::{Granted, Queued};
use crate::push::Why;
use crate::{Actor, Command, Event, Refusal, State, Time, decide};

/// Which law decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Law {
    /// The law.
    AsItIs,
    /// Only what has the very same name keeps out: not what is above or below.
    SeesNamesOnly,
    /// What nobody has is granted, whoever waits for it.
    Barges,
    /// Waiting that closes a circle is let be.
    WaitsInCircles,
    /// What is let go is offered to nobody.
    ForgetsToOffer,
    /// Whoever is offered something is struck off.
    LosesWhomItOffers,
    /// What a push relies on may be let go and given on while the push is on its way.
    LetsGoOfWhatIsPinned,
    /// A push whose token is an old one goes in if its session holds the lock now.
    TakesOldTokens,
}

impl Law {
    pub(super) fn decide(self, state: &State, by: Actor, command: &Command, now: Time) -> Result<Vec<Event>, Refusal> {
        let answer = decide(state, by, command, now);
        match (self, command, answer) {
            (Self::SeesNamesOnly | Self::Barges, _, Ok(events)) => {
                Ok(events.into_iter().map(|event| self.grants(state, event)).collect())
            }
            (Self::WaitsInCircles, Command::AcquireLock(asked), Err(Refusal::WouldDeadlock { .. })) => {
                let holder = crate::lock::Holder::of(by).unwrap();
                let (ticket, wants, priority) = (asked.ticket, asked.wants.clone(), asked.priority);
                Ok(vec![Event::LockQueued(Box::new(Queued { ticket, holder, wants, priority, intent: None }))])
            }
            (Self::ForgetsToOffer, _, Ok(mut events)) => {
                events.retain(|event| !matches!(event, Event::LockOffered(_)));
                Ok(events)
            }
            (_, _, answer) => answer,
        }
    }

    /// What would have been queued is granted, if nobody who counts is in the way.
    fn grants(self, state: &State, event: Event) -> Event {
        let Event::LockQueued(queued) = event else { return event };
        let wants = parts(&queued.wants);
        let counts = |one: &(String, _), other: &(String, _)| self == Self::Barges || one.0 == other.0;
        let is_in_the_way = state.locks.tickets.values().any(|ticket| {
            let theirs = parts(&ticket.wants);
            let clash = |want| theirs.iter().any(|other| conflict(want, other) && counts(want, other));
            ticket.phase.blocks() && !kin(state, ticket.holder, queued.holder) && wants.iter().any(clash)
        });
        if is_in_the_way {
            return Event::LockQueued(queued);
        }
        let Queued { ticket, holder, wants, priority, intent } = *queued;
        Event::LockGranted(Box::new(Granted { ticket, holder, wants, priority, intent }))
    }

    /// What a mutant does to the state beside the entries.
    pub(super) fn applied(self, state: &mut State, events: &[Event]) {
        for event in events {
            if let (Self::LosesWhomItOffers, Event::LockOffered(offered)) = (self, event) {
                state.locks.remove(offered.ticket);
            }
        }
    }

    /// The entry by which a push goes in, if it does.
    pub(super) fn admits(self, state: &State, answer: Result<Vec<Event>, Refusal>) -> Option<Event> {
        match answer.ok()?.pop()? {
            event @ Event::PushAdmitted(_) => Some(event),
            Event::PushRefused(refused) => {
                let holds = || {
                    let of = state.locks.of(crate::lock::Holder::Session(refused.push.session));
                    of.filter(|(_, ticket)| ticket.phase.token().is_some()).map(|(id, _)| id).collect::<Vec<_>>()
                };
                let is_old = matches!(refused.why, Why::TokenStale { .. });
                let locks = if self == Self::TakesOldTokens && is_old { holds() } else { Vec::new() };
                let push = refused.push.clone();
                (!locks.is_empty()).then(|| Event::PushAdmitted(Box::new(crate::push::Admitted { push, locks })))
            }
            _ => None,
        }
    }
}
