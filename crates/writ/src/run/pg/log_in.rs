//! Logging in at the server with the session's role: SCRAM-SHA-256, which proves the password without showing it.

use std::io;

use brokers::postgres::Wire;
use bytes::BytesMut;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt;

use super::client::Start;
use super::message::{Fatal, Message};

/// Messages until the log-in is done: an exchange of six, and notices.
const MESSAGES_MAX: usize = 64;

// Kinds of messages, and of the server's requests for authentication.
const AUTHENTICATION: u8 = b'R';
const ERROR: u8 = b'E';
const NOTICE: u8 = b'N';
const NEGOTIATE_VERSION: u8 = b'v';
const OK: u32 = 0;
const SASL: u32 = 10;
const SASL_CONTINUE: u32 = 11;
const SASL_FINAL: u32 = 12;
/// The SQLSTATE of a wrong password, or of a role that is not there.
const WRONG_PASSWORD: &[u8] = b"28P01";

/// Who logs in.
pub(super) struct Account<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
}

/// A connection that is logged in.
pub(super) struct LoggedIn {
    /// To the server; what it says next is for the client.
    pub(super) server: Wire,
    /// What the client is to be told first.
    pub(super) told: Vec<u8>,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Failed {
    /// The client can be told this.
    Told(Fatal),
    /// The role or its password is not taken.
    Refused,
    /// The connection ended, or what came is not the protocol.
    Lost,
    /// Another way of logging in is wanted.
    Method,
}

impl From<io::Error> for Failed {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

/// Logs in.
///
/// # Errors
/// [`Failed`].
pub(super) async fn log_in(
    mut server: Wire,
    start: &Start,
    database: &str,
    account: &Account<'_>,
) -> Result<LoggedIn, Failed> {
    server.write_all(&start.packet(account.user, database)).await?;
    server.flush().await?;
    let mut told = Vec::new();
    let mut exchange = None;
    for _ in 0..MESSAGES_MAX {
        let message = Message::read(&mut server).await?;
        match message.tag {
            NOTICE | NEGOTIATE_VERSION => told.extend(message.bytes()),
            ERROR if message.field(b'C') == Some(WRONG_PASSWORD) => return Err(Failed::Refused),
            ERROR => return Err(Failed::Told(Fatal::of_server(&message))),
            AUTHENTICATION => {
                let (kind, body) = message.body.split_first_chunk::<4>().ok_or(Failed::Lost)?;
                match u32::from_be_bytes(*kind) {
                    OK => {
                        told.extend(message.bytes());
                        return Ok(LoggedIn { server, told });
                    }
                    SASL => exchange = Some(begin(&mut server, body, account).await?),
                    SASL_CONTINUE => {
                        let scram = exchange.as_mut().ok_or(Failed::Lost)?;
                        scram.update(body)?;
                        send(&mut server, |buffer| frontend::sasl_response(scram.message(), buffer)).await?;
                    }
                    // The server proves that it knows the password's verifier.
                    SASL_FINAL => exchange.as_mut().ok_or(Failed::Lost)?.finish(body)?,
                    _ => return Err(Failed::Method),
                }
            }
            _ => return Err(Failed::Lost),
        }
    }
    Err(Failed::Lost)
}

async fn begin(server: &mut Wire, mechanisms: &[u8], account: &Account<'_>) -> Result<ScramSha256, Failed> {
    if !mechanisms.split(|byte| *byte == 0).any(|name| name == SCRAM_SHA_256.as_bytes()) {
        return Err(Failed::Method);
    }
    let scram = ScramSha256::new(account.password.as_bytes(), ChannelBinding::unsupported());
    send(server, |buffer| frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), buffer)).await?;
    Ok(scram)
}

async fn send(server: &mut Wire, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<(), Failed> {
    let mut buffer = BytesMut::new();
    write(&mut buffer)?;
    server.write_all(&buffer).await?;
    Ok(server.flush().await?)
}
