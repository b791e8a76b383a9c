//! Developers: make known, give roles, lock out, erase.

use domain::developer::{Disable, Erase, Register, SetRoles};
use domain::{Actor, Command, DeveloperId, Role, Roles};
use store::{Attachment, Person};

use super::sign_in::{SignedIn, login_digest};
use crate::error::Error;
use crate::people::Identity;
use crate::plane::{Asker, ControlPlane};
use crate::seam;

/// What is told about a new developer.
#[derive(Debug, Clone)]
pub struct NewDeveloper {
    /// The sign-in name.
    pub login: String,
    /// The first password.
    pub password: String,
    /// The name to show; the sign-in name when absent.
    pub display_name: Option<String>,
    /// Where to write to them.
    pub email: Option<String>,
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
    let identity = Identity::new(&new.login.parse().map_err(Error::invalid)?, new.display_name, new.email)?;
    let developer = plane.clock.developer_id();
    let login = login_digest(plane, &identity.login_name);
    let password_hash = plane.passwords.hash(new.password).await?;
    // On disk before the entry: a person that nobody could open must not be.
    let keys = plane.people.keys().clone();
    let key = keys.clone().off_thread(move |keys| keys.make(developer, &seam::random())).await.map_err(not_kept)?;
    let sealed = key.seal(developer, seam::random(), &identity).map_err(not_kept)?;
    let command =
        Command::RegisterDeveloper(Register { developer, identity: key.commitment(&sealed), roles: new.roles });
    let person = Person { developer, login, sealed, password_hash };
    let written = plane.propose_with(asker, command, vec![Attachment::Person(person)]).await;
    if matches!(written, Err(Error::Refused(_))) {
        // Nobody's key. One that stays behind opens nothing.
        let _ = keys.off_thread(move |keys| keys.destroy(developer)).await;
    }
    written?;
    plane.people.insert(developer, identity);
    Ok(developer)
}

fn not_kept(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("the person's key cannot be kept: {error}"))
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
    let developer = find(plane, key).await?;
    plane.propose(asker, Command::SetRoles(SetRoles { developer, roles })).await?;
    Ok(developer)
}

/// Locks a developer out: every session is revoked and every sign-in ended in the same transaction.
///
/// # Errors
/// When the asker is no administrator, or it would leave none.
pub async fn disable(plane: &ControlPlane, asker: Asker, key: &str, reason: String) -> Result<DeveloperId, Error> {
    may_manage_people(plane, asker)?;
    let developer = find(plane, key).await?;
    plane.propose(asker, Command::DisableDeveloper(Disable { developer, reason })).await?;
    Ok(developer)
}

/// Destroys who a developer is: the entry, the sealed row in the same transaction, then the key. Locks them out for good.
/// Asked again, it finishes what a failure left undone.
///
/// # Errors
/// When the asker is no administrator, or it would leave none. [`Error::Unavailable`] also when the entry is written but
/// the key could not be destroyed: every look at the log tries that again.
pub async fn erase(plane: &ControlPlane, asker: Asker, key: &str) -> Result<DeveloperId, Error> {
    may_manage_people(plane, asker)?;
    let developer = find(plane, key).await?;
    plane.propose(asker, Command::EraseDeveloper(Erase { developer })).await?;
    let erased_at = plane.view.read(|state| state.developers.get(&developer).and_then(|known| known.erased_at));
    let now = plane.clock.now();
    let forgotten = plane.people.forget(developer, erased_at.unwrap_or(now), now).await;
    forgotten.map_err(|error| Error::Unavailable(format!("erased, but the key is not destroyed yet: {error}")))?;
    plane.store.checkpoint().await?;
    Ok(developer)
}

/// Asked before anything is looked up, so that a refusal does not tell who exists.
pub(super) fn may_manage_people(plane: &ControlPlane, asker: Asker) -> Result<(), Error> {
    Ok(plane.view.read(|state| policy::authorize(state, asker.by, policy::ManagePeople).map(drop))?)
}

/// A developer by id or sign-in name, if there is one.
///
/// # Errors
/// When the store cannot be asked.
pub(crate) async fn known(plane: &ControlPlane, key: &str) -> Result<Option<DeveloperId>, Error> {
    match find(plane, key).await {
        Err(Error::NotFound { .. }) => Ok(None),
        found => found.map(Some),
    }
}

/// A developer by id or sign-in name; one that is erased by id or stand-in name.
///
/// # Errors
/// When there is none, or the store is away.
pub async fn find(plane: &ControlPlane, key: &str) -> Result<DeveloperId, Error> {
    let found = match key.parse::<DeveloperId>() {
        Ok(id) => plane.view.read(|state| state.developers.contains_key(&id).then_some(id)),
        Err(_) => {
            let person = plane.store.person_by_login(&login_digest(plane, key)).await?;
            person.map(|person| person.developer).or_else(|| plane.people.erased(key))
        }
    };
    found.ok_or_else(|| Error::not_found("developer", key))
}
