//! The session's ssh-agents: the only holders of the session's private keys, which are never files.
//!
//! They speak as much of the agent protocol (draft-miller-ssh-agent) as stock clients need. [`Agent`] signs commits only:
//! its key is good for nothing else, whoever trusts its certificate. [`LoginAgent`] signs logins only.

mod login;
mod user_auth;

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brokers::ssh::{COMMIT_NAMESPACE, Certificate, Malformed, Reader, SshKey, Writer};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::family::Stranger;
use super::listen::Speaker;

pub(super) use login::{Asked, Certificates, Identity, LoginAgent};

/// Bytes of one request: what is signed is a digest, or a login with a certificate in it, so requests are far below.
const FRAME_BYTES_MAX: u32 = 16 * 1024;
/// How long a connection may be silent before, or in the middle of, a request.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// The certificate in force and, for a command that read its file just before a renewal, the one before.
const CERTIFICATES_KEPT: usize = 2;

// Message numbers, section 5.1.
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The key and its certificates. Cloning gives another handle on the same.
#[derive(Debug, Clone)]
pub(super) struct Agent(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    key: SshKey,
    certificates: Mutex<VecDeque<Certificate>>,
}

// === impl Agent ===

impl Agent {
    /// An agent without a certificate: it offers nothing yet.
    pub(super) fn new(key: SshKey) -> Self {
        Self(Arc::new(Inner { key, certificates: Mutex::default() }))
    }

    /// Offers this certificate from now on.
    pub(super) fn offer(&self, certificate: Certificate) {
        let mut certificates = self.0.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        certificates.push_front(certificate);
        certificates.truncate(CERTIFICATES_KEPT);
    }

    /// The answer to a request; none when it is not known, not ours or not for git.
    fn answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut reader = Reader::new(request);
        match reader.byte() {
            Ok(REQUEST_IDENTITIES) if reader.is_empty() => Some(self.identities()),
            Ok(SIGN_REQUEST) => self.sign(reader).ok().flatten(),
            _ => None,
        }
    }

    /// Section 4.4. The key without its certificate is not offered: its signatures would name nobody.
    fn identities(&self) -> Vec<u8> {
        let certificates = self.0.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        let count = u32::try_from(certificates.len()).unwrap_or(u32::MAX);
        let head = Writer::new().byte(IDENTITIES_ANSWER).u32(count);
        let all = certificates.iter().fold(head, |writer, certificate| {
            writer.string(certificate.blob()).string(certificate.session().to_string().as_bytes())
        });
        all.into_bytes()
    }

    /// Section 4.5.
    fn sign(&self, reader: Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
        let (key, data) = sign_request(reader)?;
        let is_ours = {
            let certificates = self.0.certificates.lock().unwrap_or_else(PoisonError::into_inner);
            certificates.iter().any(|certificate| certificate.blob() == key)
        };
        let signature = (is_ours && is_for_git(data)).then(|| self.0.key.sign(data));
        Ok(signature.map(|signature| Writer::new().byte(SIGN_RESPONSE).string(&signature).into_bytes()))
    }
}

/// Section 4.5: which key, and over what. Flags choose between RSA's hashes and mean nothing for our keys.
fn sign_request(mut reader: Reader<'_>) -> Result<(&[u8], &[u8]), Malformed> {
    let (key, data, _flags) = (reader.string()?, reader.string()?, reader.u32()?);
    reader.end()?;
    Ok((key, data))
}

/// Whether these bytes are what PROTOCOL.sshsig has signed, for git, whole and nothing else. The data of an SSH log-in
/// starts differently.
fn is_for_git(data: &[u8]) -> bool {
    let read = |mut reader: Reader<'_>| {
        let (magic, namespace, reserved) = (reader.take(6)?, reader.string()?, reader.string()?);
        let (hash, digest) = (reader.string()?, reader.string()?);
        reader.end()?;
        let is_digest = matches!((hash, digest.len()), (b"sha256", 32) | (b"sha512", 64));
        let is_git = magic == b"SSHSIG" && namespace == COMMIT_NAMESPACE.as_bytes();
        Ok::<_, Malformed>(is_git && reserved.is_empty() && is_digest)
    };
    read(Reader::new(data)) == Ok(true)
}

/// Whoever answers requests (both without their length).
trait Answers: Sync {
    /// The answer; none is a failure.
    fn answer(&self, request: &[u8]) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

impl Answers for Agent {
    async fn answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        Agent::answer(self, request)
    }
}

impl Answers for LoginAgent {
    async fn answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        LoginAgent::answer(self, request).await
    }
}

impl Speaker for Agent {
    async fn speak(self, _peer: Option<Pid>, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        converse(&self, stream).await;
    }

    async fn turn_away(self, _stranger: Stranger, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        refuse(stream).await;
    }
}

impl Speaker for LoginAgent {
    async fn speak(self, _peer: Option<Pid>, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        converse(&self, stream).await;
    }

    async fn turn_away(self, _stranger: Stranger, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        refuse(stream).await;
    }
}

/// Answers requests until the other side leaves, is silent for too long, or sends too much.
async fn converse(answers: &impl Answers, mut stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
    while let Ok(Some(request)) = tokio::time::timeout(SILENCE_MAX, read_frame(&mut stream)).await {
        let answer = answers.answer(&request).await.unwrap_or_else(|| vec![FAILURE]);
        let answer = Writer::new().string(&answer).into_bytes();
        if !matches!(tokio::time::timeout(SILENCE_MAX, stream.write_all(&answer)).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// A failure is all that the protocol can say.
async fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
    if read_frame(&mut stream).await.is_some() {
        let _ = stream.write_all(&Writer::new().string(&[FAILURE]).into_bytes()).await;
    }
}

/// One request without its length; none at the end, or when it is too long or cut.
async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let length = stream.read_u32().await.ok().filter(|&length| length <= FRAME_BYTES_MAX)?;
    let mut frame = vec![0; usize::try_from(length).ok()?];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

#[cfg(test)]
mod tests;
