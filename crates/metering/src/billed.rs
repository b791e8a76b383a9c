//! What the provider bills a call by: sampling attempts, each with its own model and its own tokens.

use crate::book::Region;

/// One answer as it is billed. The unit of billing is the attempt, not the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BilledUsage {
    /// The attempts, in order; bounded by [`ITERATIONS_MAX`](crate::limits::ITERATIONS_MAX) and one remainder.
    pub attempts: Vec<Attempt>,
    /// Served in fast mode, as the answer says.
    pub fast: bool,
    /// Served with `inference_geo: us`, as the answer says.
    pub geo_us: bool,
    /// Served as part of a batch.
    pub batch: bool,
    /// The endpoint's region, where a platform charges a premium for it and the answer's model id does not show it.
    pub region: Region,
    /// Web searches billed per use.
    pub web_searches: u64,
    /// Something in the usage is not understood: what is known is priced and the row is marked.
    pub has_unknown_parts: bool,
}

/// One sampling attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempt {
    /// What it was for.
    pub kind: AttemptKind,
    /// The model that sampled; empty if the answer does not say.
    pub model: String,
    /// Uncached prompt tokens.
    pub input: u64,
    /// Tokens written to the five-minute cache.
    pub cache_write_5m: u64,
    /// Tokens written to the one-hour cache.
    pub cache_write_1h: u64,
    /// Tokens written to a cache whose life the answer does not tell: priced as five minutes, unless
    /// [`BilledUsage::assume_ttl_1h`] was called because the request asks for an hour.
    pub cache_write_untold: u64,
    /// Tokens read from a cache.
    pub cache_read: u64,
    /// Output tokens, thinking included.
    pub output: u64,
    /// Not billed although it shows tokens: declined or refused before any output.
    pub is_free: bool,
}

/// What an attempt was for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AttemptKind {
    /// The model asked for.
    #[default]
    Message,
    /// The context was compacted on the provider's side.
    Compaction,
    /// An advisor was consulted.
    Advisor,
    /// Another model took over.
    Fallback,
    /// A kind this version does not know.
    Other,
}

impl Attempt {
    /// The size of the prompt, cached or not: what chooses the price band.
    pub fn prompt_tokens(&self) -> u64 {
        let written = [self.cache_write_5m, self.cache_write_1h, self.cache_write_untold];
        written.iter().fold(self.input.saturating_add(self.cache_read), |sum, part| sum.saturating_add(*part))
    }

    /// Whether it answers the request itself, as the message or in its place.
    pub const fn is_serving(&self) -> bool {
        matches!(self.kind, AttemptKind::Message | AttemptKind::Fallback)
    }
}

impl BilledUsage {
    /// Counts cache writes of untold life as one-hour writes.
    pub fn assume_ttl_1h(&mut self) {
        for attempt in &mut self.attempts {
            let untold = std::mem::take(&mut attempt.cache_write_untold);
            attempt.cache_write_1h = attempt.cache_write_1h.saturating_add(untold);
        }
    }

    /// Output tokens of the attempts that serve the request.
    pub fn serving_output(&self) -> u64 {
        self.attempts
            .iter()
            .filter(|attempt| attempt.is_serving())
            .fold(0, |sum, attempt| sum.saturating_add(attempt.output))
    }
}
