//! Syslog: RFC 5424 messages whose text is the OCSF event, over TCP or TLS with octet counting (RFC 6587 section 3.4.1,
//! RFC 5425), UDP (RFC 5426) or a unix datagram socket.
//!
//! Syslog has no receipts. What was written into a connection that then breaks may be lost; everything since the last
//! whole batch is sent again.

use std::pin::Pin;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::sink::{Failure, FailureKind};
use super::{Line, ocsf};
use crate::limits::{EXPORT_DATAGRAM_BYTES_MAX, EXPORT_REQUEST_MAX};
use crate::text;

/// Facility 13, log audit (RFC 5424, table 1).
const FACILITY: u8 = 13;
/// Characters of a message's host name (RFC 5424, section 6).
const HOST_CHARS_MAX: usize = 255;

/// Where syslog goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogAddress {
    /// `tcp://host:port`, on loopback only.
    Tcp(String),
    /// `tls://host:port`.
    Tls(String),
    /// `udp://host:port`, on loopback only.
    Udp(String),
    /// `unix:/path`, a datagram socket such as `/dev/log`.
    Unix(String),
}

/// A receiver of syslog.
pub(crate) struct Syslog {
    address: SyslogAddress,
    tls: Option<TlsConnector>,
    connection: Option<Connection>,
}

enum Connection {
    Stream(Box<dyn Stream>),
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

impl std::str::FromStr for SyslogAddress {
    type Err = String;

    /// # Errors
    /// Not an address, or one that would send in the clear to another machine.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an address such as `tls://siem.example.com:6514` or `unix:/dev/log`");
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Self::Unix(path.to_owned())) } else { Err(wrong()) };
        }
        let (scheme, place) = text.split_once("://").ok_or_else(wrong)?;
        let place: http::uri::Authority = place.parse().map_err(|_| wrong())?;
        if place.port().is_none() || place.as_str().contains('@') {
            return Err(wrong());
        }
        let local = gateway::is_loopback(place.host());
        match scheme {
            "tls" => Ok(Self::Tls(place.to_string())),
            "tcp" | "udp" if !local => {
                Err(format!("`{text}` is plain {scheme} to another machine; use tls:// or a relay on this one"))
            }
            "tcp" => Ok(Self::Tcp(place.to_string())),
            "udp" => Ok(Self::Udp(place.to_string())),
            _ => Err(wrong()),
        }
    }
}

impl Syslog {
    pub(crate) fn new(address: &SyslogAddress) -> Result<Self, String> {
        let tls = match address {
            SyslogAddress::Tls(_) => {
                let config = gateway::client_tls().map_err(|error| error.to_string())?;
                Some(TlsConnector::from(Arc::new(config)))
            }
            _ => None,
        };
        Ok(Self { address: address.clone(), tls, connection: None })
    }

    pub(crate) async fn deliver(&mut self, origin: &str, lines: &[Line]) -> Result<(), Failure> {
        let sent = timeout(EXPORT_REQUEST_MAX, self.send(origin, lines)).await;
        let sent = sent.unwrap_or_else(|_| Err(Failure::new(FailureKind::Away, "the receiver takes nothing")));
        if sent.is_err() {
            self.connection = None;
        }
        sent
    }

    async fn send(&mut self, origin: &str, lines: &[Line]) -> Result<(), Failure> {
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.connect().await.map_err(|error| away(&error))?,
        };
        match &mut connection {
            Connection::Stream(stream) => {
                let frames: Vec<u8> = lines.iter().flat_map(|line| frame(&message(origin, line))).collect();
                stream.write_all(&frames).await.map_err(|error| away(&error))?;
                stream.flush().await.map_err(|error| away(&error))?;
            }
            Connection::Udp(socket) => {
                for line in lines {
                    let datagram = datagram(origin, line)?;
                    socket.send(&datagram).await.map_err(|error| away(&error))?;
                }
            }
            Connection::Unix(socket) => {
                for line in lines {
                    let datagram = datagram(origin, line)?;
                    socket.send(&datagram).await.map_err(|error| away(&error))?;
                }
            }
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// The connection, if the other side did not close it.
    async fn reuse(&mut self) -> Option<Connection> {
        let mut connection = self.connection.take()?;
        connection.is_open().await.then_some(connection)
    }

    async fn connect(&self) -> std::io::Result<Connection> {
        match &self.address {
            SyslogAddress::Tcp(place) => Ok(Connection::Stream(Box::new(TcpStream::connect(place.as_str()).await?))),
            SyslogAddress::Tls(place) => {
                let host = place.rsplit_once(':').map_or(place.as_str(), |(host, _)| host);
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
                let tls = self.tls.as_ref().ok_or_else(|| std::io::Error::other("no TLS was set up"))?;
                let tcp = TcpStream::connect(place.as_str()).await?;
                Ok(Connection::Stream(Box::new(tls.connect(name, tcp).await?)))
            }
            SyslogAddress::Udp(place) => {
                let any = if place.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(place.as_str()).await?;
                Ok(Connection::Udp(socket))
            }
            SyslogAddress::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                Ok(Connection::Unix(socket))
            }
        }
    }
}

impl Connection {
    /// A receiver says nothing, so whatever can be read is the end of the connection.
    async fn is_open(&mut self) -> bool {
        let Self::Stream(stream) = self else { return true };
        let mut byte = [0_u8; 1];
        let mut read = Box::pin(stream.read(&mut byte));
        std::future::poll_fn(|context| {
            let ready = Pin::new(&mut read).poll(context).is_ready();
            std::task::Poll::Ready(!ready)
        })
        .await
    }
}

/// `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID - MSG` (RFC 5424, section 6).
pub fn message(origin: &str, line: &Line) -> String {
    let event = ocsf::event(origin, line);
    let level = match ocsf::severity(origin, line) {
        0 | 1 => 6, // informational
        2 => 5,     // notice
        _ => 4,     // warning
    };
    let host: String = origin.chars().filter(char::is_ascii_graphic).take(HOST_CHARS_MAX).collect();
    let (time, node, kind) = (text::rfc3339(line.entry.time), line.entry.node, line.kind());
    format!("<{}>1 {time} {host} writ {node} {kind} - {event}", FACILITY * 8 + level)
}

/// `LENGTH SP MESSAGE`.
fn frame(message: &str) -> Vec<u8> {
    format!("{} {message}", message.len()).into_bytes()
}

fn datagram(origin: &str, line: &Line) -> Result<Vec<u8>, Failure> {
    let message = message(origin, line).into_bytes();
    if message.len() > EXPORT_DATAGRAM_BYTES_MAX {
        let what = format!("{} bytes do not fit a datagram: use tcp or tls", message.len());
        return Err(Failure::new(FailureKind::Refused, what));
    }
    Ok(message)
}

fn away(error: &std::io::Error) -> Failure {
    Failure::new(FailureKind::Away, error.to_string())
}

#[cfg(test)]
mod tests;
