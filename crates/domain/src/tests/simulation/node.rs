//! A node: a state of its own, a clock of its own, and a queue of commands that wait for the next batch.

use super::promise::Request;
use crate::{Event, NodeId, Refusal, State, Time, decide};

/// Commands that one batch takes at most.
pub(super) const BATCH_MAX: usize = 8;
/// Commands that wait at one node at most.
pub(super) const QUEUE_MAX: usize = 24;

/// A state, and how much of the log it has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    pub(super) state: State,
    pub(super) position: usize,
}

impl Memory {
    /// Applies what others wrote since.
    pub(super) fn catch_up(&mut self, log: &[(Event, Time)]) {
        for (event, at) in &log[self.position..] {
            self.state.apply(event, *at);
        }
        self.position = log.len();
    }
}

/// One run of one process.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: NodeId,
    /// How far its clock is off, in milliseconds.
    pub(super) clock_off: i64,
    pub(super) memory: Memory,
    pub(super) queue: Vec<Request>,
}

/// A batch as it would be written: what each request is answered, and the new lines of the log.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) answers: Vec<(Request, Result<Vec<Event>, Refusal>)>,
    pub(super) lines: Vec<(Event, Time)>,
}

impl Node {
    pub(super) fn new(id: NodeId, memory: Memory) -> Self {
        Self { id, clock_off: 0, memory, queue: Vec::new() }
    }

    /// Decides the waiting commands in order, each on top of the ones before. The state runs ahead of the log until the
    /// batch is committed; when it is not, the memory is worthless and is rebuilt.
    pub(super) fn draft(&mut self, log: &[(Event, Time)], clock: i64) -> Draft {
        self.memory.catch_up(log);
        let mut draft = Draft::default();
        let count = self.queue.len().min(BATCH_MAX);
        for request in self.queue.drain(..count) {
            let now = Time::from_unix_millis(clock + self.clock_off).max(self.memory.state.last_time);
            let answer = decide(&self.memory.state, request.by, &request.command, now);
            for event in answer.iter().flatten() {
                self.memory.state.apply(event, now);
                draft.lines.push((event.clone(), now));
            }
            draft.answers.push((request, answer));
        }
        draft
    }
}
