//! What the meter must know of a Messages API request before it is forwarded, read in one pass over its bytes.
//!
//! Two readers of one body must not disagree about what it asks for: a key the meter reads that stands twice is an
//! error, keys are compared with their escapes undone, and anything the grammar forbids is refused.

use std::ops::Range;

use domain::limits::CLAIM_CHARS_MAX;
use serde::Deserialize;

use crate::limits;
use crate::scan::Cursor;

/// Facts of one request body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// The model asked for, at most [`limits::ID_CHARS_MAX`] characters.
    pub model: String,
    /// Output tokens asked for.
    pub max_tokens: Option<u64>,
    /// Where the top-level `max_tokens` number stands in the body, in bytes: the gateway lowers it in place.
    pub max_tokens_span: Option<Range<usize>>,
    /// `thinking.budget_tokens`; `max_tokens` must stay above it.
    pub thinking_budget_tokens: Option<u64>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The client's own session id out of `metadata.user_id`: a claim, not a proof.
    pub metadata_session_id: Option<String>,
    /// Size of the whole body.
    pub prompt_bytes: usize,
    /// Images in the prompt.
    pub images: u64,
    /// The prompt refers to something whose size the body does not show (URL, stored file, PDF).
    pub has_opaque_sources: bool,
    /// A one-hour cache may be asked for (a superset: any string `1h`).
    pub cache_ttl_1h: bool,
    /// `speed: fast`.
    pub fast: bool,
    /// `inference_geo: us`.
    pub inference_geo_us: bool,
    /// `inference_geo: global`: the workspace's own default does not apply.
    pub inference_geo_global: bool,
    /// Searches allowed; none without a web search tool. [`limits::WEB_SEARCH_USES_CAP`] for a tool that names no bound.
    pub web_search_max_uses: Option<u64>,
    /// Output tokens all advisors together may write: uses times tokens.
    pub advisor_output_tokens_max: u64,
    /// The advisor tools.
    pub advisors: Vec<Advisor>,
    /// A server tool names no `max_uses` or `max_tokens`, so a cap of ours stands in: a hard budget may refuse it.
    pub has_uncapped_tools: bool,
    /// Tools that run at the provider: each makes the loop there longer.
    pub server_tool_uses: u64,
    /// Tools with a type of the provider's: their descriptions are not in the body.
    pub typed_tools: u64,
    /// Models that may take over, at most [`limits::FALLBACKS_MAX`].
    pub fallback_models: Vec<String>,
    /// The largest `max_tokens` a fallback names for itself.
    pub fallback_max_tokens: Option<u64>,
    /// Whether the request offers any tool.
    pub has_tools: bool,
}

/// One advisor tool: another model that is asked during the call, outside the request's `max_tokens`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advisor {
    /// The model asked.
    pub model: String,
    /// How often.
    pub uses_max: u64,
    /// Output tokens per use.
    pub output_tokens_max: u64,
}

/// Why a body is not forwarded. The text is meant for the developer whose tool sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not UTF-8.
    #[error("request body is not UTF-8 (byte {at})")]
    NotUtf8 {
        /// First bad byte.
        at: usize,
    },
    /// Not an object.
    #[error("request body is not a JSON object")]
    NotAnObject,
    /// Not JSON.
    #[error("request body is not valid JSON: expected {expected} at byte {at}")]
    Malformed {
        /// Where.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// Something follows the object.
    #[error("request body goes on after its JSON object ends (byte {at})")]
    Trailing {
        /// Where.
        at: usize,
    },
    /// Nested too deeply.
    #[error("request body is nested deeper than {} levels", limits::DEPTH_MAX)]
    TooDeep,
    /// A key that the meter reads stands twice.
    #[error("request body has `{0}` twice")]
    Duplicate(&'static str),
    /// No usable model.
    #[error("request body needs `model`, a string of 1 to {} characters", limits::ID_CHARS_MAX)]
    Model,
    /// A value has the wrong type.
    #[error("`{key}` in the request body must be {expected}")]
    WrongType {
        /// Which key.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A list is too long.
    #[error("`{key}` in the request body has more than {max} items")]
    TooMany {
        /// Which key.
        key: &'static str,
        /// How many are accepted.
        max: usize,
    },
}

impl RequestFacts {
    /// Reads a request body. Time is linear in its size, memory independent of it.
    pub fn scan(body: &[u8]) -> Result<Self, ScanError> {
        std::str::from_utf8(body).map_err(|error| ScanError::NotUtf8 { at: error.valid_up_to() })?;
        let mut cursor = Cursor::new(body);
        if cursor.peek() != Some(b'{') {
            return Err(ScanError::NotAnObject);
        }
        let mut facts = Self { prompt_bytes: body.len(), ..Self::default() };
        facts.read(&mut cursor)?;
        if cursor.peek().is_some() {
            return Err(ScanError::Trailing { at: cursor.position() });
        }
        if facts.model.is_empty() {
            return Err(ScanError::Model);
        }
        let signs = &cursor.signs;
        facts.images = signs.images;
        facts.has_opaque_sources = signs.opaque_source || signs.plain_escape;
        facts.cache_ttl_1h = signs.one_hour || signs.plain_escape;
        facts.advisor_output_tokens_max = facts.advisors.iter().fold(0, |sum: u64, advisor| {
            sum.saturating_add(advisor.uses_max.saturating_mul(advisor.output_tokens_max))
        });
        Ok(facts)
    }

    /// How often the provider may sample for this request: once, or once more per use of a server-side tool, up to
    /// [`limits::SERVER_LOOP_MAX`].
    pub fn server_loops(&self) -> u64 {
        self.server_tool_uses.saturating_add(1).min(limits::SERVER_LOOP_MAX)
    }

    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScanError> {
        let mut seen = Seen::default();
        cursor.object(|cursor, key| {
            let Some(key) = seen.known(&key.decode().unwrap_or_default(), &TOP_KEYS)? else {
                return cursor.skip();
            };
            match key {
                "model" => self.model = model(cursor)?,
                "max_tokens" => {
                    let wrong = ScanError::WrongType { key, expected: "a whole number" };
                    let (number, span) = cursor.whole_number()?.ok_or(wrong)?;
                    (self.max_tokens, self.max_tokens_span) = (Some(number), Some(span));
                }
                "stream" => self.stream = flag(cursor, key)?,
                "metadata" => self.read_metadata(cursor)?,
                "speed" => self.fast |= cursor.text()?.as_deref() == Some("fast"),
                "inference_geo" => {
                    let geo = cursor.text()?;
                    self.inference_geo_us = geo.as_deref() == Some("us");
                    self.inference_geo_global = geo.as_deref() == Some("global");
                }
                "thinking" => self.read_thinking(cursor)?,
                "fallbacks" => self.read_fallbacks(cursor)?,
                "mcp_servers" => {
                    // Their tools run at the provider and name no bound.
                    self.server_tool_uses = limits::SERVER_LOOP_MAX;
                    self.has_uncapped_tools = true;
                    cursor.skip()?;
                }
                _ => self.read_tools(cursor)?,
            }
            Ok(())
        })
    }

    fn read_metadata(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScanError> {
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        let mut seen = Seen::default();
        cursor.object(|cursor, key| {
            if seen.known(&key.decode().unwrap_or_default(), &["user_id"])?.is_none() {
                return cursor.skip();
            }
            self.metadata_session_id = cursor.text()?.and_then(|text| claimed_session(&text));
            Ok(())
        })
    }

    fn read_thinking(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScanError> {
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        let mut seen = Seen::default();
        cursor.object(|cursor, key| {
            if seen.known(&key.decode().unwrap_or_default(), &["budget_tokens"])?.is_none() {
                return cursor.skip();
            }
            self.thinking_budget_tokens = cursor.whole_number()?.map(|(number, _)| number);
            Ok(())
        })
    }

    fn read_fallbacks(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScanError> {
        if cursor.peek() != Some(b'[') {
            // A server-chosen fallback: no model of the book has this name, so the dearest rates stand in.
            if cursor.text()?.is_some() {
                self.fallback_models.push("fallback".to_owned());
            }
            return Ok(());
        }
        cursor.array(|cursor| {
            if self.fallback_models.len() == limits::FALLBACKS_MAX {
                return Err(ScanError::TooMany { key: "fallbacks", max: limits::FALLBACKS_MAX });
            }
            if cursor.peek() == Some(b'"') {
                self.fallback_models.push(model(cursor)?);
                return Ok(());
            }
            self.read_fallback(cursor)
        })
    }

    fn read_fallback(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScanError> {
        let mut seen = Seen::default();
        let mut name = "fallback".to_owned();
        cursor.object(|cursor, key| {
            match seen.known(&key.decode().unwrap_or_default(), &["model", "max_tokens", "speed"])? {
                Some("model") => name = model(cursor)?,
                Some("max_tokens") => {
                    let own = cursor.whole_number()?.map(|(number, _)| number);
                    self.fallback_max_tokens = self.fallback_max_tokens.max(own);
                }
                Some(_) => self.fast |= cursor.text()?.as_deref() == Some("fast"),
                None => cursor.skip()?,
            }
            Ok(())
        })?;
        self.fallback_models.push(name);
        Ok(())
    }

    fn read_tools(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScanError> {
        if cursor.peek() != Some(b'[') {
            return cursor.skip();
        }
        cursor.array(|cursor| {
            self.has_tools = true;
            if cursor.peek() != Some(b'{') {
                return cursor.skip();
            }
            let tool = Tool::read(cursor)?;
            self.add_tool(tool)
        })
    }

    fn add_tool(&mut self, tool: Tool) -> Result<(), ScanError> {
        let Some(kind) = tool.kind.as_deref().filter(|&kind| kind != "custom") else {
            return Ok(());
        };
        self.typed_tools += 1;
        if CLIENT_TOOLS.iter().any(|prefix| kind.starts_with(prefix)) {
            return Ok(());
        }
        let cap = if kind.starts_with("web_search") {
            limits::WEB_SEARCH_USES_CAP
        } else if kind.starts_with("advisor") {
            limits::ADVISOR_USES_CAP
        } else {
            limits::SERVER_LOOP_MAX
        };
        let uses = tool.max_uses.unwrap_or(cap);
        self.has_uncapped_tools |= tool.max_uses.is_none();
        self.server_tool_uses = self.server_tool_uses.saturating_add(uses);
        if kind.starts_with("web_search") {
            self.web_search_max_uses = Some(self.web_search_max_uses.unwrap_or(0).saturating_add(uses));
        }
        if kind.starts_with("advisor") {
            if self.advisors.len() == limits::ADVISORS_MAX {
                return Err(ScanError::TooMany { key: "tools", max: limits::ADVISORS_MAX });
            }
            self.has_uncapped_tools |= tool.max_tokens.is_none();
            let output_tokens_max = tool.max_tokens.unwrap_or(limits::ADVISOR_OUTPUT_TOKENS_CAP);
            self.advisors.push(Advisor { model: tool.model, uses_max: uses, output_tokens_max });
        }
        Ok(())
    }
}

const TOP_KEYS: [&str; 10] = [
    "model",
    "max_tokens",
    "stream",
    "metadata",
    "speed",
    "inference_geo",
    "thinking",
    "fallbacks",
    "mcp_servers",
    "tools",
];
/// Tools with a type of the provider's that nevertheless run at the client.
const CLIENT_TOOLS: [&str; 4] = ["bash_", "text_editor_", "computer_", "memory_"];

/// Which keys of one object were met: one bit each.
#[derive(Default)]
struct Seen(u16);

impl Seen {
    /// The key as spelled in `keys`; `None` if it is not one of them, an error if it was met before.
    fn known(&mut self, key: &str, keys: &[&'static str]) -> Result<Option<&'static str>, ScanError> {
        let Some(index) = keys.iter().position(|&known| known == key) else {
            return Ok(None);
        };
        let bit = 1 << index;
        if self.0 & bit != 0 {
            return Err(ScanError::Duplicate(keys[index]));
        }
        self.0 |= bit;
        Ok(Some(keys[index]))
    }
}

#[derive(Default)]
struct Tool {
    kind: Option<String>,
    model: String,
    max_uses: Option<u64>,
    max_tokens: Option<u64>,
}

impl Tool {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, ScanError> {
        let mut tool = Self::default();
        let mut seen = Seen::default();
        cursor.object(|cursor, key| {
            match seen.known(&key.decode().unwrap_or_default(), &["type", "model", "max_uses", "max_tokens"])? {
                Some("type") => tool.kind = cursor.text()?.map(|text| short(&text, limits::WORD_CHARS_MAX)),
                Some("model") => tool.model = short(&cursor.text()?.unwrap_or_default(), limits::ID_CHARS_MAX),
                Some("max_uses") => tool.max_uses = cursor.whole_number()?.map(|(number, _)| number),
                Some(_) => tool.max_tokens = cursor.whole_number()?.map(|(number, _)| number),
                None => cursor.skip()?,
            }
            Ok(())
        })?;
        Ok(tool)
    }
}

fn model(cursor: &mut Cursor<'_>) -> Result<String, ScanError> {
    let text = cursor.text()?.ok_or(ScanError::Model)?;
    if text.is_empty() || text.chars().count() > limits::ID_CHARS_MAX {
        return Err(ScanError::Model);
    }
    Ok(text.into_owned())
}

fn flag(cursor: &mut Cursor<'_>, key: &'static str) -> Result<bool, ScanError> {
    match cursor.peek() {
        Some(b't') => cursor.scalar().map(|_| true),
        Some(b'f' | b'n') => cursor.scalar().map(|_| false),
        _ => Err(ScanError::WrongType { key, expected: "true or false" }),
    }
}

/// `metadata.user_id` of Claude Code is JSON inside a string; of other clients it may be anything.
fn claimed_session(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct UserId {
        session_id: String,
    }
    let claim: UserId = serde_json::from_str(text).ok()?;
    let fits = !claim.session_id.is_empty() && claim.session_id.chars().count() <= CLAIM_CHARS_MAX;
    fits.then_some(claim.session_id)
}

/// At most this many characters of a text.
pub(crate) fn short(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests;
