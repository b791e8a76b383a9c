//! Lists of revoked certificates that were made just now, one per ssh broker: hosts may ask often and all at once.

use std::collections::HashMap;

use bytes::Bytes;
use domain::{Name, Time};

/// A list as it is sent.
#[derive(Debug, Clone)]
pub struct KrlFile {
    /// The list, in OpenSSH's format.
    pub bytes: Bytes,
    /// A tag that changes with what it lists: an entity tag of HTTP's.
    pub tag: String,
}

/// By broker, with when it was made. Whoever holds it makes the next one.
pub(crate) type Krls = tokio::sync::Mutex<HashMap<Name, (Time, KrlFile)>>;
