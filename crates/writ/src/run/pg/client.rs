//! What a client says first.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::message::Fatal;

/// Bytes of a start-up packet: what the server itself takes (`MAX_STARTUP_PACKET_LENGTH`).
const PACKET_BYTES_MAX: u32 = 10_000;
/// Bytes of a packet's length and code.
const HEAD_BYTES: u32 = 8;
/// Packets before the one that counts: a client may ask for TLS and for GSSAPI encryption.
const PACKETS_MAX: usize = 3;

const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
/// The protocol's major version; minor ones are the server's to refuse.
const MAJOR: u32 = 3;

/// What it wants.
pub(super) enum Asked {
    /// That a query of another connection be cancelled: the whole packet, to be passed on.
    Cancel(Vec<u8>),
    /// A connection.
    Start(Start),
}

/// A start-up packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Start {
    version: u32,
    parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Reads it. A Unix socket needs no encryption, so none is offered. None when the client leaves.
///
/// # Errors
/// What to tell the client.
pub(super) async fn read<S: AsyncRead + AsyncWrite + Unpin>(client: &mut S) -> Result<Option<Asked>, Fatal> {
    for _ in 0..PACKETS_MAX {
        let Ok(length) = client.read_u32().await else { return Ok(None) };
        if !(HEAD_BYTES..=PACKET_BYTES_MAX).contains(&length) {
            return Err(Fatal::protocol("this is not the start of a PostgreSQL connection"));
        }
        let mut rest = vec![0; usize::try_from(length - 4).unwrap_or_default()];
        if client.read_exact(&mut rest).await.is_err() {
            return Ok(None);
        }
        let Some((code, body)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        match u32::from_be_bytes(*code) {
            TLS | GSS => {
                if client.write_all(b"N").await.is_err() {
                    return Ok(None);
                }
            }
            CANCEL => return Ok(Some(Asked::Cancel([&length.to_be_bytes(), rest.as_slice()].concat()))),
            version if version >> 16 == MAJOR => {
                return Start::parse(version, body).map(|start| Some(Asked::Start(start)));
            }
            _ => return Err(Fatal::protocol("only version 3 of PostgreSQL's protocol is spoken here")),
        }
    }
    Err(Fatal::protocol("encryption was asked for again and again; a Unix socket has none"))
}

// === impl Start ===

impl Start {
    fn parse(version: u32, mut body: &[u8]) -> Result<Self, Fatal> {
        let broken = || Fatal::protocol("the start-up packet is not complete");
        let mut parameters = Vec::new();
        loop {
            let (name, rest) = text(body).ok_or_else(broken)?;
            if name.is_empty() {
                return Ok(Self { version, parameters });
            }
            let (value, rest) = text(rest).ok_or_else(broken)?;
            parameters.push((name.to_vec(), value.to_vec()));
            body = rest;
        }
    }

    /// Checks that the client wants the target's database, or says nothing: a client that was told none says its user's name.
    pub(super) fn check_database(&self, database: &str, target: &str) -> Result<(), Fatal> {
        let Some(asked) = self.parameter("database") else { return Ok(()) };
        if asked == database.as_bytes() || Some(asked) == self.parameter("user") {
            return Ok(());
        }
        let asked = String::from_utf8_lossy(asked);
        Err(Fatal::no_such_database(format!(
            "this socket leads to the database `{database}` of {target} only, not to `{asked}`"
        )))
    }

    /// The packet for the server: everything as the client said it, under another user's name.
    pub(super) fn packet(&self, user: &str, database: &str) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        let mut add = |name: &[u8], value: &[u8]| {
            for text in [name, value] {
                body.extend(text.iter().filter(|byte| **byte != 0));
                body.push(0);
            }
        };
        add(b"user", user.as_bytes());
        add(b"database", database.as_bytes());
        let others = self.parameters.iter().filter(|(name, _)| name != b"user" && name != b"database");
        others.for_each(|(name, value)| add(name, value));
        body.push(0);
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).saturating_add(4);
        [&length.to_be_bytes(), body.as_slice()].concat()
    }

    fn parameter(&self, name: &str) -> Option<&[u8]> {
        let found = self.parameters.iter().find(|(other, _)| other == name.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }
}

/// Up to the next NUL, and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}
