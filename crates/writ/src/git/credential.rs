//! What git says to a credential helper, and what it is told: gitcredentials(7) and git-credential(1), "INPUT/OUTPUT
//! FORMAT".

use zeroize::Zeroizing;

use super::remotes::Auth;

/// What git asks about, or what it tells.
#[derive(Default)]
pub(crate) struct Asked {
    /// How it speaks to the server: `https`.
    pub(crate) protocol: String,
    /// The server, with its port where it is not the usual one.
    pub(crate) host: String,
    /// The repository; there with `credential.useHttpPath` only.
    pub(crate) path: Option<String>,
    /// Whether it takes other schemes than `Basic` (git 2.46).
    offers_authtype: bool,
    /// The password or the token that the server refused, when it tells.
    secret: Option<Zeroizing<String>>,
}

/// What a helper gives.
pub(crate) struct Reply<'a> {
    /// How the server takes the token.
    pub(crate) auth: Auth,
    /// The name that goes with it as a password.
    pub(crate) username: &'a str,
    /// The token.
    pub(crate) token: &'a str,
    /// Until when it is good, by this machine's clock, in seconds of Unix time.
    pub(crate) expires_at: i64,
}

/// Why nothing can be read or told: a sentence without a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtocolError {
    /// A line has no `=`, or there is no server.
    #[error("git's question is not understood")]
    Strange,
    /// A value has an end of line in it.
    #[error("the credential has characters that git does not take")]
    Unprintable,
}

// === impl Asked ===

impl Asked {
    /// Reads it: lines of `key=value` up to an empty line or the end. Keys that are not known are left out.
    ///
    /// # Errors
    /// [`ProtocolError::Strange`].
    pub(crate) fn read(text: &str) -> Result<Self, ProtocolError> {
        let mut asked = Self::default();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let (key, value) = line.split_once('=').ok_or(ProtocolError::Strange)?;
            match key {
                "protocol" => value.clone_into(&mut asked.protocol),
                "host" => value.clone_into(&mut asked.host),
                "path" => asked.path = Some(value.to_owned()),
                "capability[]" => asked.offers_authtype |= value == "authtype",
                "password" | "credential" => asked.secret = Some(Zeroizing::new(value.to_owned())),
                _ => {}
            }
        }
        if asked.protocol.is_empty() || asked.host.is_empty() { Err(ProtocolError::Strange) } else { Ok(asked) }
    }

    /// Whether it is about this token.
    pub(crate) fn is_about(&self, token: &str) -> bool {
        self.secret.as_ref().is_some_and(|secret| secret.as_str() == token)
    }

    /// The answer. Where git and the server take a token as it is, it is told so, and that nobody is to keep it; else the
    /// token is a password.
    ///
    /// # Errors
    /// [`ProtocolError::Unprintable`].
    pub(crate) fn answer(&self, reply: &Reply<'_>) -> Result<Zeroizing<String>, ProtocolError> {
        let Reply { auth, username, token, expires_at } = reply;
        if token.is_empty() || [username, token].iter().any(|text| text.chars().any(char::is_control)) {
            return Err(ProtocolError::Unprintable);
        }
        Ok(Zeroizing::new(match auth {
            Auth::Bearer if self.offers_authtype => format!(
                "capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1\npassword_expiry_utc={expires_at}\n"
            ),
            _ => format!("username={username}\npassword={token}\npassword_expiry_utc={expires_at}\n"),
        }))
    }
}

#[cfg(test)]
mod tests;
