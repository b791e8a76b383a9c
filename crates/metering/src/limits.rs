//! Every bound of this crate, each with its unit and its reason.

/// Nesting of a request body: far above real bodies, far below a stack.
pub const DEPTH_MAX: u32 = 128;
/// Characters of a model id or a message id; longer ids are refused in requests and cut in answers.
pub const ID_CHARS_MAX: usize = domain::limits::MODEL_CHARS_MAX;
/// Characters kept of a stop reason, an error type or another short word of the provider.
pub const WORD_CHARS_MAX: usize = 64;
/// Models in `fallbacks`: the provider accepts a handful.
pub const FALLBACKS_MAX: usize = 8;
/// Advisor tools in one request; the provider accepts one.
pub const ADVISORS_MAX: usize = 8;

/// Bytes of one server-sent event: a `message_delta` is below 4 kB, only result blocks (not metered) grow large.
pub const EVENT_BYTES_MAX: usize = 1 << 20;
/// Bytes of one SSE line that is not data: field names and comments are short.
pub const FIELD_LINE_BYTES_MAX: usize = 1024;
/// Bytes of a JSON answer that are kept for parsing.
pub const JSON_BYTES_MAX: usize = 8 << 20;
/// Sampling attempts in one answer: a server-side loop stops near ten, the rest is room.
pub const ITERATIONS_MAX: usize = 256;
/// Tokens in one field of one attempt; more is a lying upstream. Keeps sums inside canonical JSON's 2⁵³.
pub const TOKENS_MAX: u64 = 1_000_000_000_000;

/// Tokens of the largest prompt any model accepts: a prompt cannot cost more than its context window.
pub const PROMPT_TOKENS_MAX: u64 = 1_000_000;
/// Bytes of request body per prompt token, at least: the densest text measured stays above it.
pub const BYTES_PER_TOKEN_MIN: u64 = 2;
/// Prompt tokens the provider adds on its own (tool-use preamble), not to be seen in the body.
pub const PROMPT_TOKENS_ADDED: u64 = 1_024;
/// Prompt tokens behind one typed tool (`web_search_…`): sixty bytes in the body, a manual in the prompt.
pub const TYPED_TOOL_TOKENS: u64 = 4_096;
/// Prompt tokens of one image, which compresses below any bytes-per-token rule.
pub const IMAGE_TOKENS: u64 = 5_000;
/// Output tokens assumed when the request names no `max_tokens`: the largest any model writes.
pub const OUTPUT_TOKENS_DEFAULT: u64 = 128_000;
/// Output tokens a clamped call must still have: below this an agent only burns its prompt again.
pub const CLAMP_OUTPUT_TOKENS_MIN: u64 = 4_096;
/// Web searches assumed for a tool without `max_uses`. The gateway may refuse such a tool under a hard budget.
pub const WEB_SEARCH_USES_CAP: u64 = 20;
/// Advisor consultations assumed for a tool without `max_uses`.
pub const ADVISOR_USES_CAP: u64 = 4;
/// Output tokens of one consultation assumed for an advisor without `max_tokens`.
pub const ADVISOR_OUTPUT_TOKENS_CAP: u64 = 8_192;
/// Times a server-side tool loop samples: the provider pauses the turn at ten.
pub const SERVER_LOOP_MAX: u64 = 10;

/// Visible characters per output token when a stream breaks off: the floor the provider's own gateway bills.
pub const CHARS_PER_TOKEN: u64 = 4;
