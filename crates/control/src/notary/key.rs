//! The log's key: made once per installation, shared by its processes, and named in the database so that none of them
//! signs with another.

use ledger::Signer;
use store::Store;

use super::NotaryError;
use crate::keys::KeysFolder;
use crate::seam;

const FILE: &str = "log.key";
/// Under which the database remembers the public half.
const NAME: &str = "log-verifier-key";

/// The key in the folder; made, with this origin, when neither the folder nor the database knows of one.
///
/// # Errors
/// The folder has no key, or another one, for a log that was begun with one.
pub(crate) async fn open_key(store: &Store, keys: &KeysFolder, origin: &str) -> Result<Signer, NotaryError> {
    let known = store.get_secret(NAME).await?;
    let signer = match (read(keys)?, &known) {
        (Some(signer), _) => signer,
        (None, Some(known)) => return Err(missing(keys, known)),
        (None, None) => make(keys, origin)?,
    };
    let public = signer.verifier_key().to_string();
    let known = store.put_secret_if_absent(NAME, public.as_bytes()).await?;
    if known == public.as_bytes() { Ok(signer) } else { Err(missing(keys, &known)) }
}

fn read(keys: &KeysFolder) -> Result<Option<Signer>, NotaryError> {
    let Some(bytes) = keys.read(FILE).map_err(unreadable)? else { return Ok(None) };
    let text = str::from_utf8(&bytes).map_err(|_| NotaryError::Keys(format!("`{FILE}` is not text")))?;
    let signer = Signer::from_private_key(text.trim_end());
    signer.map(Some).map_err(|error| NotaryError::Keys(format!("`{FILE}`: {error}")))
}

/// Of two processes that make one at the same moment the first wins.
fn make(keys: &KeysFolder, origin: &str) -> Result<Signer, NotaryError> {
    let signer = Signer::from_seed(origin, &seam::random()).map_err(|error| NotaryError::Keys(error.to_string()))?;
    keys.write_new(FILE, format!("{}\n", *signer.to_private_key()).as_bytes()).map_err(unreadable)?;
    read(keys)?.ok_or_else(|| NotaryError::Keys(format!("`{FILE}` vanished as soon as it was made")))
}

fn missing(keys: &KeysFolder, known: &[u8]) -> NotaryError {
    let (path, known) = (keys.path().display(), String::from_utf8_lossy(known));
    NotaryError::Keys(format!(
        "this log is signed with the key {known}, which is not in `{path}`: processes of one installation share the \
         folder, so copy `{FILE}` there from the one that was started first"
    ))
}

fn unreadable(error: std::io::Error) -> NotaryError {
    NotaryError::Keys(format!("`{FILE}`: {error}"))
}
