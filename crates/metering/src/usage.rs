//! The `usage` object on the wire, in answers and stream events, and how it becomes [`BilledUsage`].
//!
//! Counts of a wrong type fail the parse, and the call is then settled at its bound: better than a number read as zero.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::billed::{Attempt, AttemptKind, BilledUsage};
use crate::limits::ITERATIONS_MAX;

/// Totals and details of one answer; every field may be missing or null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct UsageWire {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<SplitWire>,
    #[serde(default)]
    server_tool_use: Option<ServerToolWire>,
    #[serde(default)]
    service_tier: Option<String>,
    #[serde(default)]
    inference_geo: Option<String>,
    #[serde(default)]
    speed: Option<String>,
    #[serde(default, deserialize_with = "iterations")]
    iterations: Option<Vec<IterationWire>>,
}

/// Cache writes by how long they live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
struct SplitWire {
    #[serde(default)]
    ephemeral_5m_input_tokens: Option<u64>,
    #[serde(default)]
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
struct ServerToolWire {
    #[serde(default)]
    web_search_requests: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct IterationWire {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<SplitWire>,
}

/// What else of the answer decides how its usage is billed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The model the answer names, empty if none.
    pub(crate) model: &'a str,
    /// From which model to which the answer passed, in order.
    pub(crate) switches: &'a [(String, String)],
    /// The answer was refused before any output.
    pub(crate) refused_unseen: bool,
}

impl UsageWire {
    /// Takes over what a later report says: per field the last value that is not null wins, nothing is added up.
    pub(crate) fn merge(&mut self, later: Self) {
        fn take<T>(slot: &mut Option<T>, later: Option<T>) {
            if later.is_some() {
                *slot = later;
            }
        }
        take(&mut self.input_tokens, later.input_tokens);
        take(&mut self.cache_creation_input_tokens, later.cache_creation_input_tokens);
        take(&mut self.cache_read_input_tokens, later.cache_read_input_tokens);
        take(&mut self.output_tokens, later.output_tokens);
        take(&mut self.service_tier, later.service_tier);
        take(&mut self.inference_geo, later.inference_geo);
        take(&mut self.speed, later.speed);
        take(&mut self.iterations, later.iterations);
        if let Some(split) = later.cache_creation {
            let own = self.cache_creation.get_or_insert_default();
            take(&mut own.ephemeral_5m_input_tokens, split.ephemeral_5m_input_tokens);
            take(&mut own.ephemeral_1h_input_tokens, split.ephemeral_1h_input_tokens);
        }
        if let Some(tools) = later.server_tool_use {
            let own = self.server_tool_use.get_or_insert_default();
            take(&mut own.web_search_requests, tools.web_search_requests);
        }
    }

    /// Web searches reported so far.
    pub(crate) fn web_searches(&self) -> u64 {
        self.server_tool_use.and_then(|tools| tools.web_search_requests).unwrap_or(0)
    }

    /// The usage as it is billed.
    pub(crate) fn billed(&self, context: Context<'_>) -> BilledUsage {
        let iterations = self.iterations.as_deref().unwrap_or_default();
        let (mut attempts, mut has_unknown_parts) = if iterations.is_empty() {
            let served = context.switches.last().map_or(context.model, |(_, to)| to);
            // Without iterations nobody tells what the declined model wrote before the switch.
            (vec![self.top_level(served)], !context.switches.is_empty())
        } else {
            self.attempts(iterations, context)
        };
        if context.refused_unseen {
            attempts.iter_mut().filter(|attempt| attempt.is_serving()).for_each(|attempt| attempt.is_free = true);
        }
        let tier = self.service_tier.as_deref();
        has_unknown_parts |= !matches!(tier, None | Some("standard" | "batch"));
        BilledUsage {
            attempts,
            fast: self.speed.as_deref() == Some("fast"),
            geo_us: self.inference_geo.as_deref() == Some("us"),
            batch: tier == Some("batch"),
            web_searches: self.web_searches(),
            has_unknown_parts,
            ..BilledUsage::default()
        }
    }

    fn top_level(&self, model: &str) -> Attempt {
        let (cache_write_5m, cache_write_1h, cache_write_untold) =
            writes(self.cache_creation_input_tokens, self.cache_creation.unwrap_or_default());
        Attempt {
            model: model.to_owned(),
            input: self.input_tokens.unwrap_or(0),
            cache_write_5m,
            cache_write_1h,
            cache_write_untold,
            cache_read: self.cache_read_input_tokens.unwrap_or(0),
            output: self.output_tokens.unwrap_or(0),
            ..Attempt::default()
        }
    }

    fn attempts(&self, iterations: &[IterationWire], context: Context<'_>) -> (Vec<Attempt>, bool) {
        let mut current = context.switches.first().map_or(context.model, |(from, _)| from);
        let mut switches = context.switches.iter();
        let mut pool = self.untold_split(iterations);
        let mut attempts: Vec<Attempt> = Vec::with_capacity(iterations.len() + 1);
        for iteration in iterations {
            let kind = iteration.kind();
            let next = (kind == AttemptKind::Fallback).then(|| switches.next());
            match (&iteration.model, next, kind) {
                (Some(model), _, kind) if kind.is_own() => current = model,
                (None, Some(switch), _) => current = switch.map_or(context.model, |(_, to)| to),
                _ => {}
            }
            // An advisor that does not say which model it is gets an unknown one, the dearest.
            let silent = if kind == AttemptKind::Advisor { "" } else { current };
            attempts.push(iteration.attempt(kind, iteration.model.as_deref().unwrap_or(silent), &mut pool));
        }
        free_declined(&mut attempts);
        let unknown = attempts.iter().any(|attempt| attempt.kind == AttemptKind::Other);
        attempts.extend(self.remainder(&attempts, current));
        (attempts, unknown)
    }

    /// The part of the answer's split that no iteration tells itself: it belongs to the first ones without.
    fn untold_split(&self, iterations: &[IterationWire]) -> SplitWire {
        let mut pool = self.cache_creation.unwrap_or_default();
        for told in iterations.iter().filter_map(|iteration| iteration.cache_creation) {
            let less = |slot: &mut Option<u64>, part: Option<u64>| {
                *slot = slot.map(|sum| sum.saturating_sub(part.unwrap_or(0)))
            };
            less(&mut pool.ephemeral_5m_input_tokens, told.ephemeral_5m_input_tokens);
            less(&mut pool.ephemeral_1h_input_tokens, told.ephemeral_1h_input_tokens);
        }
        pool
    }

    /// What the totals have more than the iterations: never dropped, priced as one more attempt.
    fn remainder(&self, attempts: &[Attempt], model: &str) -> Option<Attempt> {
        let counted = || attempts.iter().filter(|attempt| attempt.is_serving() || attempt.kind == AttemptKind::Other);
        let rest = |total: u64, part: fn(&Attempt) -> u64| {
            counted().fold(total, |left, attempt| left.saturating_sub(part(attempt)))
        };
        let total = self.top_level(model);
        let written = |attempt: &Attempt| {
            attempt.cache_write_5m.saturating_add(attempt.cache_write_1h).saturating_add(attempt.cache_write_untold)
        };
        let attempt = Attempt {
            input: rest(total.input, |attempt| attempt.input),
            cache_write_untold: rest(written(&total), written),
            cache_read: rest(total.cache_read, |attempt| attempt.cache_read),
            output: rest(total.output, |attempt| attempt.output),
            model: total.model,
            ..Attempt::default()
        };
        (attempt.prompt_tokens() > 0 || attempt.output > 0).then_some(attempt)
    }
}

impl AttemptKind {
    /// Whether the attempt's model is the one that goes on serving.
    const fn is_own(self) -> bool {
        matches!(self, Self::Message | Self::Fallback)
    }
}

impl IterationWire {
    fn kind(&self) -> AttemptKind {
        match self.kind.as_deref() {
            Some("message") | None => AttemptKind::Message,
            Some("compaction") => AttemptKind::Compaction,
            Some("advisor_message") => AttemptKind::Advisor,
            Some("fallback_message") => AttemptKind::Fallback,
            Some(_) => AttemptKind::Other,
        }
    }

    fn attempt(&self, kind: AttemptKind, model: &str, pool: &mut SplitWire) -> Attempt {
        let total = self.cache_creation_input_tokens;
        let split = self.cache_creation.unwrap_or_else(|| {
            let mut left = total.unwrap_or(0);
            let mut draw = |slot: &mut Option<u64>| {
                let part = slot.unwrap_or(0).min(left);
                left -= part;
                *slot = slot.map(|sum| sum - part);
                Some(part)
            };
            let ephemeral_1h_input_tokens = draw(&mut pool.ephemeral_1h_input_tokens);
            SplitWire {
                ephemeral_1h_input_tokens,
                ephemeral_5m_input_tokens: draw(&mut pool.ephemeral_5m_input_tokens),
            }
        });
        let (cache_write_5m, cache_write_1h, cache_write_untold) = writes(total, split);
        Attempt {
            kind,
            model: model.to_owned(),
            input: self.input_tokens.unwrap_or(0),
            cache_write_5m,
            cache_write_1h,
            cache_write_untold,
            cache_read: self.cache_read_input_tokens.unwrap_or(0),
            output: self.output_tokens.unwrap_or(0),
            is_free: false,
        }
    }
}

/// Five-minute, one-hour and untold writes. The split counts even where the total is missing or smaller; what the
/// total has more is untold. Total and split are never added.
fn writes(total: Option<u64>, split: SplitWire) -> (u64, u64, u64) {
    let (short, long) = (split.ephemeral_5m_input_tokens.unwrap_or(0), split.ephemeral_1h_input_tokens.unwrap_or(0));
    (short, long, total.unwrap_or(0).saturating_sub(short.saturating_add(long)))
}

/// Declined before any output, and another model took over: not billed.
fn free_declined(attempts: &mut [Attempt]) {
    let mut next_is_fallback = false;
    for attempt in attempts.iter_mut().rev().filter(|attempt| attempt.is_serving()) {
        attempt.is_free = next_is_fallback && attempt.output == 0;
        next_is_fallback = attempt.kind == AttemptKind::Fallback;
    }
}

/// Reads `iterations` with their bound: a list that is longer fails the parse.
fn iterations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<IterationWire>>, D::Error> {
    struct Bounded;
    impl<'de> Visitor<'de> for Bounded {
        type Value = Option<Vec<IterationWire>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {ITERATIONS_MAX} iterations")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                if list.len() == ITERATIONS_MAX {
                    return Err(A::Error::invalid_length(ITERATIONS_MAX + 1, &self));
                }
                list.push(item);
            }
            Ok(Some(list))
        }
    }
    deserializer.deserialize_any(Bounded)
}
