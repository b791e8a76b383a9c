//! A clock that the machine's own cannot push.
//!
//! It starts with the machine's clock and advances with the time that the machine has been up. When somebody sets the
//! machine's clock, it follows at a tenth of the pace: a lease of a minute ends six seconds early at worst, and an hour is
//! made up for in ten. A restart follows at once. Not to follow at all would leave the times in signed tokens wrong for as
//! long as the process lives.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// By which part of the time that passed it is corrected, at most.
const PACE: u32 = 10;
/// How far the machine's clock may be off before that is said.
const TOLD_FROM: Duration = Duration::from_secs(2);
/// Below this, what passed is not counted yet: a tenth of it would be lost to rounding.
const COUNTED_FROM: Duration = Duration::from_millis(1);

/// See the module.
#[derive(Debug)]
pub struct Steady(Mutex<Reached>);

/// Where it has come to.
#[derive(Debug)]
struct Reached {
    /// How long the machine had been up.
    uptime: Duration,
    /// What it said then, since the Unix epoch.
    time: Duration,
    /// The latest that it said: it never goes back.
    said: Duration,
    /// Whether it was said that the machine's clock was set.
    told: bool,
}

impl Steady {
    /// Starts with the machine's clock.
    pub fn start(uptime: Duration, wall: Duration) -> Self {
        Self(Mutex::new(Reached { uptime, time: wall, said: wall, told: false }))
    }

    /// The time since the Unix epoch, when the machine has been up for so long and its clock says so.
    pub fn at(&self, uptime: Duration, wall: Duration) -> Duration {
        let mut reached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = uptime.saturating_sub(reached.uptime);
        let time = reached.time + passed;
        if passed >= COUNTED_FROM {
            let most = passed / PACE;
            let (early, late) = (wall.saturating_sub(time), time.saturating_sub(wall));
            reached.tell(early.max(late));
            reached.time = time + early.min(most) - late.min(most);
            reached.uptime = uptime;
            reached.said = reached.said.max(reached.time);
        } else {
            reached.said = reached.said.max(time);
        }
        reached.said
    }
}

impl Reached {
    /// Once for each time that somebody sets it.
    fn tell(&mut self, off: Duration) {
        let is_off = off >= TOLD_FROM;
        if is_off && !self.told {
            tracing::warn!(
                seconds = off.as_secs(),
                "the machine's clock was set: writ follows at a tenth of the pace, so that nothing expires early; restart it \
                 to follow at once"
            );
        }
        self.told = is_off;
    }
}

#[cfg(test)]
mod tests;
