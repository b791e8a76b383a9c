//! What one model call used, in the provider's units.

use serde::{Deserialize, Serialize};

use crate::{Refusal, limits};

/// Token counts and per-use counts of one call, summed over its sampling attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens that were neither read from nor written to a cache.
    pub input_tokens: u64,
    /// Tokens written to the five-minute cache.
    pub cache_write_5m_tokens: u64,
    /// Tokens written to the one-hour cache.
    pub cache_write_1h_tokens: u64,
    /// Tokens read from a cache.
    pub cache_read_tokens: u64,
    /// Output tokens, thinking included.
    pub output_tokens: u64,
    /// Web searches the provider made and bills per use.
    pub web_searches: u64,
}

impl Usage {
    /// Refuses a count that an entry cannot carry.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let Self {
            input_tokens,
            cache_write_5m_tokens,
            cache_write_1h_tokens,
            cache_read_tokens,
            output_tokens,
            web_searches,
        } = *self;
        let written = cache_write_5m_tokens.max(cache_write_1h_tokens);
        let largest = input_tokens.max(written).max(cache_read_tokens).max(output_tokens).max(web_searches);
        if largest > limits::ENTRY_COUNT_MAX {
            return Err(Refusal::LimitReached { what: "units of one call", max: limits::ENTRY_COUNT_MAX as usize });
        }
        Ok(())
    }
}
