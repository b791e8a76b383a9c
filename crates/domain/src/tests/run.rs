//! One history: commands decided in turn, their events applied and kept.

use super::house::{MORNING, furniture};
use crate::{Actor, Command, Event, Refusal, Span, State, Time, decide};

/// A history from the empty state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    pub(crate) state: State,
    pub(crate) log: Vec<(Event, Time)>,
    pub(crate) clock: Time,
}

impl Run {
    /// A history that begins with the furnished house.
    pub(crate) fn furnished() -> Self {
        let mut run = Self { clock: MORNING, ..Self::default() };
        for (by, command) in furniture() {
            run.ok(by, &command);
        }
        run
    }

    /// Decides and, if it is not refused, applies.
    pub(crate) fn step(&mut self, by: Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = decide(&self.state, by, command, self.clock)?;
        let at = self.clock.max(self.state.last_time);
        for event in &events {
            self.state.apply(event, at);
            self.log.push((event.clone(), at));
        }
        Ok(events)
    }

    /// A step that must not be refused.
    #[track_caller]
    pub(crate) fn ok(&mut self, by: Actor, command: &Command) -> Vec<Event> {
        self.step(by, command).unwrap_or_else(|refusal| panic!("{command:?} was refused: {refusal}"))
    }

    /// A step that must be refused, and must leave no trace.
    #[track_caller]
    pub(crate) fn refused(&self, by: Actor, command: &Command) -> Refusal {
        match decide(&self.state, by, command, self.clock) {
            Ok(events) => panic!("{command:?} was allowed: {events:?}"),
            Err(refusal) => refusal,
        }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, span: Span) {
        self.clock = self.clock + span;
    }
}
