//! What a push asks for, before its pack: gitprotocol-pack(5), "Reference Update Request and Packfile Transfer".

use super::advertisement::{PUSH_OPTIONS, known};
use crate::push::limits::{OPTIONS_MAX, UPDATES_MAX};
use crate::push::pkt::{self, FLUSH, Packets};
use crate::push::update::{OPTION_PREFIX, Options, Strange, Update};

/// The head of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The refs that it moves.
    pub(super) updates: Vec<Update>,
    /// Options that are meant for writ.
    pub(super) options: Options,
    /// Where the pack begins, in bytes from the start.
    pub(super) length: usize,
    /// Lines about what the client's history lacks.
    shallow: Vec<Vec<u8>>,
    capabilities: String,
    /// Options that are meant for the server.
    others: Vec<String>,
}

// === impl Head ===

impl Head {
    /// Reads it from the beginning of a push; none for one that asks for nothing, as git does to see whether it is let in.
    ///
    /// # Errors
    /// It is not understood, or beyond the bounds.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Strange> {
        let strange = |error: pkt::PacketError| Strange(error.to_string());
        let mut packets = Packets::new(bytes);
        let mut head = Self {
            updates: Vec::new(),
            options: Options::default(),
            length: 0,
            shallow: Vec::new(),
            capabilities: String::new(),
            others: Vec::new(),
        };
        for line in packets.list().map_err(strange)? {
            if line.starts_with(b"shallow ") {
                head.shallow.push(line.to_vec());
                continue;
            }
            if line.starts_with(b"push-cert") {
                return Err(Strange("signed pushes are not read here: push without --signed".to_owned()));
            }
            let (command, capabilities) = match line.iter().position(|byte| *byte == 0) {
                Some(at) => (&line[..at], &line[at + 1..]),
                None => (line, &b""[..]),
            };
            if head.updates.is_empty() {
                let text = std::str::from_utf8(capabilities);
                head.capabilities =
                    text.map_err(|_| Strange("git's capabilities are no text".to_owned()))?.trim().to_owned();
            }
            head.updates.push(Update::parse(command)?);
            if head.updates.len() > UPDATES_MAX || head.shallow.len() > UPDATES_MAX {
                return Err(Strange(format!("one push updates at most {UPDATES_MAX} refs; push in parts")));
            }
        }
        if head.has(PUSH_OPTIONS) {
            let given = packets.list().map_err(strange)?;
            if given.len() > OPTIONS_MAX {
                return Err(Strange(format!("a push has at most {OPTIONS_MAX} options")));
            }
            let given: Result<Vec<&str>, _> = given.into_iter().map(std::str::from_utf8).collect();
            let given = given.map_err(|_| Strange("a push option is not UTF-8".to_owned()))?;
            head.options = Options::read(given.iter().copied())?;
            head.others = given.iter().filter(|one| !one.starts_with(OPTION_PREFIX)).map(ToString::to_string).collect();
        }
        head.length = packets.read();
        Ok((!head.updates.is_empty()).then_some(head))
    }

    /// Whether the client can do this.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.capabilities.split(' ').any(|one| one == capability)
    }

    /// The same for the server: with what the proxy knows only, and without what is meant for writ.
    pub(super) fn rewritten(&self, with_options: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in &self.shallow {
            pkt::write(&mut bytes, line);
        }
        let options = with_options && self.has(PUSH_OPTIONS);
        let capabilities = format!("{}{}", known(&self.capabilities), if options { " push-options" } else { "" });
        for (index, Update { old, new, name }) in self.updates.iter().enumerate() {
            let mut line = format!("{old} {new} {name}");
            if index == 0 {
                line.push_str(&format!("\0 {}", capabilities.trim()));
            }
            pkt::write(&mut bytes, line.as_bytes());
        }
        bytes.extend_from_slice(FLUSH);
        if options {
            self.others.iter().for_each(|option| pkt::write(&mut bytes, option.as_bytes()));
            bytes.extend_from_slice(FLUSH);
        }
        bytes
    }
}

#[cfg(test)]
mod tests;
