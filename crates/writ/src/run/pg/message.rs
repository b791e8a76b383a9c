//! Messages of PostgreSQL's protocol, as far as a log-in needs them (manual, "Message Formats").

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of one of the server's messages before the log-in is done: a few mechanisms, a notice.
const MESSAGE_BYTES_MAX: u32 = 64 * 1024;
/// Bytes of the length itself, which it counts.
const LENGTH_BYTES: u32 = 4;

/// A server's message: what kind, and its body.
pub(super) struct Message {
    pub(super) tag: u8,
    pub(super) body: Vec<u8>,
}

/// The message that ends a connection before it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fatal(Vec<u8>);

// SQLSTATEs (manual, "PostgreSQL Error Codes").
const REFUSED: &str = "28000";
const AWAY: &str = "08001";
const NO_SUCH_DATABASE: &str = "3D000";
const PROTOCOL: &str = "08P01";

// === impl Message ===

impl Message {
    /// Reads one.
    ///
    /// # Errors
    /// The connection ends, or what comes is too long to be one.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let tag = stream.read_u8().await?;
        let length = stream.read_u32().await?;
        if !(LENGTH_BYTES..=MESSAGE_BYTES_MAX).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; usize::try_from(length - LENGTH_BYTES).map_err(io::Error::other)?];
        stream.read_exact(&mut body).await?;
        Ok(Self { tag, body })
    }

    /// As it stands on the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        framed(self.tag, &self.body)
    }

    /// A field of an error, by its letter.
    pub(super) fn field(&self, letter: u8) -> Option<&[u8]> {
        self.body
            .split(|byte| *byte == 0)
            .find_map(|field| field.split_first().filter(|(first, _)| **first == letter))
            .map(|(_, text)| text)
    }
}

// === impl Fatal ===

impl Fatal {
    /// The session may not.
    pub(super) fn refused(text: impl AsRef<str>) -> Self {
        Self::new(REFUSED, text.as_ref())
    }

    /// It may work later.
    pub(super) fn away(text: impl AsRef<str>) -> Self {
        Self::new(AWAY, text.as_ref())
    }

    /// Another database than the target's.
    pub(super) fn no_such_database(text: impl AsRef<str>) -> Self {
        Self::new(NO_SUCH_DATABASE, text.as_ref())
    }

    /// What came is not the protocol.
    pub(super) fn protocol(text: impl AsRef<str>) -> Self {
        Self::new(PROTOCOL, text.as_ref())
    }

    /// The server's own.
    pub(super) fn of_server(message: &Message) -> Self {
        Self(message.bytes())
    }

    /// ErrorResponse: severity twice (translated and not), SQLSTATE, text.
    fn new(code: &str, text: &str) -> Self {
        let fields = [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', code), (b'M', text)];
        let mut body = Vec::new();
        for (letter, value) in fields {
            body.push(letter);
            body.extend(value.bytes().filter(|byte| *byte != 0));
            body.push(0);
        }
        body.push(0);
        Self(framed(b'E', &body))
    }

    /// As it stands on the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.clone()
    }
}

fn framed(tag: u8, body: &[u8]) -> Vec<u8> {
    // INVARIANT: bodies are read within a bound, or are a sentence.
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).saturating_add(LENGTH_BYTES);
    [&[tag], length.to_be_bytes().as_slice(), body].concat()
}
