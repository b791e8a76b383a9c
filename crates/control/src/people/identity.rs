//! What is sealed: who a person is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::limits::{DISPLAY_NAME_CHARS_MAX, EMAIL_BYTES_MAX};

/// Who a developer is, in the clear: never in an entry, a table, a log line or an error. `Debug` hides all of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What they type to sign in.
    pub login_name: String,
    /// What to call them.
    pub display_name: String,
    /// Where to write to them, and the principal of certificates.
    pub email: Option<String>,
}

impl Identity {
    /// Checks what an administrator typed.
    ///
    /// # Errors
    /// A name or an address that cannot be one.
    pub fn new(login_name: &domain::Name, display_name: Option<String>, email: Option<String>) -> Result<Self, Error> {
        let login_name = login_name.as_str().to_owned();
        if login_name.starts_with(super::ERASED_PREFIX) {
            return Err(Error::invalid("names that start with `erased-` stand for people who were erased"));
        }
        let display_name = display_name.unwrap_or_else(|| login_name.clone());
        if display_name.chars().count() > DISPLAY_NAME_CHARS_MAX || display_name.chars().any(char::is_control) {
            let text = format!("a display name has at most {DISPLAY_NAME_CHARS_MAX} characters and no line breaks");
            return Err(Error::Invalid(text));
        }
        if email.as_deref().is_some_and(|email| !is_email(email)) {
            let text =
                format!("an e-mail address looks like `name@example.com` and has at most {EMAIL_BYTES_MAX} bytes");
            return Err(Error::Invalid(text));
        }
        Ok(Self { login_name, display_name, email })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// One `@` with something on both sides, nothing that a list of principals or a header would take for a separator.
/// Whether it can be written to is for a mail server to say.
fn is_email(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b':' | b'<' | b'>' | b'"' | b'\\');
    let sides = text.split_once('@');
    let both = sides.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    both && text.len() <= EMAIL_BYTES_MAX && text.bytes().all(plain)
}
