//! The usage figures of an answer, in the three places the Messages API shows
//! them: at the start of a stream, at its end, and in a whole JSON answer.

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::limits::{TOKENS_MAX, TOOL_CALLS_MAX};
use crate::marker::Args;

/// Token counts of one sampling attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write_5m: u64,
    pub(crate) cache_write_1h: u64,
    pub(crate) output: u64,
}

/// One entry of `usage.iterations`.
#[derive(Clone, Debug)]
pub(crate) struct Iteration {
    pub(crate) kind: &'static str,
    pub(crate) model: Option<String>,
    pub(crate) tokens: Tokens,
}

/// Everything a `usage` object says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) tokens: Tokens,
    /// Uncached input as the start of the stream shows it, when the end will say more.
    pub(crate) start_input: Option<u64>,
    pub(crate) thinking_tokens: Option<u64>,
    pub(crate) web_search: u64,
    pub(crate) iterations: Vec<Iteration>,
    pub(crate) tier: String,
    pub(crate) geo: String,
    pub(crate) speed: Option<String>,
}

impl Usage {
    /// The figures of a script's step: the first step writes the prompt cache, later ones read it.
    /// Arguments overrule; output is a quarter of the characters answered unless an argument says so.
    pub(crate) fn of(step: usize, answer_chars: usize, args: &Args) -> Result<Self, Failure> {
        let base = match step {
            0 => (400, 0, 12_000),
            _ => (40, 12_000, 600),
        };
        let tokens = Tokens {
            input: args.number_or("input", base.0, TOKENS_MAX)?,
            cache_read: args.number_or("cache_read", base.1, TOKENS_MAX)?,
            cache_write_5m: args.number_or("cache_write_5m", base.2, TOKENS_MAX)?,
            cache_write_1h: args.number_or("cache_write_1h", 0, TOKENS_MAX)?,
            output: args.number_or("output", answer_chars.div_ceil(4) as u64, TOKENS_MAX)?,
        };
        Ok(Self {
            tokens,
            start_input: args.number("start_input", TOKENS_MAX)?,
            thinking_tokens: args.number("thinking_tokens", TOKENS_MAX)?,
            web_search: args.number_or("web_search", 0, TOOL_CALLS_MAX)?,
            iterations: Vec::new(),
            tier: args.text_or("tier", "standard").to_owned(),
            geo: args.text_or("geo", "global").to_owned(),
            speed: args.text("speed").map(str::to_owned),
        })
    }

    /// `message_start`: input is known, output is a placeholder of at most 1.
    pub(crate) fn at_start(&self) -> Value {
        let mut shown = self.tokens;
        shown.input = self.start_input.unwrap_or(shown.input);
        shown.output = shown.output.min(1);
        let mut usage = totals(&shown);
        self.add_terms(&mut usage, &shown);
        Value::Object(usage)
    }

    /// `message_delta`: cumulative totals, without TTL split, tier, geo or speed.
    pub(crate) fn at_end(&self) -> Value {
        let mut usage = totals(&self.tokens);
        self.add_extras(&mut usage);
        Value::Object(usage)
    }

    /// A whole JSON answer: both of the above.
    pub(crate) fn whole(&self) -> Value {
        let mut usage = totals(&self.tokens);
        self.add_terms(&mut usage, &self.tokens);
        self.add_extras(&mut usage);
        Value::Object(usage)
    }

    fn add_terms(&self, usage: &mut Map<String, Value>, tokens: &Tokens) {
        usage.insert("cache_creation".into(), split(tokens));
        usage.insert("service_tier".into(), json!(self.tier));
        usage.insert("inference_geo".into(), json!(self.geo));
        if let Some(speed) = &self.speed {
            usage.insert("speed".into(), json!(speed));
        }
    }

    fn add_extras(&self, usage: &mut Map<String, Value>) {
        if let Some(thinking) = self.thinking_tokens {
            usage.insert("output_tokens_details".into(), json!({ "thinking_tokens": thinking }));
        }
        if self.web_search > 0 {
            usage.insert("server_tool_use".into(), json!({ "web_search_requests": self.web_search }));
        }
        if !self.iterations.is_empty() {
            let entries = self.iterations.iter().map(iteration).collect();
            usage.insert("iterations".into(), Value::Array(entries));
        }
    }
}

fn totals(tokens: &Tokens) -> Map<String, Value> {
    let mut map = Map::new();
    let written = tokens.cache_write_5m + tokens.cache_write_1h;
    map.insert("input_tokens".into(), json!(tokens.input));
    map.insert("cache_creation_input_tokens".into(), json!(written));
    map.insert("cache_read_input_tokens".into(), json!(tokens.cache_read));
    map.insert("output_tokens".into(), json!(tokens.output));
    map
}

fn split(tokens: &Tokens) -> Value {
    json!({
        "ephemeral_5m_input_tokens": tokens.cache_write_5m,
        "ephemeral_1h_input_tokens": tokens.cache_write_1h,
    })
}

fn iteration(entry: &Iteration) -> Value {
    let mut map = totals(&entry.tokens);
    map.insert("type".into(), json!(entry.kind));
    map.insert("cache_creation".into(), split(&entry.tokens));
    if let Some(model) = &entry.model {
        map.insert("model".into(), json!(model));
    }
    Value::Object(map)
}
