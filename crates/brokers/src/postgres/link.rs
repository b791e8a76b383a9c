//! One connection to a server, logged in as the broker's own role.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::limits::{
    ANSWER_BYTES_MAX, CLOSE_MAX, CONNECT_MAX, LOCK_MILLIS_MAX, SILENT_TRANSACTION_MILLIS_MAX, STATEMENT_MILLIS_MAX,
};
use super::server::{Server, Wire};
use super::trouble::Trouble;

/// What the server's own activity and log show of the broker.
const APPLICATION: &str = "writ";
/// The oldest release whose statements were tried: older ones are out of support.
const VERSION_MIN: u32 = 140_000;

/// A connection. Dropping it says good-bye to the server.
pub(super) struct Link {
    client: Client,
    version: u32,
    answer: Allowance,
    _open: oneshot::Sender<()>,
}

/// Who logs in where.
pub(super) struct LogIn<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) database: &'a str,
}

impl Link {
    /// Connects, logs in, and makes the connection safe to work on: nothing a session made can be found by an unqualified
    /// name, and nothing takes long.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(super) async fn open(server: &Server, log_in: &LogIn<'_>) -> Result<Self, Trouble> {
        let wire = server.dial().await?;
        let opening = tokio::time::timeout(CONNECT_MAX, Self::log_in(wire, log_in)).await;
        opening.unwrap_or(Err(Trouble::Silent))
    }

    async fn log_in(wire: Wire, log_in: &LogIn<'_>) -> Result<Self, Trouble> {
        let answer = Allowance::default();
        let stream = Bounded { wire, answer: answer.clone() };
        let mut config = Config::new();
        config.user(log_in.user).password(log_in.password).dbname(log_in.database).application_name(APPLICATION);
        let (client, mut connection) =
            config.connect_raw(stream, NoTls).await.map_err(|error| Trouble::log_in(&error))?;
        let (open, closed) = oneshot::channel::<()>();
        tokio::spawn(async move {
            tokio::select! {
                _ = &mut connection => return,
                _ = closed => {}
            }
            let _ = tokio::time::timeout(CLOSE_MAX, connection).await;
        });
        let mut link = Self { client, version: 0, answer, _open: open };
        link.version = link.settle().await?;
        Ok(link)
    }

    /// Settings of the connection, and the server's version.
    async fn settle(&self) -> Result<u32, Trouble> {
        let rows = self
            .run(&format!(
                "SET search_path = pg_catalog, pg_temp; SET statement_timeout = {STATEMENT_MILLIS_MAX}; \
                 SET lock_timeout = {LOCK_MILLIS_MAX}; \
                 SET idle_in_transaction_session_timeout = {SILENT_TRANSACTION_MILLIS_MAX}; \
                 SET client_min_messages = error; SELECT current_setting('server_version_num')"
            ))
            .await?;
        let version = rows.first().and_then(|row| row.first()).and_then(|text| text.parse().ok());
        match version {
            Some(version) if version >= VERSION_MIN => Ok(version),
            Some(_) => Err(Trouble::Old),
            None => Err(Trouble::Garbage),
        }
    }

    /// Sends statements in one message: one transaction, unless they say otherwise. The rows of all of them, an absent
    /// value as an empty text.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(super) async fn run(&self, statements: &str) -> Result<Vec<Vec<String>>, Trouble> {
        self.answer.renew();
        let messages = self.client.simple_query(statements).await.map_err(|error| Trouble::statement(&error))?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|place| row.get(place).unwrap_or_default().to_owned()).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// The server's `server_version_num`.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Whether nothing is known of its end.
    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    /// Whether the server answers on it.
    pub(super) async fn answers(&self) -> bool {
        self.answer.renew();
        matches!(tokio::time::timeout(CONNECT_MAX, self.client.check_connection()).await, Ok(Ok(())))
    }
}

/// How many bytes the other side may still send before it is asked something again.
#[derive(Debug, Clone)]
struct Allowance(Arc<AtomicUsize>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(ANSWER_BYTES_MAX)))
    }
}

impl Allowance {
    fn renew(&self) {
        self.0.store(ANSWER_BYTES_MAX, Ordering::Relaxed);
    }

    /// Takes from it; false when it is used up.
    fn take(&self, bytes: usize) -> bool {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.is_ok()
    }
}

/// A connection on which only so much comes in: what answers at the port may be no PostgreSQL at all.
struct Bounded {
    wire: Wire,
    answer: Allowance,
}

impl AsyncRead for Bounded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.wire).poll_read(cx, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) && !self.answer.take(buffer.filled().len() - before) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "more than was asked for")));
        }
        polled
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
