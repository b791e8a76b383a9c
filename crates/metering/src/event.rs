//! What an answer tells the meter, gathered from stream events or from one JSON body.

use std::borrow::Cow;
use std::fmt;

use memchr::{memchr, memmem};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::billed::BilledUsage;
use crate::limits::{FALLBACKS_MAX, ID_CHARS_MAX, WORD_CHARS_MAX};
use crate::request::short;
use crate::usage::{Context, UsageWire};

/// How every delta of this provider begins: recognised without parsing, since there are dozens per answer.
const CONTENT_DELTA: &[u8] = b"{\"type\":\"content_block_delta\"";
const PING: &[u8] = b"{\"type\": \"ping\"";
const PING_TIGHT: &[u8] = b"{\"type\":\"ping\"";
/// Blocks may be larger than an event's bound (search results, files) and carry no usage.
const CONTENT_BLOCK: &[u8] = b"{\"type\":\"content_block_";

/// The answer so far. Strings are cut at their bounds; lists are bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) model: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) stop_reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) started: bool,
    pub(crate) complete: bool,
    pub(crate) lost: bool,
    pub(crate) visible_chars: u64,
    pub(crate) searches_seen: u64,
    usage: Option<UsageWire>,
    switches: Vec<(String, String)>,
    has_output: bool,
}

#[derive(Deserialize)]
struct EventWire<'a> {
    #[serde(default, borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    message: Option<MessageWire<'a>>,
    #[serde(default, borrow)]
    delta: Option<DeltaWire<'a>>,
    #[serde(default)]
    usage: Option<UsageWire>,
    #[serde(default, borrow)]
    content_block: Option<BlockWire<'a>>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

/// A message, whole (JSON) or as it starts (stream); a JSON error has `error` instead.
#[derive(Deserialize)]
struct MessageWire<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<UsageWire>,
    #[serde(default, deserialize_with = "content")]
    content: Content,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct DeltaWire<'a> {
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default, borrow)]
    text: Option<&'a RawValue>,
    #[serde(default, borrow)]
    partial_json: Option<&'a RawValue>,
    #[serde(default, borrow)]
    thinking: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct BlockWire<'a> {
    #[serde(default, borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    text: Option<&'a RawValue>,
    #[serde(default, borrow)]
    from: Option<&'a RawValue>,
    #[serde(default, borrow)]
    to: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ModelWire {
    model: String,
}

#[derive(Deserialize)]
struct ErrorWire {
    #[serde(rename = "type")]
    kind: String,
}

/// What a list of content blocks shows.
#[derive(Default)]
struct Content {
    has_output: bool,
    visible_chars: u64,
    searches: u64,
    switches: Vec<(String, String)>,
}

impl Answer {
    /// Whether a first data line can be handled at once by [`Answer::quick`].
    pub(crate) fn is_quick(line: &[u8]) -> bool {
        line.starts_with(CONTENT_DELTA) || line.starts_with(PING) || line.starts_with(PING_TIGHT)
    }

    /// A delta or a ping, not parsed: counts the characters that the developer sees.
    pub(crate) fn quick(&mut self, line: &[u8]) {
        if line.starts_with(CONTENT_DELTA) {
            self.has_output = true;
            self.visible_chars = self.visible_chars.saturating_add(delta_chars(line));
        }
    }

    /// An event too large to keep: harmless if it is a content block, else its usage is lost.
    pub(crate) fn oversized(&mut self, begin: &[u8], bytes: u64) {
        if begin.starts_with(CONTENT_BLOCK) {
            self.has_output = true;
            self.visible_chars =
                self.visible_chars.saturating_add(if begin.starts_with(CONTENT_DELTA) { bytes } else { 0 });
        } else {
            self.lost = true;
        }
    }

    /// One whole event. `name` is the event's own name, for data without a type; `is_cut` says that the stream ended
    /// inside the event, so that broken data means nothing.
    pub(crate) fn event(&mut self, data: &[u8], name: &str, is_cut: bool) {
        let Ok(event) = serde_json::from_slice::<EventWire<'_>>(data) else {
            self.lost |= !is_cut && may_carry_usage(data, name);
            self.has_output |= name.starts_with("content_block_") || data.starts_with(CONTENT_BLOCK);
            return;
        };
        match event.kind.as_deref().unwrap_or(name) {
            "message_start" => self.start(event.message),
            "message_delta" => self.delta(event),
            "message_stop" => self.complete = true,
            "content_block_start" => self.absorb(Content::of_block(event.content_block)),
            "content_block_delta" => self.slow_delta(event.delta),
            "error" => self.error = Some(error_kind(event.error)),
            // A kind of event that does not exist yet: its usage, if any, is the newest.
            _ => self.add_usage(event.usage),
        }
    }

    /// A JSON body; `is_whole` says that it came to its proper end.
    pub(crate) fn body(&mut self, body: &[u8], is_whole: bool) {
        let Ok(message) = serde_json::from_slice::<MessageWire<'_>>(body) else {
            self.lost = is_whole;
            return;
        };
        if message.error.is_some() && message.usage.is_none() {
            self.error = Some(error_kind(message.error));
            self.complete = true;
            return;
        }
        self.complete = message.usage.is_some();
        self.lost = message.usage.is_none();
        self.start(Some(message));
    }

    /// Usage as far as it is known.
    pub(crate) fn billed(&self) -> Option<BilledUsage> {
        let refused = self.stop_reason.as_deref() == Some("refusal");
        let context = Context {
            model: self.model.as_deref().unwrap_or_default(),
            switches: &self.switches,
            refused_unseen: refused && !self.has_output,
        };
        self.usage.as_ref().map(|usage| usage.billed(context))
    }

    /// The model that served in the end: on a switch in mid-answer the start names another one.
    pub(crate) fn served_model(&self) -> Option<String> {
        self.switches.last().map(|(_, to)| to.clone()).or_else(|| self.model.clone())
    }

    fn start(&mut self, message: Option<MessageWire<'_>>) {
        let Some(message) = message else {
            self.lost = true;
            return;
        };
        // A second start would replace what was billed by the first.
        self.lost |= self.started;
        self.started = true;
        self.model = message.model.map(|text| short(&text, ID_CHARS_MAX));
        self.message_id = message.id.map(|text| short(&text, ID_CHARS_MAX));
        self.set_stop_reason(message.stop_reason);
        self.absorb(message.content);
        self.add_usage(message.usage);
    }

    fn delta(&mut self, event: EventWire<'_>) {
        self.set_stop_reason(event.delta.and_then(|delta| delta.stop_reason));
        self.add_usage(event.usage);
    }

    fn slow_delta(&mut self, delta: Option<DeltaWire<'_>>) {
        self.has_output = true;
        let Some(delta) = delta else { return };
        for text in [delta.text, delta.partial_json, delta.thinking].into_iter().flatten() {
            self.visible_chars = self.visible_chars.saturating_add(raw_chars(text));
        }
    }

    fn set_stop_reason(&mut self, reason: Option<String>) {
        if let Some(reason) = reason {
            self.stop_reason = Some(short(&reason, WORD_CHARS_MAX));
        }
    }

    fn add_usage(&mut self, usage: Option<UsageWire>) {
        if let Some(usage) = usage {
            self.usage.get_or_insert_default().merge(usage);
        }
    }

    fn absorb(&mut self, content: Content) {
        self.has_output |= content.has_output;
        self.visible_chars = self.visible_chars.saturating_add(content.visible_chars);
        self.searches_seen = self.searches_seen.saturating_add(content.searches);
        let room = FALLBACKS_MAX.saturating_sub(self.switches.len());
        self.switches.extend(content.switches.into_iter().take(room));
    }
}

impl Content {
    fn of_block(block: Option<BlockWire<'_>>) -> Self {
        let mut content = Self::default();
        content.add(block.as_ref());
        content
    }

    fn add(&mut self, block: Option<&BlockWire<'_>>) {
        let Some(block) = block else { return };
        let chars = block.text.map_or(0, raw_chars);
        self.visible_chars = self.visible_chars.saturating_add(chars);
        match block.kind.as_deref() {
            Some("fallback") => {
                let model = |raw: Option<&RawValue>| serde_json::from_str::<ModelWire>(raw?.get()).ok();
                if let (Some(from), Some(to), true) =
                    (model(block.from), model(block.to), self.switches.len() < FALLBACKS_MAX)
                {
                    self.switches.push((short(&from.model, ID_CHARS_MAX), short(&to.model, ID_CHARS_MAX)));
                }
            }
            Some("text") => self.has_output |= chars > 0,
            kind => {
                self.has_output = true;
                self.searches += u64::from(kind == Some("web_search_tool_result"));
            }
        }
    }
}

/// Reads content blocks one by one and keeps only what they show, so that a long list takes no memory.
fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Content, D::Error> {
    struct Blocks;
    impl<'de> Visitor<'de> for Blocks {
        type Value = Content;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of content blocks")
        }

        fn visit_unit<E: Error>(self) -> Result<Content, E> {
            Ok(Content::default())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
            let mut content = Content::default();
            while let Some(block) = items.next_element::<BlockWire<'de>>()? {
                content.add(Some(&block));
            }
            Ok(content)
        }
    }
    deserializer.deserialize_any(Blocks)
}

fn error_kind(error: Option<&RawValue>) -> String {
    let kind = error.and_then(|raw| serde_json::from_str::<ErrorWire>(raw.get()).ok());
    kind.map_or_else(|| "unknown".to_owned(), |error| short(&error.kind, WORD_CHARS_MAX))
}

fn may_carry_usage(data: &[u8], name: &str) -> bool {
    name.starts_with("message_")
        || memmem::find(data, b"\"usage\"").is_some()
        || memmem::find(data, b"\"message_").is_some()
}

/// Characters of a string as it stands in JSON, quotes left out; an escape counts as its own characters.
fn raw_chars(raw: &RawValue) -> u64 {
    let text = raw.get();
    if text.starts_with('"') { chars(text.as_bytes()).saturating_sub(2) } else { 0 }
}

fn chars(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u64
}

/// Characters of the text in a delta's line: `…"delta":{"type":"text_delta","text":"…"}}`.
/// Signatures and citations are not output anybody reads.
fn delta_chars(line: &[u8]) -> u64 {
    let mut rest = line.get(CONTENT_DELTA.len()..).unwrap_or_default();
    // `text_delta` has one underscore, `input_json_delta` two; no other name of a delta has more.
    for _ in 0..3 {
        let Some(found) = memchr(b'_', rest) else {
            return 0;
        };
        let (before, after) = rest.split_at(found);
        if !after.starts_with(b"_delta\"") {
            rest = after.get(1..).unwrap_or_default();
            continue;
        }
        if !(before.ends_with(b"text") || before.ends_with(b"json") || before.ends_with(b"thinking")) {
            return 0;
        }
        let Some(colon) = memchr(b':', after) else {
            return 0;
        };
        let value = after.get(colon + 1..).unwrap_or_default();
        // Around the text stand a blank or none, two quotes and two braces.
        return chars(value.strip_suffix(b"}}").unwrap_or(value).trim_ascii()).saturating_sub(2);
    }
    0
}
