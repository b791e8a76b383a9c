//! Scripts that a test says line by line: the script `cue`. The request that asks for a line waits until the test has said
//! it, so a test holds several clients at the points it wants and needs no pauses.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;
use serde_json::Value;
use tokio::sync::watch;

use crate::failure::Failure;
use crate::limits::{ACTORS_MAX, LINES_MAX, STALL_MAX};
use crate::shared::Shared;
use crate::turn::Turn;

/// What stands in every body that may ask for a line, so that others are not read twice.
const SIGN: &[u8] = b"SCENARIO:cue";

/// One model that a test speaks for. The actor's prompt is `SCENARIO:cue(actor=NAME)`; the request with n assistant messages
/// after it gets line n, also when it is repeated.
#[derive(Clone, Debug)]
pub struct Actor {
    shared: Arc<Shared>,
    name: String,
}

/// What the model says next.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A call of one of the client's tools.
    Call {
        /// The tool's name: `Edit`.
        tool: String,
        /// What it is called with.
        input: Value,
    },
    /// A text, which ends the turn.
    Say(String),
}

impl Actor {
    pub(crate) fn new(shared: Arc<Shared>, name: &str) -> Self {
        Self { shared, name: name.to_owned() }
    }

    /// What the client is to be told, so that this actor answers it.
    pub fn prompt(&self) -> String {
        format!("SCENARIO:cue(actor={}) go", self.name)
    }

    /// Says the next line; answers its number, from 0.
    ///
    /// # Errors
    /// `InvalidInput` when there are more actors or lines than a test needs.
    pub fn line(&self, line: Line) -> io::Result<usize> {
        let full =
            || io::Error::new(io::ErrorKind::InvalidInput, format!("over {ACTORS_MAX} actors or {LINES_MAX} lines"));
        self.shared.stage.add(&self.name, line).ok_or_else(full)
    }

    /// Waits until the client has asked for line `number` (from 0); the request's body.
    ///
    /// # Errors
    /// `TimedOut`, saying for what it waited, when that does not happen `within` the time given; `InvalidData` when the body
    /// is not JSON.
    pub async fn asked(&self, number: usize, within: Duration) -> io::Result<Value> {
        let mut parts = self.shared.stage.parts.subscribe();
        let name = self.name.as_str();
        let asked = parts.wait_for(|parts| parts.get(name).is_some_and(|part| part.is_asked(number)));
        let Ok(Ok(parts)) = tokio::time::timeout(within, asked).await else {
            let text = format!("waited {within:?} for `{name}` to be asked for line {number}");
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        };
        let body =
            parts.get(name).and_then(|part| part.asked.as_ref()).map(|(_, body)| body.clone()).unwrap_or_default();
        drop(parts);
        serde_json::from_slice(&body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// All actors of one service.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    parts: watch::Sender<BTreeMap<String, Part>>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    lines: Vec<Line>,
    /// The furthest line asked for, and the body that asked.
    asked: Option<(usize, Bytes)>,
}

impl Part {
    fn is_asked(&self, number: usize) -> bool {
        self.asked.as_ref().is_some_and(|(furthest, _)| *furthest >= number)
    }
}

impl Stage {
    /// Returns once the line that this body asks for has been said; at once for a body that asks for none.
    pub(crate) async fn due(&self, body: &Bytes) -> Result<(), Failure> {
        let Some((name, number)) = cue(body) else { return Ok(()) };
        if !self.note(&name, number, body) {
            return Err(Failure::invalid(format!("more than {ACTORS_MAX} actors")));
        }
        let mut parts = self.parts.subscribe();
        let said = parts.wait_for(|parts| parts.get(&name).is_some_and(|part| part.lines.len() > number));
        match tokio::time::timeout(STALL_MAX, said).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Failure::invalid(format!("nobody said line {number} of `{name}`"))),
        }
    }

    /// A line that has been said.
    pub(crate) fn said(&self, name: &str, number: usize) -> Option<Line> {
        self.parts.borrow().get(name)?.lines.get(number).cloned()
    }

    fn add(&self, name: &str, line: Line) -> Option<usize> {
        let mut number = None;
        self.parts.send_modify(|parts| {
            if let Some(part) = part(parts, name)
                && part.lines.len() < LINES_MAX
            {
                number = Some(part.lines.len());
                part.lines.push(line);
            }
        });
        number
    }

    fn note(&self, name: &str, number: usize, body: &Bytes) -> bool {
        let mut noted = false;
        self.parts.send_modify(|parts| {
            if let Some(part) = part(parts, name) {
                noted = true;
                if part.asked.as_ref().is_none_or(|(furthest, _)| *furthest <= number) {
                    part.asked = Some((number, body.clone()));
                }
            }
        });
        noted
    }
}

/// The part of that name, made where it is new and there is room.
fn part<'a>(parts: &'a mut BTreeMap<String, Part>, name: &str) -> Option<&'a mut Part> {
    if parts.len() >= ACTORS_MAX && !parts.contains_key(name) {
        return None;
    }
    Some(parts.entry(name.to_owned()).or_default())
}

/// The actor and the number of the line that a body asks for. Background calls, which have no tools, ask for none.
fn cue(body: &[u8]) -> Option<(String, usize)> {
    memmem::find(body, SIGN)?;
    let turn = Turn::read(body).ok()?;
    let marker = turn.marker.filter(|marker| turn.has_tools && marker.name == "cue")?;
    Some((marker.args.text("actor")?.to_owned(), turn.step))
}
