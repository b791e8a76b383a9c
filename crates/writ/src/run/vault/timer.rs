//! The vault's time.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use control::seam::Clock;
use domain::Time;
use tokio::time::Instant;

/// A moment, by the clock that no one sets and by the one that goes on while the machine sleeps.
#[derive(Debug, Clone, Copy)]
pub(in crate::run) struct Moment {
    /// Since some start.
    pub(super) steady: Duration,
    /// By the machine's clock.
    pub(super) wall: Time,
}

/// Where time comes from.
pub(in crate::run) trait Timer: Send + Sync {
    /// Now.
    fn now(&self) -> Moment;

    /// Waits.
    fn pause(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// This machine's time.
pub(in crate::run) struct SystemTimer(Instant);

// === impl Moment ===

impl Moment {
    /// How long ago `earlier` was: the longer of what the two clocks say. A sleeping machine's steady clock stands still; a
    /// clock that was set forward only lets credentials be made anew too soon.
    pub(super) fn since(&self, earlier: &Self) -> Duration {
        let wall = Duration::from_millis(self.wall.since(earlier.wall).as_millis());
        self.steady.saturating_sub(earlier.steady).max(wall)
    }

    /// Whether it is not before that one, by the clock that no one sets.
    pub(super) fn is_after(&self, earlier: &Self) -> bool {
        self.steady >= earlier.steady
    }
}

// === impl SystemTimer ===

impl SystemTimer {
    /// From now on.
    pub(in crate::run) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Timer for SystemTimer {
    fn now(&self) -> Moment {
        Moment { steady: self.0.elapsed(), wall: Clock::System.now() }
    }

    fn pause(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(span))
    }
}
