//! What a client has signed to log in: RFC 4252, section 7, and OpenSSH's variant that names the host's key as well
//! (PROTOCOL, "publickey-hostbound-v00@openssh.com").

use brokers::ssh::{CERTIFICATE_ALGORITHM, Malformed, Reader};

/// `SSH_MSG_USERAUTH_REQUEST`.
const USERAUTH_REQUEST: u8 = 50;
const SERVICE: &[u8] = b"ssh-connection";
const PLAIN: &[u8] = b"publickey";
const HOST_BOUND: &[u8] = b"publickey-hostbound-v00@openssh.com";
/// Bytes of a session identifier: a digest of the key exchange, SHA-1 to SHA-512.
const SESSION_ID_BYTES: std::ops::RangeInclusive<usize> = 20..=64;
/// Bytes of an account's name: longer than any system allows.
const USER_BYTES_MAX: usize = 256;

/// Whether these bytes are a request to log in with this certificate, whole and nothing else.
pub(super) fn is_login(data: &[u8], certificate: &[u8]) -> bool {
    matches!(read(Reader::new(data), certificate), Ok(true))
}

fn read(mut reader: Reader<'_>, certificate: &[u8]) -> Result<bool, Malformed> {
    let session = reader.string()?;
    let message = reader.byte()?;
    let _user = reader.text(USER_BYTES_MAX)?;
    let (service, method) = (reader.string()?, reader.string()?);
    let (has_signature, algorithm, key) = (reader.byte()?, reader.string()?, reader.string()?);
    if method == HOST_BOUND {
        let host_key = reader.string()?;
        // A key starts with the name of its kind.
        Reader::new(host_key).string()?;
    }
    reader.end()?;
    Ok(SESSION_ID_BYTES.contains(&session.len())
        && message == USERAUTH_REQUEST
        && service == SERVICE
        && (method == PLAIN || method == HOST_BOUND)
        && has_signature == 1
        && algorithm == CERTIFICATE_ALGORITHM.as_bytes()
        && key == certificate)
}
