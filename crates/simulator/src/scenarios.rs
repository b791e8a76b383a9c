//! The scripts, one table.
//!
//! A marker is `SCENARIO:name` or `SCENARIO:name(key=value,key="quoted, value")` in a user text.
//! Steps past the last one repeat it. A tool call is only answered to a request that declares
//! tools; without tools (the client's background calls) the default text comes instead.
//!
//! | name | arguments (default) | what it answers |
//! |---|---|---|
//! | `hello` | `then` | one short text |
//! | `tool_bash` | `command` (`echo simulated`), `times` (1), `then` | `times` calls of Bash, one per step, then text |
//! | `tool_write` | `path` (`simulated.txt`), `content`, `then` | a call of Write, then text |
//! | `tool_read` | `path` (`README.md`), `then` | a call of Read, then text |
//! | `agent` | `prompt` (`SCENARIO:sub`), `then` | a call of Agent with that prompt, then text |
//! | `sub` | as `tool_bash` | what the sub-agent does |
//! | `cue` | `actor` | what a test says through [`crate::Running::actor`], line by line; each request waits for its line |
//! | `long` | `events` (200), `delay_ms` (20) | a text in `events` deltas |
//! | `slow` | `ttfb_ms` (2000) | the headers late, then a short text |
//! | `big` | `kb` (400) | a text of that many KiB, in deltas of 1 KiB |
//! | `think` | `then` | a thinking block, then text |
//! | `overloaded` | `status` (529), `times` (1), `retry_after`, `should_retry` | the first `times` requests with this very marker fail, then text. The client's background calls count too |
//! | `error` | `status` (400), `type`, `message`, `retry_after`, `should_retry` | always that error |
//! | `cut` | `events` (4) or `bytes` | the connection breaks after that much; `events` only when streaming |
//! | `midstream_error` | `events` (4), `type` (`overloaded_error`), `message` | an `error` event after that many, then the end; only when streaming |
//! | `rst` | – | the connection is reset before any header |
//! | `gzip` | `then` | compressed, when the request accepts gzip |
//! | `stall` | `events` (4) | nothing after that many, until the peer leaves (at most ten minutes) |
//! | `gate` | `events` (4) | nothing after that many, until [`crate::Running::open_gate`] |
//! | `hostile_event` | `events` (2) | one event of 256 MiB without a line end |
//! | `bad_utf8` | – | text with bytes that are not UTF-8 |
//! | `refusal` | – | `stop_reason` `refusal`, no content, yet usage |
//! | `iterations` | `kind` (`fallback`; `declined`, `compaction`), `model2` (`claude-haiku-5-5`) | `usage.iterations` with two attempts |
//! | `websearch` | `n` (2) | `n` searches by the service's own tool, then text |
//! | `cache` | – | one short text; for the usage arguments below |
//! | `bench_json` | `ttfb_ms` (0) | a fixed JSON answer of 1.5 kB; the request is not parsed |
//! | `bench_sse` | `events` (60), `delay_ms` (0), `ttfb_ms` (0) | a fixed stream; the request is not parsed |
//!
//! `hostile_header` and `lying_length` need raw bytes: see [`crate::HostileServer`].
//!
//! Every script but the two benchmarks also takes: `ttfb_ms` (pause before the headers), `delay_ms` (pause before
//! each event), `model` (the model the answer names), `stop_reason`, `ratelimit=1` (the rate-limit headers of the
//! real service), and the figures `input`, `cache_read`, `cache_write_5m`, `cache_write_1h`, `output`, `web_search`,
//! `thinking_tokens`, `start_input` (uncached input as the start of the stream shows it), `tier`, `geo`, `speed`.
//! Figures not given follow from the script: the first step writes the cache (400 + 12,000 written), later
//! ones read it (40 + 12,000 read + 600 written), output is a quarter of the characters answered.

mod bench;
mod figures;
mod talk;
mod tools;
mod trouble;

pub(crate) use bench::Bench;

use crate::failure::Failure;
use crate::marker::{Args, Marker};
use crate::message::{Block, Message};
use crate::shared::Shared;
use crate::turn::Turn;
use crate::usage::Usage;

/// The names a marker may use.
pub const NAMES: &[&str] = &[
    "agent",
    "bad_utf8",
    "bench_json",
    "bench_sse",
    "big",
    "cache",
    "cue",
    "cut",
    "error",
    "gate",
    "gzip",
    "hello",
    "hostile_event",
    "iterations",
    "long",
    "midstream_error",
    "overloaded",
    "refusal",
    "rst",
    "slow",
    "stall",
    "sub",
    "think",
    "tool_bash",
    "tool_read",
    "tool_write",
    "websearch",
];

/// What a script wants to happen.
#[derive(Debug)]
pub(crate) enum Script {
    Say(Box<Message>, Twist),
    Fail(Failure),
    /// Reset the connection without an answer.
    Reset,
}

/// What goes wrong (or differs) while a message is sent.
#[derive(Clone, Debug)]
pub(crate) enum Twist {
    None,
    CutAfterEvents(usize),
    CutAfterBytes(usize),
    ErrorAfter(usize, Failure),
    StallAfter(usize),
    GateAfter(usize),
    FloodAfter(usize),
    BadUtf8,
    Gzip,
}

/// What a script knows of the request it answers.
pub(crate) struct Cast<'a> {
    pub(crate) turn: &'a Turn,
    pub(crate) args: &'a Args,
    /// The unique part of this request's ids.
    pub(crate) id: &'a str,
    pub(crate) shared: &'a Shared,
    /// The marker as written.
    pub(crate) written: &'a str,
}

/// Plays one step of the script in force.
pub(crate) fn play(marker: Option<&Marker>, turn: &Turn, id: &str, shared: &Shared) -> Result<Script, Failure> {
    let none = Args::default();
    let cast = Cast {
        turn,
        args: marker.map_or(&none, |marker| &marker.args),
        id,
        shared,
        written: marker.map_or("", |marker| &marker.written),
    };
    let name = marker.map_or("", |marker| marker.name.as_str());
    match name {
        "" => cast.say(vec![Block::text(talk::DEFAULT)]),
        "tool_bash" | "sub" => tools::bash(&cast),
        "tool_write" => tools::write(&cast),
        "tool_read" => tools::read(&cast),
        "agent" => tools::agent(&cast),
        "cue" => tools::cue(&cast),
        "hello" | "slow" | "cache" => cast.then("Hello from the stand-in model service."),
        "long" => talk::long(&cast),
        "big" => talk::big(&cast),
        "think" => talk::think(&cast),
        "refusal" => figures::refusal(&cast),
        "iterations" => figures::iterations(&cast),
        "websearch" => figures::websearch(&cast),
        "overloaded" | "error" | "rst" => trouble::instead(name, &cast),
        "cut" | "midstream_error" | "gzip" | "stall" | "gate" | "hostile_event" | "bad_utf8" => {
            trouble::during(name, &cast)
        }
        "hostile_header" | "lying_length" => {
            Err(Failure::invalid(format!("scenario `{name}` needs raw bytes, HostileServer serves it")))
        }
        _ => Err(Failure::invalid(format!("unknown scenario `{name}`"))),
    }
}

impl Cast<'_> {
    /// A message of these blocks, with the figures the arguments ask for.
    pub(crate) fn message(&self, mut blocks: Vec<Block>) -> Result<Message, Failure> {
        let calls = |blocks: &[Block]| blocks.iter().any(|block| matches!(block, Block::Tool { kind: "tool_use", .. }));
        if calls(&blocks) && !self.turn.has_tools {
            blocks = vec![Block::text(talk::DEFAULT)];
        }
        let reason = if calls(&blocks) { "tool_use" } else { "end_turn" };
        let chars = blocks.iter().map(Block::chars).sum();
        Ok(Message {
            id: format!("msg_sim_{}", self.id),
            model: self.args.text_or("model", &self.turn.model).to_owned(),
            stop_reason: self.args.text_or("stop_reason", reason).to_owned(),
            usage: Usage::of(self.turn.step, chars, self.args)?,
            blocks,
        })
    }

    pub(crate) fn say(&self, blocks: Vec<Block>) -> Result<Script, Failure> {
        Ok(Script::Say(Box::new(self.message(blocks)?), Twist::None))
    }

    /// A text answer: the argument `then`, or `default`.
    pub(crate) fn then(&self, default: &str) -> Result<Script, Failure> {
        self.say(vec![Block::text(self.args.text_or("then", default))])
    }
}
