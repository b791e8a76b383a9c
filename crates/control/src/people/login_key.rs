//! The key under which sign-in names are digested: made once per installation, shared by its processes.
//!
//! The database remembers which it was: with another one nobody could sign in, and names that are taken could be taken
//! again.

use brokers::DigestKey;
use store::Store;

use crate::keys::KeysFolder;
use crate::seam;

const FILE: &str = "login.key";
/// Under which the database remembers a digest that only this key makes.
const NAME: &str = "login-key-mark";

/// The key in the folder; made when neither the folder nor the database knows of one.
///
/// # Errors
/// A text for the operator when the folder has no key, or another one, for a database that was begun with one.
pub(crate) async fn open(store: &Store, keys: &KeysFolder) -> Result<DigestKey, String> {
    let unusable = |error: std::io::Error| format!("`{FILE}`: {error}");
    let known = store.get_secret(NAME).await.map_err(|error| error.to_string())?;
    let bytes = match known {
        Some(_) => keys.read(FILE).map_err(unusable)?.ok_or_else(|| other(keys))?,
        None => keys.read_or_write(FILE, &seam::random::<32>()).map_err(unusable)?,
    };
    let secret: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| format!("`{FILE}` has not got 32 bytes"))?;
    let key = DigestKey::new(secret);
    let mark = key.digest(b"the key that this database belongs to");
    let known = store.put_secret_if_absent(NAME, &mark).await.map_err(|error| error.to_string())?;
    if known == mark { Ok(key) } else { Err(other(keys)) }
}

fn other(keys: &KeysFolder) -> String {
    let path = keys.path().display();
    format!(
        "`{path}` is not the folder of keys that this database was made with (`{FILE}`): name that one, or restore it \
         from its backup"
    )
}
