//! A way to a PostgreSQL server: TCP, and TLS as its own protocol asks for it. The broker takes it to make roles, and a
//! launcher to use them.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::limits::{CA_BYTES_MAX, CONNECT_MAX, HOST_BYTES_MAX};
use crate::open::SettingsError;

/// How a connection is protected, as libpq calls it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sslmode {
    /// TLS; the server shows a certificate that is trusted and names the host.
    #[default]
    VerifyFull,
    /// None; on this machine only.
    Disable,
}

/// Where a target is and how to get there: what a launcher is told, nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// How the connection is protected.
    #[serde(default)]
    pub sslmode: Sslmode,
    /// Roots to trust instead of the machine's own, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// A server that can be dialled. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    host: Arc<str>,
    port: u16,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// A connection on which the start-up message comes next.
#[derive(Debug)]
pub enum Wire {
    /// Unprotected, on this machine.
    Plain(TcpStream),
    /// Protected.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Why there is no connection: one sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct DialError {
    /// What happened and what to do.
    pub text: String,
    /// Whether it may be otherwise later, with the same settings.
    pub may_pass: bool,
}

/// SSLRequest: its length and its code (the protocol's "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

impl Server {
    /// A server at an address. Nothing is contacted.
    ///
    /// # Errors
    /// The host is no host, the certificates are none, or the connection would be unprotected beyond this machine.
    pub fn new(host: &str, port: u16, sslmode: Sslmode, ca: Option<&str>) -> Result<Self, SettingsError> {
        let strange = || SettingsError::new("`host` is a name or an address, such as db.example.com");
        if host.is_empty() || host.len() > HOST_BYTES_MAX || port == 0 {
            return Err(strange());
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| strange())?;
        let tls = match sslmode {
            Sslmode::VerifyFull => Some((Arc::new(client_config(ca)?), name)),
            Sslmode::Disable if is_here(host) => None,
            Sslmode::Disable => {
                return Err(SettingsError::new(
                    "`sslmode` `disable` is for localhost only: everybody on the way could read and change what is sent",
                ));
            }
        };
        Ok(Self { host: host.into(), port, tls })
    }

    /// Connects, within a few seconds.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn dial(&self) -> Result<Wire, DialError> {
        match tokio::time::timeout(CONNECT_MAX, self.connect()).await {
            Ok(dialled) => dialled,
            Err(_) => Err(self.away(&format!("does not answer within {} s", CONNECT_MAX.as_secs()))),
        }
    }

    async fn connect(&self) -> Result<Wire, DialError> {
        let tcp = TcpStream::connect((&*self.host, self.port)).await;
        let mut tcp = tcp.map_err(|error| self.away(&format!("cannot be reached: {}", reason(&error))))?;
        // Small messages to and fro: waiting to fill packets would only slow them.
        let _ = tcp.set_nodelay(true);
        let Some((config, name)) = &self.tls else {
            return Ok(Wire::Plain(tcp));
        };
        let answer = async {
            tcp.write_all(&SSL_REQUEST).await?;
            tcp.read_u8().await
        };
        match answer.await {
            Ok(b'S') => {}
            Ok(b'N') => return Err(self.wrong("speaks no TLS: set `ssl = on` and a certificate there")),
            Ok(_) => return Err(self.wrong("does not speak PostgreSQL's protocol: check `host` and `port`")),
            Err(error) => return Err(self.away(&format!("closed the connection: {}", reason(&error)))),
        }
        let connector = TlsConnector::from(Arc::clone(config));
        let tls = connector.connect(name.clone(), tcp).await;
        tls.map(|stream| Wire::Tls(Box::new(stream))).map_err(|error| self.tls_failed(&error))
    }

    fn tls_failed(&self, error: &io::Error) -> DialError {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(why)) => self.wrong(&format!(
                "shows a certificate that is not accepted ({}): check `host`, or name its root in `ca`",
                certificate_trouble(why)
            )),
            Some(_) => self.wrong("cannot agree on TLS with writ"),
            None => self.away(&format!("broke off the TLS handshake: {}", reason(error))),
        }
    }

    fn away(&self, what: &str) -> DialError {
        DialError { text: self.says(what), may_pass: true }
    }

    fn wrong(&self, what: &str) -> DialError {
        DialError { text: self.says(what), may_pass: false }
    }

    /// A sentence about this server.
    pub(super) fn says(&self, what: &str) -> String {
        format!("the PostgreSQL server {}:{} {what}", self.host, self.port)
    }
}

impl Endpoint {
    /// The server there.
    ///
    /// # Errors
    /// As [`Server::new`].
    pub fn server(&self) -> Result<Server, SettingsError> {
        Server::new(&self.host, self.port, self.sslmode, self.ca.as_deref())
    }
}

/// Whether a host is this machine, whatever its resolver says.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Roots: those given, or else the machine's own and the bundled ones (slim containers have none).
fn client_config(ca: Option<&str>) -> Result<ClientConfig, SettingsError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(pem) => add_roots(&mut roots, pem)?,
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| SettingsError::new("TLS cannot be set up on this machine"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn add_roots(roots: &mut RootCertStore, pem: &str) -> Result<(), SettingsError> {
    let strange = || SettingsError::new("`ca` is one or more certificates as PEM (-----BEGIN CERTIFICATE-----)");
    if pem.len() > CA_BYTES_MAX {
        return Err(SettingsError::new(format!("`ca` has more than {CA_BYTES_MAX} bytes")));
    }
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|_| strange())?).map_err(|_| strange())?;
    }
    if roots.is_empty() { Err(strange()) } else { Ok(()) }
}

fn certificate_trouble(error: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as Trouble;
    match error {
        Trouble::Expired | Trouble::ExpiredContext { .. } => "it has expired",
        Trouble::NotValidYet | Trouble::NotValidYetContext { .. } => "it is not valid yet",
        Trouble::NotValidForName | Trouble::NotValidForNameContext { .. } => "it is for another host",
        Trouble::UnknownIssuer => "its root is not trusted",
        _ => "it is not in order",
    }
}

/// What happened to a connection, in words that are the same everywhere.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it was closed by the other side".to_owned(),
        kind => kind.to_string(),
    }
}

// === impl Wire ===

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests;
