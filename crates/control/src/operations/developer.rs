//! Developers: make known, give roles, lock out.

use domain::developer::{Disable, Register, SetRoles};
use domain::{Actor, Command, DeveloperId, Digest, Role, Roles};
use store::{Attachment, Person};

use super::sign_in::{SignedIn, login_digest};
use crate::error::Error;
use crate::limits::DISPLAY_NAME_CHARS_MAX;
use crate::plane::{Asker, ControlPlane};

/// What is told about a new developer.
#[derive(Debug, Clone)]
pub struct NewDeveloper {
    /// The sign-in name.
    pub login: String,
    /// The first password.
    pub password: String,
    /// The name to show; the sign-in name when absent.
    pub display_name: Option<String>,
    /// What they may do.
    pub roles: Roles,
}

/// Makes a developer known.
///
/// # Errors
/// When the asker is no administrator, the name is taken, or the password is too short.
pub async fn register(plane: &ControlPlane, asker: Asker, new: NewDeveloper) -> Result<DeveloperId, Error> {
    // The law checks again inside the append; asked here too so that a stranger cannot make us hash passwords.
    if asker.by != Actor::Bootstrap {
        may_manage_people(plane, asker)?;
    }
    let login_name: domain::Name = new.login.parse().map_err(Error::invalid)?;
    let display_name = new.display_name.unwrap_or_else(|| new.login.clone());
    if display_name.chars().count() > DISPLAY_NAME_CHARS_MAX || display_name.chars().any(char::is_control) {
        let text = format!("a display name has at most {DISPLAY_NAME_CHARS_MAX} characters and no line breaks");
        return Err(Error::Invalid(text));
    }
    let developer = plane.clock.developer_id();
    let login = login_digest(plane, login_name.as_str());
    let password_hash = plane.passwords.hash(new.password).await?;
    let login_name = login_name.as_str().to_owned();
    let person = Person { developer, login_name, display_name, password_hash };
    let command = Command::RegisterDeveloper(Register { developer, login, roles: new.roles });
    plane.propose_with(asker, command, vec![Attachment::Person(person.clone())]).await?;
    plane.people.insert(&person);
    Ok(developer)
}

/// Makes the first administrator known, by the one-time bootstrap token, and signs them in.
///
/// # Errors
/// When the token is wrong or spent.
pub async fn bootstrap(
    plane: &ControlPlane,
    request: domain::RequestId,
    token: &str,
    mut new: NewDeveloper,
) -> Result<SignedIn, Error> {
    let asker = Asker { by: Actor::Bootstrap, request };
    if !plane.view.read(|state| state.developers.is_empty()) {
        return Err(domain::Refusal::BootstrapSpent.into());
    }
    // Digests are compared, so the time taken says nothing about the token.
    let given = token.parse().ok().map(|token: domain::Token| token.digest());
    let expected = plane.bootstrap_token().map(|token| token.digest());
    if given.is_none() || given != expected {
        return Err(Error::Unauthenticated(
            "that is not this server's bootstrap token: it is printed when `writ serve` starts",
        ));
    }
    new.roles = Roles::from([Role::Admin, Role::Member]);
    let developer = register(plane, asker, new).await?;
    super::sign_in::start(plane, asker, developer).await
}

/// Replaces a developer's roles.
///
/// # Errors
/// When the asker is no administrator, or it would leave none.
pub async fn set_roles(plane: &ControlPlane, asker: Asker, key: &str, roles: Roles) -> Result<DeveloperId, Error> {
    may_manage_people(plane, asker)?;
    let developer = find(plane, key)?;
    plane.propose(asker, Command::SetRoles(SetRoles { developer, roles })).await?;
    Ok(developer)
}

/// Locks a developer out: every session is revoked and every sign-in ended in the same transaction.
///
/// # Errors
/// When the asker is no administrator, or it would leave none.
pub async fn disable(plane: &ControlPlane, asker: Asker, key: &str, reason: String) -> Result<DeveloperId, Error> {
    may_manage_people(plane, asker)?;
    let developer = find(plane, key)?;
    plane.propose(asker, Command::DisableDeveloper(Disable { developer, reason })).await?;
    Ok(developer)
}

/// Asked before anything is looked up, so that a refusal does not tell who exists.
pub(super) fn may_manage_people(plane: &ControlPlane, asker: Asker) -> Result<(), Error> {
    Ok(plane.view.read(|state| policy::authorize(state, asker.by, policy::ManagePeople).map(drop))?)
}

/// A developer by id or sign-in name.
///
/// # Errors
/// When there is none.
pub fn find(plane: &ControlPlane, key: &str) -> Result<DeveloperId, Error> {
    let login: Digest = login_digest(plane, key);
    let found = plane.view.read(|state| match key.parse::<DeveloperId>() {
        Ok(id) => state.developers.contains_key(&id).then_some(id),
        Err(_) => state.logins.get(&login).copied(),
    });
    found.ok_or_else(|| Error::not_found("developer", key))
}
