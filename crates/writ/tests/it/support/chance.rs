//! Chance that can be had again: every run prints its seed, and `WRIT_SEED` sets it.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Random numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// From `WRIT_SEED`, or new; printed either way.
    pub(crate) fn from_env(test: &str) -> Self {
        let given = std::env::var("WRIT_SEED").ok().map(|text| text.parse().expect("WRIT_SEED is a number"));
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish() % 1_000_000);
        eprintln!("{test}: WRIT_SEED={seed}");
        Self(seed)
    }

    /// Another source, for a task of its own.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether this is the one time in `count`.
    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
