//! Git's line format: gitprotocol-common(5), "pkt-line Format".

/// Bytes of the largest packet, its length included.
pub(crate) const PACKET_BYTES_MAX: usize = 65_520;
/// What ends a list of packets.
pub(crate) const FLUSH: &[u8] = b"0000";
/// What separates lists in version 2 of the protocol.
const DELIMITER: u16 = 1;
/// Bytes of the length in front of each.
const LENGTH_BYTES: usize = 4;

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// A line, with its end of line if it has one.
    Line(&'a [u8]),
    /// The end of a list.
    Flush,
}

/// Why bytes are no packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PacketError {
    /// They end in the middle of one.
    #[error("git's packets end in the middle")]
    Short,
    /// A length is not four hexadecimal digits, or not one that is in use here.
    #[error("a packet of git's has no length that is known here")]
    Length,
}

/// Reads packets from bytes that are all there.
#[derive(Debug, Clone)]
pub(crate) struct Packets<'a> {
    rest: &'a [u8],
    read: usize,
}

// === impl Packets ===

impl<'a> Packets<'a> {
    /// Reads from the start.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, read: 0 }
    }

    /// The next packet.
    ///
    /// # Errors
    /// [`PacketError`].
    pub(crate) fn next(&mut self) -> Result<Packet<'a>, PacketError> {
        let (length, after) = self.rest.split_first_chunk::<LENGTH_BYTES>().ok_or(PacketError::Short)?;
        let length = usize::from(number(length).ok_or(PacketError::Length)?);
        match length {
            0 => {
                self.rest = after;
                self.read += LENGTH_BYTES;
                Ok(Packet::Flush)
            }
            length if length == usize::from(DELIMITER) || !(LENGTH_BYTES..=PACKET_BYTES_MAX).contains(&length) => {
                Err(PacketError::Length)
            }
            length => {
                let (line, rest) = after.split_at_checked(length - LENGTH_BYTES).ok_or(PacketError::Short)?;
                self.rest = rest;
                self.read += length;
                Ok(Packet::Line(line))
            }
        }
    }

    /// The lines up to the next flush packet, without their ends of line.
    ///
    /// # Errors
    /// [`PacketError`].
    pub(crate) fn list(&mut self) -> Result<Vec<&'a [u8]>, PacketError> {
        let mut lines = Vec::new();
        while let Packet::Line(line) = self.next()? {
            lines.push(line.strip_suffix(b"\n").unwrap_or(line));
        }
        Ok(lines)
    }

    /// How many bytes were read.
    pub(crate) fn read(&self) -> usize {
        self.read
    }
}

/// Four hexadecimal digits; `u16::from_str_radix` would take a sign.
fn number(digits: &[u8; LENGTH_BYTES]) -> Option<u16> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(text, 16).ok()
}

/// Appends a packet with this content; content that one packet cannot hold goes into several.
pub(crate) fn write(to: &mut Vec<u8>, content: &[u8]) {
    for piece in content.chunks(PACKET_BYTES_MAX - LENGTH_BYTES) {
        to.extend_from_slice(format!("{:04x}", piece.len() + LENGTH_BYTES).as_bytes());
        to.extend_from_slice(piece);
    }
}

/// Appends content on a band of the side-band: gitprotocol-capabilities(5), "side-band-64k".
pub(crate) fn write_band(to: &mut Vec<u8>, band: u8, content: &[u8]) {
    for piece in content.chunks(PACKET_BYTES_MAX - LENGTH_BYTES - 1) {
        to.extend_from_slice(format!("{:04x}", piece.len() + LENGTH_BYTES + 1).as_bytes());
        to.push(band);
        to.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests;
