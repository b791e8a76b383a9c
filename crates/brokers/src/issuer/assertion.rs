//! What the installation says of itself, to get a key of its own from who federates with it (RFC 7523, section 3). It is
//! about no session.

use domain::Time;
use serde::Serialize;

use super::{Issuer, IssuerError, jwt};

/// What an assertion says.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// Who the relying party sees, the same for ever.
    pub subject: &'a str,
    /// Who is to accept it, compared byte for byte.
    pub audience: &'a str,
    /// Its name, never used twice.
    pub id: &'a str,
    /// When it is issued, and from when it counts; rounded down to a second.
    pub issued_at: Time,
    /// Until when it counts; rounded down to a second.
    pub expires_at: Time,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: &'a str,
}

impl Issuer {
    /// Signs an assertion: a JWT in compact form, about 700 bytes with RS256.
    ///
    /// # Errors
    /// It would never count, or the key failed.
    pub fn assertion(&self, assertion: &Assertion<'_>) -> Result<String, IssuerError> {
        let (iat, exp) = (assertion.issued_at.unix_seconds(), assertion.expires_at.unix_seconds());
        if exp <= iat {
            return Err(IssuerError::Expiry);
        }
        let Assertion { subject: sub, audience: aud, id: jti, .. } = *assertion;
        let claims = Claims { iss: self.address(), sub, aud, iat, nbf: iat, exp, jti };
        jwt::sign(self.key(), None, &claims).ok_or(IssuerError::Sign)
    }
}
