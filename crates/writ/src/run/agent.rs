//! The session's ssh-agent: the only holder of the session's private key, which is never a file.
//!
//! Speaks as much of the agent protocol (draft-miller-ssh-agent) as stock git's signing needs, and signs commits only:
//! the key is good for nothing else, whoever trusts its certificate.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brokers::ssh::{COMMIT_NAMESPACE, Certificate, Malformed, Reader, SshKey, Writer};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::family::Stranger;
use super::listen::Speaker;

/// Bytes of one request: a commit's signature covers a digest, so requests are far below.
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

    /// The answer to a request (both without their length). What is not known, not ours or not for git is a failure.
    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let mut reader = Reader::new(request);
        let answered = match reader.byte() {
            Ok(REQUEST_IDENTITIES) if reader.is_empty() => Some(self.identities()),
            Ok(SIGN_REQUEST) => self.sign(reader).ok().flatten(),
            _ => None,
        };
        answered.unwrap_or_else(|| vec![FAILURE])
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

    /// Section 4.5. Flags choose between RSA's hashes and mean nothing for this key.
    fn sign(&self, mut reader: Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
        let (key, data, _flags) = (reader.string()?, reader.string()?, reader.u32()?);
        reader.end()?;
        let is_ours = {
            let certificates = self.0.certificates.lock().unwrap_or_else(PoisonError::into_inner);
            certificates.iter().any(|certificate| certificate.blob() == key)
        };
        let signature = (is_ours && is_for_git(data)).then(|| self.0.key.sign(data));
        Ok(signature.map(|signature| Writer::new().byte(SIGN_RESPONSE).string(&signature).into_bytes()))
    }
}

/// Whether these bytes are what PROTOCOL.sshsig has signed, for git. The data of an SSH log-in starts differently.
fn is_for_git(data: &[u8]) -> bool {
    let mut reader = Reader::new(data);
    let magic = reader.take(6);
    magic == Ok(b"SSHSIG") && reader.string() == Ok(COMMIT_NAMESPACE.as_bytes())
}

impl Speaker for Agent {
    /// Answers requests until the other side leaves, is silent for too long, or sends too much.
    async fn speak(self, _peer: Option<Pid>, mut stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        while let Ok(Some(request)) = tokio::time::timeout(SILENCE_MAX, read_frame(&mut stream)).await {
            let answer = Writer::new().string(&self.answer(&request)).into_bytes();
            if !matches!(tokio::time::timeout(SILENCE_MAX, stream.write_all(&answer)).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// A failure is all that the protocol can say.
    async fn turn_away(self, _stranger: Stranger, mut stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        if read_frame(&mut stream).await.is_some() {
            let _ = stream.write_all(&Writer::new().string(&[FAILURE]).into_bytes()).await;
        }
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
