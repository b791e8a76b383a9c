//! Sign-ins. An identity comes from an issuer; the one there is now is the table of local accounts.

use domain::sign_in::{SignIn, SignOut};
use domain::{Actor, Command, DeveloperId, Digest, SignInId, Time, Token, TokenKind};

use crate::error::Error;
use crate::plane::{Asker, ControlPlane};
use crate::seam;

/// A fresh sign-in. The token is shown once.
#[derive(Debug)]
pub struct SignedIn {
    /// Its id.
    pub sign_in: SignInId,
    /// Who signed in.
    pub developer: DeveloperId,
    /// The secret.
    pub token: Token,
    /// When it ends by itself.
    pub expires_at: Time,
}

const WRONG: &str = "wrong sign-in name or password";

/// Signs a developer in by local password.
///
/// # Errors
/// When name or password is wrong (the text does not say which), or too many were wrong lately.
pub async fn by_password(
    plane: &ControlPlane,
    request: domain::RequestId,
    login: &str,
    password: String,
) -> Result<SignedIn, Error> {
    let login = login_digest(plane, login);
    let person = plane.store.person_by_login(&login).await?;
    let stored = person.as_ref().map(|person| person.password_hash.clone());
    let right = plane.passwords.verify(login, password, stored, plane.clock.now()).await?;
    let Some(person) = person.filter(|_| right) else { return Err(Error::Unauthenticated(WRONG)) };
    start(plane, Asker { by: Actor::Developer(person.developer), request }, person.developer).await
}

/// Starts a sign-in for somebody whose identity is established.
pub(crate) async fn start(plane: &ControlPlane, asker: Asker, developer: DeveloperId) -> Result<SignedIn, Error> {
    let (sign_in, token) = (plane.clock.sign_in_id(), seam::token(TokenKind::SignIn));
    let command = Command::SignIn(SignIn { sign_in, developer, token: token.digest() });
    let receipt = plane.propose(asker, command).await?;
    Ok(SignedIn { sign_in, developer, token, expires_at: receipt.at + domain::limits::SIGN_IN_TTL })
}

/// Ends a sign-in.
///
/// # Errors
/// When it is unknown or somebody else's.
pub async fn end(plane: &ControlPlane, asker: Asker, sign_in: SignInId) -> Result<(), Error> {
    plane.propose(asker, Command::SignOut(SignOut { sign_in })).await?;
    Ok(())
}

/// The keyed digest under which a sign-in name is known to the log.
pub fn login_digest(plane: &ControlPlane, login: &str) -> Digest {
    Digest::from_bytes(plane.login_key.digest(login.as_bytes()))
}
