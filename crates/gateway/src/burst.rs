//! Frames that come at once leave at once: one write for many.
//!
//! An upstream's connection is another task, which hands over one frame at a time even when it has read twenty. Writing
//! each of them is a system call each, the dearest thing in a stream. So the first frame after a pause leaves
//! immediately; those that follow are held for as long as every few turns of the runtime bring another one, within bounds.

use std::collections::VecDeque;
use std::task::Context;

use bytes::Bytes;
use http_body::Frame;

use crate::body::BodyError;
use crate::limits::{BURST_BYTES_MAX, BURST_FRAMES_MAX, BURST_TURNS_MAX};

/// What is held back of one burst, and how far it has come.
#[derive(Default)]
pub(crate) struct Burst {
    held: VecDeque<Frame<Bytes>>,
    held_bytes: usize,
    state: State,
    /// Why the upstream ended, if it was not in good order.
    pub(crate) error: Option<BodyError>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The upstream pauses: the next frame leaves at once.
    #[default]
    Pause,
    /// Frames are coming; they are held.
    Gathering,
    /// So many turns of the runtime were waited without another frame.
    Waited(u8),
    /// What is held leaves.
    Releasing,
    /// The upstream has ended.
    Stopped,
}

impl Burst {
    pub(crate) fn take(&mut self, frame: Frame<Bytes>) {
        self.held_bytes += frame.data_ref().map_or(0, Bytes::len);
        self.held.push_back(frame);
        let is_full = self.held.len() >= BURST_FRAMES_MAX || self.held_bytes >= BURST_BYTES_MAX;
        self.state = if self.state == State::Pause || is_full { State::Releasing } else { State::Gathering };
    }

    /// The next frame to leave, if it is time.
    pub(crate) fn release(&mut self) -> Option<Frame<Bytes>> {
        if !matches!(self.state, State::Releasing | State::Stopped) {
            return None;
        }
        let frame = self.held.pop_front();
        if frame.is_none() && self.state == State::Releasing {
            self.state = State::Gathering;
            self.held_bytes = 0;
        }
        frame
    }

    /// No frame now. Whether to wait another turn of the runtime for one, before what is held leaves.
    pub(crate) fn goes_on(&mut self, cx: &Context<'_>) -> bool {
        let waited = match self.state {
            State::Gathering => 0,
            State::Waited(turns) => turns,
            State::Pause | State::Releasing | State::Stopped => return false,
        };
        if waited < BURST_TURNS_MAX {
            self.state = State::Waited(waited + 1);
            cx.waker().wake_by_ref();
            return true;
        }
        self.state = if self.held.is_empty() { State::Pause } else { State::Releasing };
        false
    }

    /// The upstream has ended.
    pub(crate) fn stop(&mut self, error: Option<BodyError>) {
        self.state = State::Stopped;
        self.error = error;
    }

    /// Nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Nothing is held and nothing is left to tell.
    pub(crate) fn is_over(&self) -> bool {
        self.held.is_empty() && self.error.is_none()
    }
}

#[cfg(test)]
mod tests;
