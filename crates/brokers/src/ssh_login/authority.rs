//! The broker's authority: a key that an operator brings or has made, kept among the broker's secrets.
//!
//! * `ca_seed`: 32 random bytes in base64, the seed of an Ed25519 key (RFC 8032, section 5.1.5); what [`generate_ssh_ca`]
//!   makes;
//! * `ca_key`: the file that `ssh-keygen -t ed25519` writes, without a passphrase.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::broker::Secrets;
use crate::open::SettingsError;
use crate::ssh::{LoginAuthority, SshKey};

/// Name of the secret that [`generate_ssh_ca`] makes.
pub const SSH_CA_SEED_SECRET: &str = "ca_seed";
const CA_KEY: &str = "ca_key";

/// A new authority for logging in: the value of the secret [`SSH_CA_SEED_SECRET`], from 32 random bytes that nothing else
/// uses. For an operator who brings none.
pub fn generate_ssh_ca(random: &Zeroizing<[u8; 32]>) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(random.as_slice()))
}

pub(super) fn read(secrets: &Secrets) -> Result<LoginAuthority, SettingsError> {
    let known = [SSH_CA_SEED_SECRET, CA_KEY];
    if let Some(other) = secrets.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(SettingsError::new(format!(
            "unknown secret `{other}`: this kind has `{SSH_CA_SEED_SECRET}` or `{CA_KEY}`"
        )));
    }
    let key = match (secrets.get(SSH_CA_SEED_SECRET), secrets.get(CA_KEY)) {
        (Some(seed), None) => from_seed(seed),
        (None, Some(file)) => {
            SshKey::from_openssh(file).map_err(|error| SettingsError::new(format!("secret `{CA_KEY}`: {error}")))
        }
        (None, None) => Err(SettingsError::new(format!(
            "the authority's key is missing: set the secret `{CA_KEY}` (a file of `ssh-keygen -t ed25519 -N ''`) or \
             `{SSH_CA_SEED_SECRET}` (32 random bytes in base64)"
        ))),
        (Some(_), Some(_)) => Err(SettingsError::new(format!(
            "the authority has one key: set `{CA_KEY}` or `{SSH_CA_SEED_SECRET}`, not both"
        ))),
    };
    key.map(LoginAuthority::new)
}

fn from_seed(base64: &str) -> Result<SshKey, SettingsError> {
    let wrong = || SettingsError::new(format!("secret `{SSH_CA_SEED_SECRET}`: expected 32 bytes in base64"));
    let bytes = Zeroizing::new(STANDARD.decode(base64.trim()).map_err(|_| wrong())?);
    let seed = bytes.as_slice().try_into().map_err(|_| wrong())?;
    SshKey::from_seed(seed).map_err(|_| wrong())
}
