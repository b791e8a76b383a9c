//! The server's refs and what it can do, as a push is told: gitprotocol-http(5), "Smart Server Response", and
//! gitprotocol-capabilities(5). Only what the proxy can read is offered; options always are, because tokens come with them.

use domain::Digest;

use super::upstream::Failed;
use crate::push::pkt::{self, FLUSH, Packet, Packets};

/// What a client may ask of a push through here, by the names before `=`. A signed push (`push-cert`) hides its commands
/// from whoever stands between.
pub(super) const KNOWN: [&str; 9] = [
    "report-status",
    "report-status-v2",
    "delete-refs",
    "quiet",
    "atomic",
    "ofs-delta",
    "side-band-64k",
    "object-format",
    "agent",
];
/// Options with a push.
pub(super) const PUSH_OPTIONS: &str = "push-options";

/// What is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rewritten {
    /// The body.
    pub(super) bytes: Vec<u8>,
    /// Digest of all refs and where they are.
    pub(super) refs: Digest,
    /// Whether the server itself takes options.
    pub(super) takes_options: bool,
}

/// What is told in the place of what the server told.
///
/// # Errors
/// It is no list of refs.
pub(super) fn rewritten(told: &[u8]) -> Result<Rewritten, Failed> {
    let strange = || Failed("the git server's list of refs is not understood".to_owned());
    let mut packets = Packets::new(told);
    let service = packets.list().map_err(|_| strange())?;
    if service != [b"# service=git-receive-pack"] {
        return Err(strange());
    }
    let mut bytes = Vec::with_capacity(told.len() + 64);
    pkt::write(&mut bytes, b"# service=git-receive-pack\n");
    bytes.extend_from_slice(FLUSH);
    let mut refs = Vec::with_capacity(told.len());
    let mut takes_options = None;
    loop {
        let line = match packets.next().map_err(|_| strange())? {
            Packet::Flush => break,
            Packet::Line(line) => line,
        };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let (name, capabilities) = match line.iter().position(|byte| *byte == 0) {
            Some(at) => (&line[..at], Some(&line[at + 1..])),
            None => (line, None),
        };
        refs.extend_from_slice(name);
        refs.push(b'\n');
        match (takes_options, capabilities) {
            (None, Some(capabilities)) => {
                let capabilities = std::str::from_utf8(capabilities).map_err(|_| strange())?;
                takes_options = Some(capabilities.split(' ').any(|one| one == PUSH_OPTIONS));
                let offered = format!("{} {PUSH_OPTIONS}", known(capabilities));
                pkt::write(&mut bytes, &[name, b"\0", offered.trim().as_bytes(), b"\n"].concat());
            }
            (Some(_), None) => pkt::write(&mut bytes, &[name, b"\n"].concat()),
            _ => return Err(strange()),
        }
    }
    bytes.extend_from_slice(FLUSH);
    let takes_options = takes_options.ok_or_else(strange)?;
    Ok(Rewritten { bytes, refs: Digest::of(&refs), takes_options })
}

/// Those of some capabilities that the proxy knows.
pub(super) fn known(capabilities: &str) -> String {
    let is_known = |one: &&str| KNOWN.contains(&one.split('=').next().unwrap_or_default());
    capabilities.split(' ').filter(is_known).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn told(lines: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pkt::write(&mut bytes, b"# service=git-receive-pack\n");
        bytes.extend_from_slice(FLUSH);
        lines.iter().for_each(|line| pkt::write(&mut bytes, line));
        bytes.extend_from_slice(FLUSH);
        bytes
    }

    #[test]
    fn only_what_is_known_is_offered_and_options_always_are() {
        let id = "8a5cbf62656e130fc6c441a8347b64890a3dbde8";
        let first = format!("{id} refs/heads/main\0report-status push-cert=nonce atomic session-id=7 agent=git/2\n");
        let second = format!("{id} refs/heads/x\n");
        let rewritten = rewritten(&told(&[first.as_bytes(), second.as_bytes()])).unwrap();
        let expected = format!("{id} refs/heads/main\0report-status atomic agent=git/2 push-options\n");
        assert_eq!(rewritten.bytes, told(&[expected.as_bytes(), second.as_bytes()]));
        assert!(!rewritten.takes_options);
        let moved = super::rewritten(&told(&[first.replace('8', "9").as_bytes(), second.as_bytes()])).unwrap();
        assert_ne!(moved.refs, rewritten.refs);
    }

    #[test]
    fn what_is_no_list_of_refs_is_refused() {
        for bytes in [b"".to_vec(), b"<html>".to_vec(), told(&[]), told(&[b"x y\n"])] {
            assert!(rewritten(&bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }
}
